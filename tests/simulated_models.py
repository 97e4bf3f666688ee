"""Networks of few operators for a simulated device: their arithmetic costs it much, and this machine nothing."""

from torch import nn


class _Convolutions(nn.Module):
    def __init__(self, *channels: int) -> None:
        super().__init__()
        pairs = zip((3, *channels), channels, strict=False)
        self.convolutions = nn.Sequential(*(nn.Conv2d(*pair, 3, padding=1, bias=False) for pair in pairs))
        self.classes = nn.Linear(channels[-1], 10)

    def forward(self, images):
        return self.classes(self.convolutions(images).mean((2, 3)))


def heavy() -> nn.Module:
    """Some 4 ms for 64 images of 128 pixels, almost all of it one kernel."""
    return _Convolutions(32, 256)


def light() -> nn.Module:
    """Twelve kernels of a few microseconds for one small image: the host cannot start them as quickly."""
    return _Convolutions(*(4,) * 12)
