"""Every architecture as data, and what it costs in closed form. Nothing here imports torch."""

from resnet_bench.specs.architecture import Block, Layout, Shortcut, Spec
from resnet_bench.specs.closed_form import (
    Totals,
    check_image_size,
    check_input,
    check_norms,
    predicted_memory,
    profile,
    totals,
)
from resnet_bench.specs.custom import from_table, to_table, with_arguments
from resnet_bench.specs.published import Accuracy, published
from resnet_bench.specs.refusals import check_architecture
from resnet_bench.specs.registry import (
    EXTERNAL_FORMS,
    EXTERNAL_IMAGE_SIZE,
    INSTALLED_PACKAGES,
    find,
    is_external,
    matching,
    names,
    source,
)
from resnet_bench.specs.variants import Activation, Attention, Downsample, Norm, Stem

__all__ = [
    "EXTERNAL_FORMS",
    "EXTERNAL_IMAGE_SIZE",
    "INSTALLED_PACKAGES",
    "Accuracy",
    "Activation",
    "Attention",
    "Block",
    "Downsample",
    "Layout",
    "Norm",
    "Shortcut",
    "Spec",
    "Stem",
    "Totals",
    "check_architecture",
    "check_image_size",
    "check_input",
    "check_norms",
    "find",
    "from_table",
    "is_external",
    "matching",
    "names",
    "predicted_memory",
    "profile",
    "published",
    "source",
    "to_table",
    "totals",
    "with_arguments",
]
