"""The reference as data: what is timed in turns with a case, so that the speed of the machine is seen meanwhile.

It must stay what it is: whoever changes a kernel or a size gives it another version, and figures of different versions
are not compared. Sizes are those of a trial of 418 launches: one pass takes 3 to 5 ms on one core, and spends it on
what a residual network spends its time on. `specs.accelerator_reference` has the one of accelerators.

A convolution is part of it only where the allocator is fixed: it allocates its output, and as the allocator is shipped
it is itself up to twice as slow in some launches. Why it is there: `benchmarks/reference_kernels.py`.
"""

from resnet_bench.records import Allocator
from resnet_bench.specs import accelerator_reference

# A product of square matrices; small ones, which stay in the nearest caches; scale, shift and clamp of activations.
SIDE, SMALL_SIDE, SMALL_PRODUCTS = 384, 128, 16
# Timed passes of the longest burst.
MOST_PASSES = 6
# The first takes so much longer than the others: 6 to 9 % in 200 launches of reports/published/intel-xeon-2-cores. On
# an accelerator nothing is known of it, and its caches hold nothing of the reference from one pass to the next.
FIRST_PASS = 0.07
_ALL_PASSES_ALIKE = (accelerator_reference.VERSION,)
IMAGES, CHANNELS, PIXELS, PASSES = 4, 64, 56, 3
# A 3 x 3 convolution of a late stage, whose weights are more than the nearest caches hold.
DEEP_CHANNELS, DEEP_PIXELS = 256, 14


def has_convolution(allocator: Allocator) -> bool:
    """Say whether the reference beside a case with this allocator holds a convolution."""
    return allocator is Allocator.FIXED


def version(threads: int, allocator: Allocator) -> str:
    """Return the version of the reference beside a case of so many threads with this allocator.

    Small products use one thread whatever is allowed, and are left out where a case has more.
    """
    number = 2 if has_convolution(allocator) else 1
    return f"cpu-{number}" if threads == 1 else f"cpu-{number}-threads"


def burst_factor(version: str, passes: int) -> float:
    """Return the mean of so many timed passes in a row, in those of a burst without end: the first one is slower."""
    return 1.0 if version in _ALL_PASSES_ALIKE else 1 + FIRST_PASS / passes
