"""Our layer times beside torch.profiler's own totals by operator: `python benchmarks/layer_times.py [MODEL] [BATCH]`.

Both see the same warm, eager inference in one process, in turns; of both the quickest quarter of each type counts, for
neighbours on the machine only ever slow. Ratios within 5 % say that nothing is lost or counted twice; they are printed
and not asserted, for they are times. Ours include what Python does inside a module before its operator starts (ten
microseconds in batch norm), the profiler's the microsecond that it costs itself: compare at a batch size where neither
matters.
"""

import sys
from collections.abc import Sequence

import torch
from torch.profiler import ProfilerActivity, profile

from resnet_bench.environment import default_threads
from resnet_bench.profilers import clock as clocks
from resnet_bench.profilers.complexity import static_profile
from resnet_bench.profilers.layers import mean_of_quickest
from resnet_bench.profilers.timeline import Call, Cut, Place, Timeline, survey
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Case, Layer
from resnet_bench.specs.alignment import Alignment, align

_ROUNDS = 8
_ITERATIONS = 4
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
    torch.set_num_threads(default_threads())
    case = Case(model=model, batch_size=batch_size, image_size=224, device="cpu", threads=default_threads())
    workload = Workload(case, model, seed=0)
    static = static_profile(model, batch_size=batch_size)
    clock = clocks.for_device(workload.device)
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    with workload.running():
        calls = survey(workload.network, workload.iterate)
        aligned = align([call.name for call in calls], static.layers)
        timeline = Timeline(workload.network, clock.marker())
        for _ in range(_ROUNDS):
            with timeline.inference(workload.iterate) as cut:
                cuts = [cut() for _ in range(_ITERATIONS)][1:]
            ours += [_by_type(each, calls, aligned, static.layers) for each in cuts]
            theirs += [_profiled(workload) for _ in range(_ITERATIONS)][1:]
    print(f"{model}, batch size {batch_size}, {case.threads} threads, {len(ours)} iterations each")
    print(f"{'type':<18}{'ours ms':>10}{'profiler ms':>13}{'ratio':>8}")
    sums = [0.0, 0.0]
    for kind, operators in _OPERATORS.items():
        mine = mean_of_quickest([totals.get(kind, 0.0) for totals in ours]) * 1e3
        other = mean_of_quickest([sum(totals.get(name, 0.0) for name in operators) for totals in theirs]) * 1e3
        sums = [sums[0] + mine, sums[1] + other]
        if other:
            print(f"{kind:<18}{mine:>10.3f}{other:>13.3f}{mine / other:>8.3f}")
    print(f"{'all of them':<18}{sums[0]:>10.3f}{sums[1]:>13.3f}{sums[0] / sums[1]:>8.3f}")


def _by_type(cut: Cut, calls: Sequence[Call], aligned: Alignment, static: Sequence[Layer]) -> dict[str, float]:
    totals: dict[str, float] = {}
    for segment, seconds in cut.seconds.items():
        if segment.place is Place.MODULE:
            kind = calls[segment.number].type
        else:
            inside = aligned.gaps[segment.number]
            kind = static[inside[0]].type if inside else "outside"
        totals[kind] = totals.get(kind, 0.0) + seconds
    return totals


def _profiled(workload: Workload) -> dict[str, float]:
    """Return seconds by operator of one iteration; only operators that no other one contains."""
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        workload.iterate()
    totals: dict[str, float] = {}
    for event in profiler.events() or []:
        if event.cpu_parent is None:
            totals[event.name] = totals.get(event.name, 0.0) + event.cpu_time_total / 1e6
    return totals


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "resnet18", int(sys.argv[2]) if len(sys.argv) > 2 else 8)  # noqa: PLR2004
