"""What models of torchvision and timm were made for: the size that their own data say. Builds nothing."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from resnet_bench.models.compat import torchvision_models
from resnet_bench.records.inputs import CHANNELS, InputTensor, ModelInput, square
from resnet_bench.specs import EXTERNAL_IMAGE_SIZE

_FRAMES = 16  # of a clip; torchvision's video networks are published for as many, S3D for 128
_LONGEST, _SHORTEST = 1333, 800  # pixels to which torchvision's detection models resize an image themselves


def of_torchvision(name: str, weights: str) -> ModelInput:
    """Return the input of the weights of that name, else of those with the smallest images that are published.

    Without weights a vision transformer is built for its smallest images; convolutional networks take any.
    """
    models = torchvision_models()
    published = models.get_model_weights(name).__members__
    if weights in published:
        return _of_weights(published[weights])
    known = [_of_weights(each) for each in published.values()]
    return min(known, key=lambda it: it.image_size, default=square(EXTERNAL_IMAGE_SIZE))


def _of_weights(weights: Any) -> ModelInput:
    transforms = weights.transforms()
    kind = type(transforms).__name__
    smallest = weights.meta.get("min_size", (EXTERNAL_IMAGE_SIZE, EXTERNAL_IMAGE_SIZE))
    if kind == "OpticalFlow":
        return ModelInput(tensors=(InputTensor(shape=(CHANNELS, *smallest)),) * 2)
    if kind == "ObjectDetection":
        return ModelInput(tensors=(InputTensor(shape=(CHANNELS, _SHORTEST, _LONGEST), listed=True),))
    if kind == "VideoClassification":
        return ModelInput(tensors=(InputTensor(shape=(CHANNELS, _FRAMES, *_sides(transforms.crop_size))),))
    for attribute in ("crop_size", "resize_size"):
        sizes = getattr(transforms, attribute, None)
        if sizes:
            return ModelInput(tensors=(InputTensor(shape=(CHANNELS, *_sides(sizes))),))
    return square(EXTERNAL_IMAGE_SIZE)


def _sides(sizes: Sequence[int] | int) -> tuple[int, int]:
    both = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    return (both[0], both[-1])


def of_timm(name: str, arguments: Mapping[str, Any]) -> ModelInput:
    """Return the input of timm's configuration of a model, with the channels and size that its arguments say."""
    models = importlib.import_module("timm.models")
    found = models.get_pretrained_cfg(name, allow_unregistered=True)
    channels, *sides = found.input_size if found is not None else (CHANNELS, EXTERNAL_IMAGE_SIZE, EXTERNAL_IMAGE_SIZE)
    size = arguments.get("img_size")
    sides = list(_sides(size)) if size else sides
    return ModelInput(tensors=(InputTensor(shape=(int(arguments.get("in_chans", channels)), *sides)),))
