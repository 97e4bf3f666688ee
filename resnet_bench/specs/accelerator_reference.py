"""The reference beside cases on an accelerator as data; `specs.reference` has the one beside cases on the host.

Kernels of the same kinds, in half precision whatever the case's is: no switch for float32, TF32 among them, reaches it.
It must stay what it is: another kernel or another size is another version. By the rates of its data sheet an H100 takes
1.2 ms for a pass, half of it for products and half for activations, so that what the host takes to start eleven kernels
does not show; a slower device takes longer.

The convolution is a pointwise one, as the product that it is. A library's convolutions allocate their output, and where
the library tries its algorithms out, which cases are measured with, it may take another one in each launch.

Built by torch's documentation: it has met no card yet.
"""

VERSION = "accelerator-1"
TYPE, TYPE_BYTES = "float16", 2
# So many random numbers from 0 to 1 are drawn on the host, and fill every factor again and again: what a product draws
# of power, and with it the clock, depends on its numbers, and no sum of these is too large for half precision.
NUMBERS = 2**16
# Square products; three of them are half of a pass.
SIDE, PRODUCTS = 4096, 3
# Scale, shift and clamp of activations of 128 MiB, more than caches hold.
IMAGES, CHANNELS, PIXELS, PASSES = 64, 256, 64, 3
# The pointwise convolution of a bottleneck, from the activations' channels to fewer.
NARROW_CHANNELS, POINTWISE = 64, 2


def held_bytes() -> int:
    """Return bytes of its tensors."""
    positions = IMAGES * PIXELS**2
    activations = 2 * positions * CHANNELS + positions * NARROW_CHANNELS
    small = CHANNELS * NARROW_CHANNELS + 2 * CHANNELS
    return TYPE_BYTES * (3 * SIDE**2 + activations + small)
