"""What torch's profiler sees the CPU allocator do, from the weights' birth on."""

import itertools
from collections.abc import Callable

import torch
from torch import nn
from torch._C._profiler import _EventType
from torch.nn import functional
from torch.profiler import profile, record_function

from resnet_bench.records import Mode, Optimizer, Update

_BUILT = "what comes once the module is built"
_STEPS = {
    Optimizer.SGD: lambda weights, **options: torch.optim.SGD(weights, lr=0.1, **options),
    Optimizer.MOMENTUM: lambda weights, **options: torch.optim.SGD(weights, lr=0.1, momentum=0.9, **options),
    Optimizer.ADAM: torch.optim.Adam,
    Optimizer.ADAMW: torch.optim.AdamW,
}


def iterate(
    build: Callable[[], nn.Module],
    *,
    mode: Mode,
    batch_size: int,
    image_size: int,
    optimizer: Optimizer = Optimizer.MOMENTUM,
    update: Update = Update.FOR_LOOP,
) -> None:
    """One inference, or two training steps: the second has the optimizer's state."""
    module = build().train(mode is Mode.TRAINING)
    images = torch.zeros(batch_size, 3, image_size, image_size)
    if mode is Mode.INFERENCE:
        with record_function(_BUILT), torch.inference_mode():
            module(images)
        return
    labels = torch.zeros(batch_size, dtype=torch.long)
    stepping = _STEPS[optimizer](module.parameters(), foreach=update is Update.FOREACH)
    with record_function(_BUILT):
        for _ in range(2):
            functional.cross_entropy(module(images), labels).backward()
            stepping.step()
            stepping.zero_grad(set_to_none=True)


def peaks(run: Callable[[], None]) -> tuple[int, int]:
    """Return the peak bytes without and with what convolutions allocate and free again inside of themselves.

    Of `iterate`, once the module is built: how its weights are drawn may take more than an iteration does.
    """
    with profile(profile_memory=True) as recorded:
        run()
    events: list[tuple[int, int, int, bool]] = []
    roots = recorded.profiler.kineto_results.experimental_event_tree()
    for root in roots:
        _collect(root, events, inside=False)
    events.sort()
    built_ns = next((root.start_time_ns for root in roots if root.name == _BUILT), 0)
    building = sum(time_ns < built_ns for time_ns, _, _, _ in events)
    workspace = _workspace(events)
    sizes = [size for _, _, size, _ in events]
    counted = (0 if index in workspace else size for index, size in enumerate(sizes))
    return tuple(max(itertools.islice(itertools.accumulate(it), building, None)) for it in (counted, sizes))


def _collect(node: object, events: list[tuple[int, int, int, bool]], *, inside: bool) -> None:
    """Note time, address and size of allocations, and whether a convolution made them."""
    # The copy of weights in the images' memory format is made by `_convolution`, before it calls a kernel.
    inside = inside or node.name == "aten::_convolution" or "convolution_backward" in node.name
    if node.tag == _EventType.Allocation:
        events.append((node.start_time_ns, node.extra_fields.ptr, node.extra_fields.alloc_size, inside))
    for child in node.children:
        _collect(child, events, inside=inside)


def _workspace(events: list[tuple[int, int, int, bool]]) -> set[int]:
    """Which events are the birth and the death of what a convolution made and freed itself."""
    born: dict[int, int] = {}
    found: set[int] = set()
    for index, (_, address, size, inside) in enumerate(events):
        if size > 0:
            born[address] = index
            continue
        birth = born.pop(address, None)
        if birth is not None and inside and events[birth][3]:
            found |= {birth, index}
    return found
