"""Work on copies of models without data: nothing of the caller's is touched, and what a model raises is explained."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from resnet_bench.errors import ModelError, ResNetBenchError, in_words

if TYPE_CHECKING:
    from torch import nn

_Result = TypeVar("_Result")

_ONE_VALUE = "Expected more than 1 value per channel"


def build(name: str) -> "nn.Module":
    """Return an external model on the meta device.

    Raises:
        ModelError: there is none, or it cannot be made.
    """
    from resnet_bench.models import create_model  # noqa: PLC0415 - torch only where it is needed

    return create_model(name, device="meta")


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


def explained(name: str, work: Callable[[], _Result]) -> _Result:
    """Do `work` on the meta device and put what the module's own code raises into one line."""
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
                f"'{name}' cannot train at this image size and batch size 1: a batch norm would see one value per "
                "channel; use a batch size of 2 or more, or larger images."
            ) from error
        if isinstance(cause, ValueNeededError):
            reason = (
                "its control flow depends on the data"
                if cause.of_input
                else "it reads the value of a parameter or buffer, and the copy that is traced holds none"
            )
        until = ""
        if isinstance(error, TraceError):
            layers = error.trace.layers
            last = f", the last one '{layers[-1].name}'" if layers else ""
            until = f" Counted until then: {len(layers)} layers{last}, {sum(each.macs for each in layers):,} MACs."
        raise ModelError(
            f"'{name}' cannot be traced without running it: {reason}{'' if reason.endswith('.') else '.'}{until}"
        ) from error
