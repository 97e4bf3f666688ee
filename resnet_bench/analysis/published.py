"""What is known about a model by its name alone: family, and published accuracy as data.

Accuracy is ImageNet-1k top-1 on one 224 px crop of torchvision's IMAGENET1K_V1 weights, as their metadata states it
(a test compares this table with the installed torchvision). Layouts without such weights have none.
"""

from collections.abc import Callable

from resnet_bench import specs
from resnet_bench.errors import ModelError
from resnet_bench.records import Record

ACCURACY_SOURCE = "torchvision IMAGENET1K_V1 weights, ImageNet-1k top-1, one 224 px crop"

# In percent, with the digits of the source.
_TOP_1 = {
    "resnet18": 69.758,
    "resnet34": 73.314,
    "resnet50": 76.130,
    "resnet101": 77.374,
    "resnet152": 78.312,
    "resnext50_32x4d": 77.618,
    "resnext101_32x8d": 79.312,
    "resnext101_64x4d": 83.246,
    "wide_resnet50_2": 78.468,
    "wide_resnet101_2": 78.848,
}
_TORCHVISION = "torchvision:"


class Published(Record, frozen=True, kw_only=True):
    """A model's family and its ImageNet top-1 accuracy as a fraction, None where nobody published one."""

    family: str
    accuracy: float | None


Catalog = Callable[[str], Published]


def published(model: str) -> Published:
    """Return what is known about a model; an unknown one is of the family "other", an external one of its package's."""
    name = model.removeprefix(_TORCHVISION)
    percent = _TOP_1.get(name)
    return Published(family=_family(model), accuracy=None if percent is None else percent / 100)


def top_1_percent() -> dict[str, float]:
    """Return the table in percent by model name."""
    return dict(_TOP_1)


def _family(model: str) -> str:
    try:
        return specs.find(model.removeprefix(_TORCHVISION)).family
    except ModelError:
        return model.partition(":")[0] if specs.is_external(model) else "other"
