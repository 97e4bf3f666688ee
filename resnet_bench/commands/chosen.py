"""The models that a command is given by name, those of a suite file among them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from resnet_bench import specs
from resnet_bench.config import suite_file
from resnet_bench.config.axis import Value
from resnet_bench.config.suite_file import Suite, Sweep
from resnet_bench.errors import UsageError
from resnet_bench.runner import choices
from resnet_bench.runner.choices import AskedModel

_SUITE = ".toml"


def chosen(names: Sequence[str], asked: Mapping[str, Value] = {}) -> tuple[AskedModel, ...]:
    """Return what is named, each once, with the arguments and weights that are asked for.

    A first name that ends in .toml is a suite file: names of its own models may follow, and without any all of those
    are meant, or the models of its sweeps where it has none of its own.

    Raises:
        ModelError: there is no such model.
        ConfigError: the suite file is wrong.
        UsageError: a suite file stands in another place.
    """
    suite, models = split(names)
    axes: dict[str, tuple[Value, ...]] = {name: (asked[name],) for name in ("arguments", "weights") if name in asked}
    sweep = Sweep(axes={"model": tuple(models or of_suite(suite)), **axes})
    return tuple(dict.fromkeys(choices.of_sweep(suite, sweep)))


def split(names: Sequence[str]) -> tuple[Suite, tuple[str, ...]]:
    """Return the suite file that stands first, the default suite without one, and the other names."""
    is_file = bool(names) and names[0].endswith(_SUITE)
    others = tuple(names[1:] if is_file else names)
    wrong = next((name for name in others if name.endswith(_SUITE)), None)
    if wrong is not None:
        raise UsageError(f"'{wrong}': a suite file stands before the names of models, and there is one at most.")
    return suite_file.load_suite(Path(names[0]) if is_file else None), others


def own_names(suite: Suite) -> tuple[str, ...]:
    """Return the names of a suite's own models, and of other packages' in its sweeps."""
    swept = [str(name) for sweep in suite.sweeps for name in sweep["model"] if specs.is_external(str(name))]
    return tuple(dict.fromkeys([*_described(suite), *swept]))


def of_suite(suite: Suite) -> tuple[str, ...]:
    """Return the names of a suite's own models, else those of its sweeps."""
    own = tuple(dict.fromkeys(_described(suite)))
    return own or tuple(dict.fromkeys(str(name) for sweep in suite.sweeps for name in sweep["model"]))


def _described(suite: Suite) -> list[str]:
    return [*(it.name for it in suite.models), *(it.name for it in suite.named)]
