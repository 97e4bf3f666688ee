"""Work on copies of models without data: nothing of the caller's is touched, and what a model raises is explained."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar

from resnet_bench.errors import ModelError, ResNetBenchError, in_words

_Result = TypeVar("_Result")

_OF_TORCHVISION = ("torchvision::", "custom C++ ops")
_ANOTHER_DEVICE = "is not on the expected device"
_ONE_VALUE = "Expected more than 1 value per channel"


@contextlib.contextmanager
def untouched() -> Iterator[None]:
    """Keep the caller's random state, and the caller's inference mode and autocast out of the copy."""
    import torch  # noqa: PLC0415 - torch only where it is needed

    with (
        torch.random.fork_rng(devices=[]),
        torch.inference_mode(mode=False),
        torch.enable_grad(),
        torch.autocast("cpu", enabled=False),
    ):
        yield


def explained(name: str, work: Callable[[], _Result], *, given: str = "", by_running: bool = False) -> _Result:
    """Do `work` and put what the module's own code raises into one line, with the input that was `given`."""
    from resnet_bench.profilers.activations import TraceError, ValueNeededError  # noqa: PLC0415 - torch only where it is needed

    try:
        return work()
    except (ResNetBenchError, KeyboardInterrupt):
        raise
    except BaseException as error:
        cause = error.cause if isinstance(error, TraceError) else error
        reason = in_words(cause)
        if _ONE_VALUE in reason:
            raise ModelError(
                f"'{name}' cannot run at this image size and batch size 1: a norm would see one value per "
                "channel; use a batch size of 2 or more, or larger images."
            ) from error
        if isinstance(cause, ValueNeededError):
            reason = (
                "its control flow depends on the data; --by-running counts it by running it once on the CPU"
                if cause.of_input
                else "it reads the value of a parameter or buffer, and the copy that is traced holds none; "
                "--by-running has them"
            )
        elif any(words in reason for words in _OF_TORCHVISION):
            reason = "it needs torchvision's compiled operators, which do not load beside this torch"
        elif _ANOTHER_DEVICE in reason:
            reason = "its code makes tensors on the CPU, wherever it runs; --by-running counts it by running it there"
        elif given:
            reason += f" (it was given {given})"
        until = ""
        if isinstance(error, TraceError):
            layers = error.trace.layers
            last = f", the last one '{layers[-1].name}'" if layers else ""
            until = f" Counted until then: {len(layers)} layers{last}, {sum(each.macs for each in layers):,} MACs."
        done = "run" if by_running else "traced without running it"
        raise ModelError(f"'{name}' cannot be {done}: {reason.removesuffix('.')}.{until}") from error
