"""Which models a suite's sweeps are of, each with its arguments and weights; and what of them has to be looked up."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from resnet_bench import specs
from resnet_bench.config.axis import Value
from resnet_bench.config.suite_file import Suite, Sweep
from resnet_bench.config.suite_models import NamedModel
from resnet_bench.errors import ConfigError, IncompleteError, ModelError, nearest
from resnet_bench.records import Precision, inputs
from resnet_bench.records import arguments as spelled
from resnet_bench.records.inputs import ModelInput, square
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.specs import EXTERNAL_IMAGE_SIZE, Spec
from resnet_bench.wire.messages import LookUpRequest, Named


class Own(NamedTuple):
    """What a model is made for: its own input, and the precision that it is built in."""

    input: ModelInput
    precision: Precision = Precision.FP32


OwnFacts = Mapping[Named, Own]
NOTHING_KNOWN: OwnFacts = {}
_PRECISION = "precision"


@dataclass(frozen=True, slots=True)
class AskedModel:
    """One model of a sweep.

    Attributes:
        name: that cases have.
        named: what it is: a spec of ours or of the suite, or an external name, with its arguments and weights.
        input: what the suite says of it alone; empty for its own.
    """

    name: str
    named: Named
    input: str = ""

    def inputs(self, sweep: Sweep, own: OwnFacts) -> tuple[ModelInput, ...]:
        """Return what goes into it: what the sweep says, else the model's own.

        Raises:
            ConfigError: the sweep says both sizes and inputs.
            ModelError: the network cannot take it.
        """
        sizes, wanted = sweep.axes.get("image_size"), sweep.axes.get("input")
        if sizes and wanted:
            raise ConfigError("a sweep has image_sizes or inputs, not both: an input says its size.")
        if wanted:
            found = tuple(inputs.parse(str(it)) for it in wanted)
        else:
            usual = inputs.parse(self.input) if self.input else self.own_among(own).input
            found = tuple(usual.sized(int(size)) for size in sizes) if sizes else (usual,)
        if isinstance(self.named.model, Spec):
            for it in found:
                specs.check_input(self.named.model, it)
        return found

    def said(self, asked: Mapping[str, object]) -> dict[str, str]:
        """Return the input that the suite says of it, where neither one nor a size is asked for."""
        return {"input": self.input} if self.input and not asked.keys() & {"input", "image_size"} else {}

    def precisions(self, sweep: Sweep, device: str, own: OwnFacts) -> tuple[Value, ...]:
        """Return the precisions that the sweep says, else the one that the model is built in."""
        return sweep.on_device(_PRECISION, device) if _PRECISION in sweep.axes else (self.own_among(own).precision,)

    def own(self, launcher: Launcher) -> ModelInput:
        """Return its own input, which a child looks up where the model is of another package.

        Raises:
            ModelError: there is no such model.
        """
        return self.own_among(ask(launcher, (self.named,))).input

    def own_among(self, own: OwnFacts) -> Own:
        """Return what it is made for, as it was looked up; 224 pixels a side for one that was not."""
        if isinstance(self.named.model, Spec):
            return Own(self.named.model.own_input)
        return own.get(self.named, Own(square(EXTERNAL_IMAGE_SIZE)))


def named(model: str) -> AskedModel:
    """Return a model of the registry or of another package, as it is.

    Raises:
        ModelError: the registry has none of that name.
    """
    return AskedModel(model, Named(model=known(model, ())))


def of_sweep(suite: Suite, sweep: Sweep) -> Iterator[AskedModel]:
    """Yield the models of a sweep, in its order.

    Raises:
        ModelError: there is no such model, or an architecture has no such arguments.
        ConfigError: an argument's value is of the wrong type.
    """
    aliases = {named.name: named for named in suite.named}
    names = [*aliases, *(spec.name for spec in suite.models)]
    own = {spec.name: spec for spec in suite.models}
    for name in specs.matching(map(str, sweep["model"]), names):
        alias = aliases.get(name, NamedModel(name=name, model=name))
        model = own.get(alias.model) or known(alias.model, names)
        for arguments in (alias.arguments,) if alias.arguments else sweep["arguments"]:
            built = with_arguments(model, str(arguments))
            for weights in (alias.weights,) if alias.weights else sweep["weights"]:
                named = Named(model=built, arguments=str(arguments), weights=str(weights))
                yield AskedModel(alias.model, named, alias.input)


def with_arguments(model: Spec | str, arguments: str) -> Spec | str:
    """Return an architecture with its arguments; another package's model takes them when it is built.

    Raises:
        ModelError, ConfigError: the architecture has none such, or not of such values.
    """
    return specs.with_arguments(model, spelled.from_text(arguments)) if isinstance(model, Spec) else model


def known(name: str, own: Collection[str]) -> Spec | str:
    """Return the registry's spec of a name, or an external name itself.

    Raises:
        ModelError: no such model, with the nearest name.
    """
    if specs.is_external(name):
        return name
    try:
        return specs.find(name)
    except ModelError as error:
        hint = nearest(name, own)
        raise ModelError(f"{error}{hint}") if hint else error from None


def looked_up(suite: Suite, sweeps: Sequence[Sweep], launcher: Launcher) -> OwnFacts:
    """Find external models, weights and functions in a child, before anything is measured.

    Raises:
        ModelError: the first that is not there.
    """
    choices = [choice for sweep in sweeps for choice in of_sweep(suite, sweep)]
    said = (str(it) for sweep in sweeps for it in sweep.axes.get("input", ()))
    functions = {inputs.parse(it).function for it in (*said, *(it.input for it in choices)) if it}
    return ask(launcher, (choice.named for choice in choices), functions - {""})


def ask(launcher: Launcher, models: Iterable[Named], functions: Collection[str] = ()) -> OwnFacts:
    """Return what models are made for, as a child finds it; of ours it is known without one.

    Raises:
        ModelError: something is not there, or weights do not fit.
        IncompleteError: code of a model ended the process.
    """
    wanted = tuple(dict.fromkeys(it for it in models if it.weights or not isinstance(it.model, Spec)))
    if not wanted and not functions:
        return {}
    request = LookUpRequest(models=wanted, functions=tuple(sorted(functions)))
    try:
        found = launcher.ask(request)
    except IncompleteError:  # a model that ends its process when it is built does so when it is measured: a skip there
        found = launcher.ask(msgspec.structs.replace(request, builds=False))
    precisions = found.precisions or (Precision.FP32,) * len(wanted)
    own = zip(found.inputs, precisions, strict=True)
    return {named: Own(inputs.parse(it), precision) for named, (it, precision) in zip(wanted, own, strict=True)}
