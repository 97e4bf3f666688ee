"""`[[models]]` of a suite file: architectures described there, and models with arguments and weights of their own."""

from collections.abc import Iterable, Mapping
from typing import Any

from resnet_bench import specs
from resnet_bench.config import values
from resnet_bench.errors import ConfigError, ResNetBenchError, nearest
from resnet_bench.records import GivenAccuracy, Record
from resnet_bench.records.weights import WeightsChoice
from resnet_bench.specs import Spec

_PERCENT = 100.0


class NamedModel(Record, frozen=True, kw_only=True):
    """A model under a name of the suite's: `model` is what it is built from, and may be the same name.

    `accuracy` is what its author gives, a fraction; None where nothing is given.
    """

    name: str
    model: str
    arguments: str = ""
    weights: str = ""
    input: str = ""
    accuracy: float | None = None


def accuracies(named: Iterable[NamedModel]) -> tuple[GivenAccuracy, ...]:
    """Return what is given of models' accuracy."""
    return tuple(
        GivenAccuracy(model=it.model, arguments=it.arguments, weights=it.weights, accuracy=it.accuracy)
        for it in named
        if it.accuracy is not None
    )


_OF_WEIGHTS = ("weights", "ema", "partial", "accuracy")
_NAMED = ("name", "model", "arguments", "input", *_OF_WEIGHTS)
_TEXT = values.words("a file, a URL or a name of weights", "files, URLs or names", '["best.pth"]')
_ACCURACY = values.number("percentage", below=100.0001)


def read(table: Mapping[str, Any], where: str) -> tuple[Spec | None, NamedModel | None]:
    """Return the architecture that a table describes, if it does, and what it says beside that.

    Raises:
        ConfigError: a key or value is wrong.
    """
    if "model" in table:
        return None, _named(table, where)
    own = {key: value for key, value in table.items() if key not in _OF_WEIGHTS}
    try:
        spec = specs.from_table(own, where=where)
    except ResNetBenchError as error:
        raise ConfigError(str(error)) from error
    if len(own) == len(table):
        return spec, None
    return spec, _with_weights(NamedModel(name=spec.name, model=spec.name), table, where)


def _named(table: Mapping[str, Any], where: str) -> NamedModel:
    for key in table:
        if key not in _NAMED:
            raise ConfigError(
                f"{where}: unknown key '{key}'.{nearest(key, _NAMED)} Known keys beside 'model': "
                f"{', '.join(known for known in _NAMED if known != 'model')}."
            )
    model = values.from_file(values.words("a model", "models", '["timm:resnet50d"]'), table["model"], f"{where}.model")
    name = values.from_file(values.words("a name", "names", '["mine"]'), table.get("name", model), f"{where}.name")
    if name != model and (specs.is_external(name) or name in specs.names()):
        raise ConfigError(f"{where}.name: '{name}' is the name of another model; choose another.")
    arguments = values.from_file(values.model_arguments(), table.get("arguments", ""), f"{where}.arguments")
    wanted = table.get("input")
    said = "" if wanted is None else values.from_file(values.model_input(), wanted, f"{where}.input")
    named = NamedModel(name=name, model=model, arguments=arguments, input=said)
    return _with_weights(named, table, where)


def _with_weights(named: NamedModel, table: Mapping[str, Any], where: str) -> NamedModel:
    weights = ""
    if "weights" in table:
        source = values.from_file(_TEXT, table["weights"], f"{where}.weights")
        raw = not values.yes_or_no(table.get("ema", True), f"{where}.ema")
        partial = values.yes_or_no(table.get("partial", False), f"{where}.partial")
        weights = str(WeightsChoice(source=source, raw=raw, partial=partial))
    elif "ema" in table or "partial" in table:
        raise ConfigError(f"{where}: 'ema' and 'partial' say how weights are loaded, and 'weights' is missing.")
    accuracy = None
    if "accuracy" in table:
        accuracy = values.from_file(_ACCURACY, table["accuracy"], f"{where}.accuracy") / _PERCENT
    return NamedModel(
        name=named.name,
        model=named.model,
        arguments=named.arguments,
        weights=weights,
        input=named.input,
        accuracy=accuracy,
    )
