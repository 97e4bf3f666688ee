"""What is known about a model by its name alone: family, and published accuracy as data.

Accuracy is ImageNet-1k top-1 on one 224 px crop of torchvision's IMAGENET1K_V1 weights, the ones that
`pretrained=True` loads; the table is `specs.published`. Layouts without such weights have none.
"""

from collections.abc import Callable

from resnet_bench import specs
from resnet_bench.errors import ModelError
from resnet_bench.records import Record

ACCURACY_IMAGE_SIZE = 224

_TORCHVISION = "torchvision:"


class Published(Record, frozen=True, kw_only=True):
    """A model's family and its ImageNet top-1 accuracy as a fraction at that image size; None where none is known."""

    family: str
    accuracy: float | None
    image_size: int = ACCURACY_IMAGE_SIZE

    def accuracy_at(self, image_size: int) -> float | None:
        """Return the accuracy of images of so many pixels; at another size than the published one nobody knows."""
        return self.accuracy if image_size == self.image_size else None


Catalog = Callable[[str], Published]


def published(model: str) -> Published:
    """Return what is known about a model; an unknown one is of the family "other", an external one of its package's."""
    name = model.removeprefix(_TORCHVISION)
    weights = specs.published(name)
    return Published(family=_family(model), accuracy=weights[0].acc1 / 100 if weights else None)


def _family(model: str) -> str:
    try:
        return specs.find(model.removeprefix(_TORCHVISION)).family
    except ModelError:
        return model.partition(":")[0] if specs.is_external(model) else "other"
