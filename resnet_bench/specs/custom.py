"""A `[[models]]` table of a suite file as a Spec, strictly: an unknown key or a wrong type is an error."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from resnet_bench.errors import ConfigError, nearest
from resnet_bench.specs.architecture import BASE_WIDTH, Block, Layout, Spec, Stem, check_architecture
from resnet_bench.specs.registry import is_external, names

_KEYS = ("name", "block", "layers", "width", "groups", "layout", "stem", "image_size", "num_classes")
_DEFAULTS = {Stem.IMAGENET: (224, 1000), Stem.CIFAR: (32, 10)}

_Choice = TypeVar("_Choice", bound=StrEnum)


def from_table(table: Mapping[str, Any], *, where: str = "[[models]]") -> Spec:
    """Return the architecture that one TOML table describes; `where` says file and key path in messages.

    Needs `name`, `block` and `layers`; `width`, `groups`, `layout`, `stem`, `image_size`, `num_classes` have defaults.

    Raises:
        ConfigError: a key is unknown or missing, or a value has the wrong type.
        ModelError: no network can be built from the values.
    """
    for key in table:
        if key not in _KEYS:
            raise ConfigError(f"{where}: unknown key '{key}'.{nearest(key, _KEYS)} Known keys: {', '.join(_KEYS)}.")
    for key in ("name", "block", "layers"):
        if key not in table:
            raise ConfigError(f"{where}: '{key}' is missing.")
    name = table["name"]
    if not isinstance(name, str) or not name or is_external(name) or "/" in name:
        raise ConfigError(f"{where}.name: {name!r}: expected a name without ':' and '/'.")
    if name in names():
        raise ConfigError(f"{where}.name: '{name}' is already the name of a registry model; choose another.")
    layers = table["layers"]
    if not isinstance(layers, list) or not all(type(blocks) is int for blocks in layers):
        raise ConfigError(f"{where}.layers: {layers!r}: expected a list of whole numbers such as [3, 4, 6, 3].")
    stem = _choice(Stem, table.get("stem", Stem.IMAGENET), f"{where}.stem")
    image_size, num_classes = _DEFAULTS[stem]
    spec = check_architecture(
        Spec(
            name=name,
            family="custom",
            block=_choice(Block, table["block"], f"{where}.block"),
            layers=tuple(layers),
            width=_count(table.get("width", BASE_WIDTH), f"{where}.width"),
            groups=_count(table.get("groups", 1), f"{where}.groups"),
            layout=_choice(Layout, table.get("layout", Layout.V1_5), f"{where}.layout"),
            stem=stem,
            image_size=_count(table.get("image_size", image_size), f"{where}.image_size"),
            num_classes=_count(table.get("num_classes", num_classes), f"{where}.num_classes"),
        )
    )
    if spec.image_size < spec.min_image_size:
        raise ConfigError(f"{where}.image_size: {spec.image_size}: expected {spec.min_image_size} or more.")
    return spec


def _choice(choices: type[_Choice], value: object, where: str) -> _Choice:
    known = [choice.value for choice in choices]
    if value not in known:
        hint = nearest(value, known) if isinstance(value, str) else ""
        raise ConfigError(f"{where}: {value!r}: expected one of {', '.join(known)}.{hint}")
    return choices(value)


def _count(value: object, where: str) -> int:
    if type(value) is not int or value < 1:
        raise ConfigError(f"{where}: {value!r}: expected a whole number, 1 or more.")
    return value
