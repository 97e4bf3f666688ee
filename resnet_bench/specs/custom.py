"""A `[[models]]` table of a suite file as a Spec, strictly: an unknown key or a wrong type is an error."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from resnet_bench.errors import ConfigError, ModelError, nearest
from resnet_bench.specs.architecture import Block, Layout, Spec
from resnet_bench.specs.refusals import check_architecture
from resnet_bench.specs.registry import is_external, names
from resnet_bench.specs.variants import Activation, Attention, Downsample, Norm, Stem

_IMAGENET, _CIFAR = (224, 1000), (32, 10)

_Read = Callable[[object], Any]


def from_table(table: Mapping[str, Any], *, where: str = "[[models]]") -> Spec:
    """Return the architecture that one TOML table describes; `where` says file and key path in messages.

    Needs `name`, `block` and `layers`; every other field of `Spec` is a key with its default, but for `family`. Image
    size and classes are by default ImageNet's, or CIFAR's where the stem is.

    Raises:
        ConfigError: a key is unknown or missing, or a value has the wrong type.
        ModelError: no network can be built from the values.
    """
    for key in table:
        if key not in _READERS:
            known = ", ".join(_READERS)
            raise ConfigError(f"{where}: unknown key '{key}'.{nearest(key, _READERS)} Known keys: {known}.")
    for key in ("name", "block", "layers"):
        if key not in table:
            raise ConfigError(f"{where}: '{key}' is missing.")
    fields = {key: _value(_READERS[key], value, f"{where}.{key}") for key, value in table.items()}
    if fields["name"] in names():
        raise ConfigError(f"{where}.name: '{fields['name']}' is already the name of a registry model; choose another.")
    image_size, num_classes = _IMAGENET if fields.get("stem", Stem.IMAGENET).pools else _CIFAR
    given: dict[str, Any] = dict(family="custom", image_size=image_size, num_classes=num_classes)
    spec = check_architecture(Spec(**(given | fields)))
    if spec.image_size < spec.min_image_size:
        raise ConfigError(f"{where}.image_size: {spec.image_size}: expected {spec.min_image_size} or more.")
    return spec


def with_arguments(spec: Spec, arguments: Mapping[str, Any]) -> Spec:
    """Return the architecture with some of its fields replaced, under the same name; the same where none are given.

    Raises:
        ConfigError: a value has the wrong type.
        ModelError: it has no such field, or no network can be built so.
    """
    if not arguments:
        return spec
    for key in arguments:
        if key not in _ARGUMENTS:
            known = ", ".join(_ARGUMENTS)
            raise ModelError(f"'{spec.name}' has no argument '{key}'.{nearest(key, _ARGUMENTS)} It takes {known}.")
    fields = {key: _value(_READERS[key], value, f"'{spec.name}': {key}") for key, value in arguments.items()}
    return check_architecture(msgspec.structs.replace(spec, **fields))


def to_table(spec: Spec) -> dict[str, Any]:
    """Return an architecture as a record keeps it: what later releases added only where it is not the default.

    So tables of one architecture are equal, whichever release wrote them.
    """
    table: dict[str, Any] = msgspec.to_builtins(spec) | {"layers": list(spec.layers)}
    defaults = {field.name: field.default for field in msgspec.structs.fields(Spec)}
    return {key: value for key, value in table.items() if key in _FIRST_RELEASE or getattr(spec, key) != defaults[key]}


_FIRST_RELEASE = frozenset(
    {"name", "family", "block", "layers", "width", "groups", "layout", "stem", "image_size", "num_classes"}
)


class _WrongValueError(Exception):
    """A value is not what its key takes; the text says what was expected."""


def _value(read: _Read, value: object, where: str) -> Any:
    try:
        return read(value)
    except _WrongValueError as error:
        raise ConfigError(f"{where}: {value!r}: {error}") from None


def _name(value: object) -> str:
    if not isinstance(value, str) or not value or is_external(value) or "/" in value:
        raise _WrongValueError("expected a name without ':' and '/'.")
    return value


def _layers(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(blocks) is int for blocks in value):
        raise _WrongValueError("expected a list of whole numbers such as [3, 4, 6, 3].")
    return tuple(value)


def _choice(choices: type[StrEnum]) -> _Read:
    def read(value: object) -> StrEnum:
        known = [choice.value for choice in choices]
        if value not in known:
            hint = nearest(value, known) if isinstance(value, str) else ""
            raise _WrongValueError(f"expected one of {', '.join(known)}.{hint}")
        return choices(value)

    return read


def _count(value: object) -> int:
    if type(value) is not int or value < 1:
        raise _WrongValueError("expected a whole number, 1 or more.")
    return value


def _classes(value: object) -> int:
    if type(value) is not int or value < 0:
        raise _WrongValueError("expected a whole number, 1 or more, or 0 for the features alone.")
    return value


def _share(value: object) -> float:
    if type(value) not in {int, float}:
        raise _WrongValueError("expected a number from 0 to below 1.")
    return float(value)  # type: ignore[arg-type]


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise _WrongValueError("expected true or false.")
    return value


_READERS: dict[str, _Read] = {
    "name": _name,
    "block": _choice(Block),
    "layers": _layers,
    "width": _count,
    "groups": _count,
    "widen": _count,
    "layout": _choice(Layout),
    "stem": _choice(Stem),
    "downsample": _choice(Downsample),
    "attention": _choice(Attention),
    "norm": _choice(Norm),
    "activation": _choice(Activation),
    "antialias": _switch,
    "output_stride": _count,
    "drop_path": _share,
    "dropout": _share,
    "zero_init_residual": _switch,
    "in_channels": _count,
    "image_size": _count,
    "num_classes": _classes,
    "classifier_bias": _switch,
}
# An input says its size itself.
_ARGUMENTS = tuple(key for key in _READERS if key not in {"name", "image_size"})
