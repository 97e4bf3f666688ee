"""Our layer times beside torch.profiler's own totals by operator: `python benchmarks/layer_times.py [MODEL] [BATCH]`.

Both look at the very same warm, eager iterations, so that the machine's noise is in neither ratio: the median over
iterations of ours / the profiler's. Within 5 % says that nothing is lost or counted twice; it is printed and not
asserted, for these are times. Ours include what Python does inside a module before its operator starts, and the
profiler's own microsecond an operator: layers that take only microseconds themselves show it.
"""

import statistics
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from resnet_bench.machine.environment import default_threads
from resnet_bench.records import Case, Layer
from resnet_bench.specs.alignment import Alignment, align

if TYPE_CHECKING:
    from resnet_bench.profilers.timeline import Call, Cut

_ITERATIONS = 15
_ALL = "all of them"
# Outermost operator of each type of layer.
_OPERATORS = {
    "Conv2d": ("aten::conv2d",),
    "BatchNorm2d": ("aten::batch_norm",),
    "ReLU": ("aten::relu_", "aten::relu"),
    "MaxPool2d": ("aten::max_pool2d",),
    "AdaptiveAvgPool2d": ("aten::adaptive_avg_pool2d",),
    "Linear": ("aten::linear",),
    "Add": ("aten::add_", "aten::add"),
}


def main(model: str, batch_size: int) -> None:
    # Here and not above: asv imports every module of this folder, and must not load torch.
    import torch
    from torch.profiler import ProfilerActivity, profile

    from resnet_bench.profilers.complexity import static_profile
    from resnet_bench.profilers.timeline import Timeline, survey
    from resnet_bench.profilers.workload import Workload

    torch.set_num_threads(default_threads())
    case = Case(model=model, batch_size=batch_size, image_size=224, device="cpu", threads=default_threads())
    workload = Workload(case, model, seed=0)
    network, _ = workload.prepared.plain()
    static = static_profile(model, batch_size=batch_size)
    clock = workload.instruments.clock(workload.device)
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    with workload.running():
        calls = survey(network, workload.iterate)
        aligned = align([call.name for call in calls], static.layers)
        with Timeline(network, clock.marker()).inference(workload.iterate) as cut:
            for _ in range(_ITERATIONS + 1):
                with profile(activities=[ProfilerActivity.CPU]) as profiler:
                    found = cut()
                ours.append(_by_type(found, calls, aligned, static.layers))
                theirs.append(_by_operator(profiler.events() or []))
    print(f"{model}, batch size {batch_size}, {case.threads} threads, {_ITERATIONS} iterations")
    print(f"{'type':<18}{'ours ms':>10}{'profiler ms':>13}{'ratio':>8}")
    for kind in (*_OPERATORS, _ALL):
        pairs = [(mine.get(kind, 0.0), other.get(kind, 0.0)) for mine, other in zip(ours[1:], theirs[1:], strict=True)]
        if all(other for _, other in pairs):
            mine, other, ratio = (
                statistics.median(values) for values in zip(*((x * 1e3, y * 1e3, x / y) for x, y in pairs), strict=True)
            )
            print(f"{kind:<18}{mine:>10.3f}{other:>13.3f}{ratio:>8.3f}")


def _by_type(cut: "Cut", calls: "Sequence[Call]", aligned: Alignment, static: Sequence[Layer]) -> dict[str, float]:
    from resnet_bench.profilers.timeline import Region

    totals: dict[str, float] = {}
    for segment, seconds in cut.seconds.items():
        if segment.place is Region.MODULE:
            kind = calls[segment.number].type
        else:
            inside = aligned.gaps[segment.number]
            kind = static[inside[0]].type if inside else "outside"
        for name in (kind, _ALL) if kind in _OPERATORS else (kind,):
            totals[name] = totals.get(name, 0.0) + seconds
    return totals


def _by_operator(events: Sequence[Any]) -> dict[str, float]:
    """Return the profiler's seconds by our types of one iteration; only operators that no other one contains."""
    kinds = {operator: kind for kind, operators in _OPERATORS.items() for operator in operators}
    totals: dict[str, float] = {}
    for event in events:
        kind = kinds.get(event.name)
        if event.cpu_parent is None and kind is not None:
            for name in (kind, _ALL):
                totals[name] = totals.get(name, 0.0) + event.cpu_time_total / 1e6
    return totals


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "resnet18", int(sys.argv[2]) if len(sys.argv) > 2 else 8)  # noqa: PLR2004
