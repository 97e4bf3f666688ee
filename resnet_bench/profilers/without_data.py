"""Work on copies of models without data: nothing of the caller's is touched, and what a model raises is explained."""

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from resnet_bench.errors import ModelError, ResNetBenchError, UntracedError, in_words
from resnet_bench.words import counted

_Result = TypeVar("_Result")

_OF_TORCHVISION = ("torchvision::", "custom C++ ops")
_ANOTHER_DEVICE = ("is not on the expected device", "Expected all tensors to be on the same device")
# What torch, numpy and others say of tensors that hold no numbers, lie on no device, and have no memory to look at.
_NO_NUMBERS = re.compile(
    r"\bmeta\b|MetaTensor|FakeTensor|fake tensor|no data\b|numpy|tolist|data_ptr|data pointer|__array__|DLPack|"
    r"expected device|same device|access storage|[Ss]parse|layout",
    re.IGNORECASE,
)
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


def explained(
    name: str, work: Callable[[], _Result], *, given: str = "", by_running: bool = False, by: str = ""
) -> _Result:
    """Do `work` and put what the module's own code raises into one line.

    Args:
        name: of the model.
        work: what may raise.
        given: the input.
        by_running: whether it has data.
        by: another tool that does it.
    """
    from resnet_bench.profilers.activations import TraceError  # noqa: PLC0415 - torch only where it is needed

    try:
        return work()
    except (ResNetBenchError, KeyboardInterrupt):
        raise
    except BaseException as error:
        cause = error.cause if isinstance(error, TraceError) else error
        if _ONE_VALUE in in_words(cause):
            raise ModelError(
                f"'{name}' cannot run at this image size and batch size 1: a norm would see one value per "
                "channel; use a batch size of 2 or more, or larger images."
            ) from error
        instead = "" if by_running else _by_running(cause)
        until = ""
        if isinstance(error, TraceError):
            layers = error.trace.layers
            last = f", the last one '{layers[-1].name}'" if layers else ""
            macs = sum(each.macs for each in layers)
            until = f" Counted until then: {counted(len(layers), 'layer')}{last}, {macs:,} MACs."
        done = f"counted by {by}" if by else "run" if by_running else "traced without running it"
        refusal = UntracedError if instead else ModelError
        raise refusal(f"'{name}' cannot be {done}: {instead or _reason(cause, given)}.{until}") from error


def _by_running(cause: BaseException) -> str:
    """Say why a copy without data cannot go on where the module itself may, and how to run it; else nothing."""
    from resnet_bench.profilers.activations import ValueNeededError  # noqa: PLC0415 - torch only where it is needed

    reason = in_words(cause)
    if isinstance(cause, ValueNeededError):
        if cause.of_input:
            return "its control flow depends on the data; profile --by-running counts it by running it once on the CPU"
        holds = "it reads the value of a parameter or buffer, and the copy that is traced holds none"
        return f"{holds}; profile --by-running has them"
    if any(words in reason for words in _OF_TORCHVISION):
        return ""
    if any(words in reason for words in _ANOTHER_DEVICE):
        return "its code makes tensors on the CPU, wherever it runs; profile --by-running counts it by running it there"
    if _NO_NUMBERS.search(reason):
        return (
            f"{reason.removesuffix('.')}; if it needs numbers or a device, which what is traced has not, profile "
            "--by-running counts it by running it once on the CPU"
        )
    return ""


def _reason(cause: BaseException, given: str) -> str:
    reason = in_words(cause).removesuffix(".")
    if any(words in reason for words in _OF_TORCHVISION):
        return "it needs torchvision's compiled operators, which do not load beside this torch"
    return f"{reason} (it was given {given})" if given else reason
