"""What is known about a model by its name alone: family, and published accuracy as data.

Accuracy is ImageNet-1k top-1 on one 224 px crop of torchvision's IMAGENET1K_V1 weights, the ones that
`pretrained=True` loads; the table is `specs.published`. Layouts without such weights have none.
"""

from collections.abc import Callable

import msgspec

from resnet_bench import specs
from resnet_bench.errors import ModelError
from resnet_bench.records import Case, Header, Record

ACCURACY_IMAGE_SIZE = 224

_TORCHVISION = "torchvision:"


class Published(Record, frozen=True, kw_only=True):
    """A model's family and its ImageNet top-1 accuracy as a fraction at that image size; None where none is known.

    It is of the first weights that were published; `of_weights` has that of others by their name.
    """

    family: str
    accuracy: float | None
    image_size: int = ACCURACY_IMAGE_SIZE
    of_weights: dict[str, float] = msgspec.field(default_factory=dict)

    def accuracy_of(self, case: Case) -> float | None:
        """Return the accuracy of a case; at another input than the published one, or other weights, nobody knows."""
        if case.image_size != self.image_size or case.input or case.arguments:
            return None
        return self.of_weights.get(case.weights) if case.weights else self.accuracy


def given(header: Header, case: Case) -> float | None:
    """Return the accuracy that the suite gives of a case's model, whatever its input."""
    known = {(it.model, it.arguments, it.weights): it.accuracy for it in header.accuracies}
    return known.get((case.model, case.arguments, case.weights))


Catalog = Callable[[str], Published]


def published(model: str) -> Published:
    """Return what is known about a model; an unknown one is of the family "other", an external one of its package's."""
    name = model.removeprefix(_TORCHVISION)
    weights = specs.published(name)
    return Published(
        family=_family(model),
        accuracy=weights[0].acc1 / 100 if weights else None,
        of_weights={it.weights: it.acc1 / 100 for it in weights},
    )


def _family(model: str) -> str:
    try:
        return specs.find(model.removeprefix(_TORCHVISION)).family
    except ModelError:
        return model.partition(":")[0] if specs.is_external(model) else "other"
