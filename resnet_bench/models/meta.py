"""Building without drawing: on the meta device there is nothing to draw, and torch takes long to find that out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

_FILLS = frozenset(
    {
        torch.ops.aten.normal_.default,
        torch.ops.aten.uniform_.default,
        torch.ops.aten.fill_.Scalar,
        torch.ops.aten.zero_.default,
    }
)


class _NoFilling(TorchDispatchMode):
    """Skip what only fills a meta tensor with numbers."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _FILLS and args[0].is_meta:
            return args[0]
        return func(*args, **(kwargs or {}))


@contextmanager
def built_on(device: torch.device) -> Iterator[None]:
    """Build modules on the meta device without weights, on any other device on the CPU, to be moved afterwards."""
    if device.type != "meta":
        with torch.device("cpu"):
            yield
        return
    without_filling = _NoFilling()  # type: ignore[no-untyped-call]
    with without_filling, torch.device("meta"):
        yield
