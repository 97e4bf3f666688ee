"""Models that fail for real, each in its own way, and small ones that do not, for `tests.runner.faulty:NAME`."""

import os
import resource
import signal
import time
from pathlib import Path

import torch
from torch import nn


def raises_out_of_memory() -> nn.Module:
    raise MemoryError("no memory for the weights")


def allocates_too_much() -> nn.Module:
    return nn.Linear(2**22, 2**22)


def dies() -> nn.Module:
    os.kill(os.getpid(), signal.SIGSEGV)
    return nn.Identity()


def sleeps() -> nn.Module:
    time.sleep(3600)
    return nn.Identity()


class _NotANumber(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 10)

    def forward(self, images):
        return self.linear(images.mean((2, 3))) * float("nan")


def gives_nan() -> nn.Module:
    return _NotANumber()


class _ForgetsItsImagesInHalf(nn.Module):
    """Computes something in bf16 that has nothing to do with the images."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 10)

    def forward(self, images):
        pixels = images.mean((2, 3))
        return self.linear(pixels if images.dtype is torch.float32 else torch.ones_like(pixels))


def forgets_its_images_in_half() -> nn.Module:
    return _ForgetsItsImagesInHalf()


class _WantsMoreThanItMayHave(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 10)

    def forward(self, images):
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + 2**28, resource.RLIM_INFINITY))
        torch.zeros(2**32, dtype=torch.uint8)
        return self.linear(images.mean((2, 3)))


def meets_its_limit() -> nn.Module:
    return _WantsMoreThanItMayHave()


class _SaysWhoItIs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 10)

    def forward(self, _images):
        Path(os.environ["FAULTY_SAYS"]).write_text(str(os.getpid()))
        time.sleep(3600)


def says_who_it_is() -> nn.Module:
    return _SaysWhoItIs()


def says_its_caches() -> nn.Module:
    """Say where what is compiled is kept, a line each time."""
    with Path(os.environ["FAULTY_SAYS"]).open("a") as said:
        said.write(f"{os.environ['TORCHINDUCTOR_CACHE_DIR']} {os.environ['TRITON_CACHE_DIR']}\n")
    return tiny()


class _Breaks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 10)
        self.second = nn.Linear(10, 10)

    def forward(self, images):
        hidden = self.first(images.mean((2, 3)))
        torch._dynamo.graph_break()
        return self.second(hidden)


def breaks_its_graph() -> nn.Module:
    return _Breaks()


class _NeedsMemory(nn.Module):
    """Holds 50 MiB for each image."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 10)

    def forward(self, images):
        held = torch.ones(len(images), 50 * 2**18)
        return self.linear(images.mean((2, 3)) + held[:, :3])


def needs_memory() -> nn.Module:
    return _NeedsMemory()


def tiny() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))


def fusible() -> nn.Module:
    """What a compiler fuses between two products, and compiles in seconds."""
    norm, relu = nn.BatchNorm2d(8), nn.ReLU(inplace=True)
    pool, flatten = nn.AdaptiveAvgPool2d(1), nn.Flatten()
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), norm, relu, pool, flatten, nn.Linear(8, 10))


class _WantsTwoDevices(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 10)

    def forward(self, images):
        if images.is_cuda:
            total = torch.cuda.get_device_properties(images.device).total_memory
            torch.empty(2 * total, dtype=torch.uint8, device=images.device)
        return self.linear(images.mean((2, 3)))


def wants_two_devices() -> nn.Module:
    return _WantsTwoDevices()


def _is_the_first() -> bool:
    """Say whether this is the first process that asks, of those that were told the same file."""
    try:
        Path(os.environ["FAULTY_SAYS"]).open("x").close()
    except FileExistsError:
        return False
    return True


class _DiesAtWork(nn.Module):
    """Ends the first process that has it at its third call."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 10)
        self.left = 3 if _is_the_first() else -1

    def forward(self, images):
        self.left -= 1
        if self.left == 0:
            os._exit(9)
        return self.linear(images.mean((2, 3)))


def one_dies() -> nn.Module:
    return _DiesAtWork()


def one_hangs() -> nn.Module:
    if _is_the_first():
        time.sleep(3600)
    return tiny()


class _DriftsApart(nn.Module):
    """Has weights that each call moves by another amount in each rank."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 10)

    def forward(self, images):
        with torch.no_grad():
            self.linear.bias.add_(0.01 * int(os.environ.get("RANK", "0")))
        return self.linear(images.mean((2, 3)))


def says_its_node() -> nn.Module:
    """Say which rank this is on which node of Slurm's, a line each."""
    with Path(os.environ["FAULTY_SAYS"]).open("a") as said:
        said.write(f"{os.environ['RANK']} on {os.environ['SLURMD_NODENAME']}\n")
    return tiny()


def drifts_apart() -> nn.Module:
    return _DriftsApart()


class _GetsSlower(nn.Module):
    """Takes half a millisecond longer with each call: ten calls later more than a busy machine adds to their median."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 10)
        self.calls = 0

    def forward(self, images):
        self.calls += 1
        time.sleep(0.004 + 5e-4 * self.calls)
        return self.linear(images.mean((2, 3)))


def gets_slower() -> nn.Module:
    return _GetsSlower()


class _WantsNumbers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 10)

    def forward(self, images):
        if images.is_meta:
            raise RuntimeError("it takes no empty images")
        return self.linear(images.mean((2, 3)))


def unprofilable() -> nn.Module:
    return _WantsNumbers()
