"""Published ImageNet accuracy, as data: torchvision 0.28's own measurements of its weights at 224 pixels.

Accuracy belongs to a set of weights, so the plain names have it and the `_v1` layouts, never trained there, have none.
"""

from resnet_bench.records import Record


class Accuracy(Record, frozen=True, kw_only=True):
    """Top-1 and top-5 accuracy on ImageNet-1K, in percent, of the weights with that name."""

    weights: str
    acc1: float
    acc5: float


_V1, _V2 = "IMAGENET1K_V1", "IMAGENET1K_V2"
_ACCURACY = {
    "resnet18": {_V1: (69.758, 89.078)},
    "resnet34": {_V1: (73.314, 91.42)},
    "resnet50": {_V1: (76.13, 92.862), _V2: (80.858, 95.434)},
    "resnet101": {_V1: (77.374, 93.546), _V2: (81.886, 95.78)},
    "resnet152": {_V1: (78.312, 94.046), _V2: (82.284, 96.002)},
    "resnext50_32x4d": {_V1: (77.618, 93.698), _V2: (81.198, 95.34)},
    "resnext101_32x8d": {_V1: (79.312, 94.526), _V2: (82.834, 96.228)},
    "resnext101_64x4d": {_V1: (83.246, 96.454)},
    "wide_resnet50_2": {_V1: (78.468, 94.086), _V2: (81.602, 95.758)},
    "wide_resnet101_2": {_V1: (78.848, 94.284), _V2: (82.51, 96.02)},
}


def published(name: str) -> tuple[Accuracy, ...]:
    """Return what torchvision publishes for the model `name`, oldest weights first; nothing where it publishes none."""
    return tuple(
        Accuracy(weights=weights, acc1=acc1, acc5=acc5) for weights, (acc1, acc5) in _ACCURACY.get(name, {}).items()
    )
