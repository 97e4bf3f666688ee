"""Predicted memory against what torch's profiler sees the CPU allocator do, from the weights' birth on."""

import itertools

import pytest
import torch
from torch._C._profiler import _EventType
from torch.nn import functional
from torch.profiler import profile

from resnet_bench import specs
from resnet_bench.models.compat import torchvision_models
from resnet_bench.records import Mode, Optimizer, Precision

BUILDERS = (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "wide_resnet50_2",
    "wide_resnet101_2",
)


def iterate(name: str, mode: Mode, batch_size: int, image_size: int) -> None:
    """One inference, or two training steps: the second has the optimizer's state."""
    model = getattr(torchvision_models(), name)().train(mode is Mode.TRAINING)
    images = torch.zeros(batch_size, 3, image_size, image_size)
    if mode is Mode.INFERENCE:
        with torch.inference_mode():
            model(images)
        return
    labels = torch.zeros(batch_size, dtype=torch.long)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(2):
        functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


def measured(name: str, mode: Mode, batch_size: int, image_size: int) -> tuple[int, int]:
    """Peak bytes without and with what convolutions allocate and free again inside of themselves."""
    with profile(profile_memory=True) as recorded:
        iterate(name, mode, batch_size, image_size)
    events: list[tuple[int, int, int, bool]] = []
    for root in recorded.profiler.kineto_results.experimental_event_tree():
        _collect(root, events, inside=False)
    events.sort()
    workspace = _workspace(events)
    sizes = [size for _, _, size, _ in events]
    return (
        max(itertools.accumulate(0 if index in workspace else size for index, size in enumerate(sizes))),
        max(itertools.accumulate(sizes)),
    )


def _collect(node: object, events: list[tuple[int, int, int, bool]], *, inside: bool) -> None:
    """Note time, address and size of allocations, and whether a convolution made them."""
    inside = inside or "mkldnn_convolution" in node.name or "convolution_backward" in node.name
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


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    ("name", "image_size"),
    [
        ("resnet18", 160),
        pytest.param("resnet50", 224, marks=pytest.mark.slow),
        *(pytest.param(name, 128, marks=pytest.mark.slow) for name in BUILDERS),
    ],
)
def test_predicted_is_within_five_percent_of_measured(name: str, image_size: int, mode: Mode) -> None:
    predicted = specs.predicted_memory(
        specs.find(name),
        mode=mode,
        precision=Precision.FP32,
        batch_size=4,
        image_size=image_size,
        optimizer=Optimizer.MOMENTUM,
    )
    peak, with_workspace = measured(name, mode, 4, image_size)
    print(
        f"{name} {mode} predicted {predicted.peak_bytes} measured {peak} ({predicted.peak_bytes / peak - 1:+.3%}), "
        f"with workspace {with_workspace} ({predicted.peak_bytes / with_workspace - 1:+.3%})"
    )
    assert predicted.peak_bytes == pytest.approx(peak, rel=0.05)
    weights = predicted.weights_bytes + predicted.buffers_bytes  # certain; what is left must hold on its own
    assert predicted.peak_bytes - weights == pytest.approx(peak - weights, rel=0.05)
