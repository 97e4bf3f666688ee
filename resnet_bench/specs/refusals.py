"""Architectures that cannot be built, or make no sense: THE list, each with what to do instead."""

from collections.abc import Callable, Iterator

from resnet_bench.errors import ModelError
from resnet_bench.records.bounds import LARGEST_SIZE
from resnet_bench.specs.architecture import Block, Layout, Shortcut, Spec
from resnet_bench.specs.variants import NORM_GROUPS, Downsample, Norm

STAGES_MAXIMUM = 6
BLOCKS_MAXIMUM = 10_000  # the deepest that was published has 600
OUTPUT_STRIDES = (8, 16)


def check_architecture(spec: Spec) -> Spec:
    """Return `spec` when a network can be built from it.

    Raises:
        ModelError: with the field that is wrong and what it should be.
    """
    for refusal in (_sizes, _numbers, _divisors, _combinations):
        for reason in refusal(spec):
            raise ModelError(f"model '{spec.name}': {reason}")
    return spec


def _sizes(spec: Spec) -> Iterator[str]:
    if not spec.layers or len(spec.layers) > STAGES_MAXIMUM or min(spec.layers) < 1:
        yield f"layers = {list(spec.layers)}: expected 1 to {STAGES_MAXIMUM} stages of at least one block."
    if sum(spec.layers) > BLOCKS_MAXIMUM:
        yield f"layers = {list(spec.layers)}: expected at most {BLOCKS_MAXIMUM:,} blocks in all."
    for field in ("width", "groups", "widen", "in_channels"):
        if not 1 <= getattr(spec, field) <= LARGEST_SIZE:
            yield f"{field} = {getattr(spec, field)}: expected 1 or more, at most {LARGEST_SIZE}."
    for field in ("num_classes", "image_size"):
        if getattr(spec, field) > LARGEST_SIZE:
            yield f"{field} = {getattr(spec, field)}: expected at most {LARGEST_SIZE}."


def _numbers(spec: Spec) -> Iterator[str]:
    if spec.num_classes < 0:
        yield f"num_classes = {spec.num_classes}: expected 1 or more, or 0 for the features alone."
    for field in ("drop_path", "dropout"):
        if not 0 <= getattr(spec, field) < 1:
            yield f"{field} = {getattr(spec, field)}: expected a share from 0 to below 1."
    if spec.output_stride is not None and spec.output_stride not in OUTPUT_STRIDES:
        yield f"output_stride = {spec.output_stride}: expected {' or '.join(map(str, OUTPUT_STRIDES))}."
    if spec.inner_width(spec.planes[0]) < 1:
        yield f"width = {spec.width} leaves the first stage without channels."


def _divisors(spec: Spec) -> Iterator[str]:
    if spec.block is Block.BASIC:
        uneven = next((each for each in (spec.stem.channels, *spec.planes) if each % spec.groups), None)
        if uneven is not None:
            yield f"groups = {spec.groups} do not divide {uneven} channels of a basic block; use block = 'bottleneck'."
    if spec.norm is Norm.GROUP:
        inner = map(spec.inner_width, spec.planes)
        normalised = (*(each.channels for each in spec.stem.convolutions), *spec.planes, *inner)
        uneven = next((each for each in normalised if each % NORM_GROUPS), None)
        if uneven is not None:
            yield f"norm = 'group' has {NORM_GROUPS} groups, which do not divide {uneven} channels."


def _combinations(spec: Spec) -> Iterator[str]:
    for meets, reason in _NONSENSE:
        if meets(spec):
            yield reason


_NONSENSE: tuple[tuple[Callable[[Spec], bool], str], ...] = (
    (
        lambda spec: spec.output_stride is not None and spec.output_stride > spec.total_stride,
        "output_stride is larger than the network's own stride: nothing would be dilated; leave it out.",
    ),
    (
        lambda spec: spec.antialias and spec.layout is not Layout.V1_5,
        "antialias blurs after the activation of a strided 3x3 convolution, which only layout = 'v1.5' has.",
    ),
    (
        lambda spec: spec.downsample is Downsample.AVG and spec.shortcut is Shortcut.PAD,
        "downsample = 'avg' needs projections, which stem = 'cifar' has in layout = 'v2' only; use stem = 'cifar64'.",
    ),
    (
        lambda spec: spec.zero_init_residual and spec.layout is Layout.V2,
        "zero_init_residual sets the norm at the end of a branch, and layout = 'v2' has none there.",
    ),
    (
        lambda spec: spec.zero_init_residual and spec.norm is Norm.FROZEN,
        "zero_init_residual with norm = 'frozen' would leave every branch at zero for ever.",
    ),
    (
        lambda spec: spec.num_classes == 0 and (spec.dropout > 0 or not spec.classifier_bias),
        "num_classes = 0 leaves no classifier, and dropout and classifier_bias are the classifier's.",
    ),
)
