"""The reference as data: what is timed in turns with a case, so that the speed of the machine is seen meanwhile.

It must stay what it is: whoever changes a kernel or a size gives it another version, and figures of different versions
are not compared. Sizes are those of a trial of 418 launches: one pass takes about 3.4 ms on one core, and spends it on
what a residual network spends its time on.
"""

VERSION = "1"
# A product of square matrices; small ones, which stay in the nearest caches; scale, shift and clamp of activations.
SIDE, SMALL_SIDE, SMALL_PRODUCTS = 384, 128, 16
# Timed passes of the longest burst.
MOST_PASSES = 6
IMAGES, CHANNELS, PIXELS, PASSES = 4, 64, 56, 3


def version(threads: int) -> str:
    """Return the version of the reference beside a case of so many threads.

    Small products use one thread whatever is allowed, and are left out where a case has more.
    """
    return f"cpu-{VERSION}" if threads == 1 else f"cpu-{VERSION}-threads"
