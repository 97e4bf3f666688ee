"""What the reference costs the network that it takes turns with: the same network with and without it, in turns.

    python -m benchmarks.disturbance [--pairs 60]

Two launches differ by more than the reference could ever cost, so both sides are stretches of half a second in one
process, in the order with, without, without, with. What is compared is the median of the samples of each stretch, by
CPU time and as elapsed; the bar is 1 %.
"""

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from resnet_bench.analysis.stats import t_quantile
from resnet_bench.config.suite_file import load_suite
from resnet_bench.machine.environment import usual_allocator
from resnet_bench.records import Case, Mode, Samples, TimingProtocol
from resnet_bench.runner.launchers.variables import child_variables
from resnet_bench.runner.plan import resolved
from resnet_bench.wire.setting import ChildSetting

if TYPE_CHECKING:
    from resnet_bench.profilers.interleaving import Interleaving

STRETCH_S = 0.5
LEAST_SAMPLES = 3
CASES = {
    "resnet18 batch 1": Case(model="resnet18", batch_size=1, image_size=224, device="cpu", threads=1),
    "resnet18 batch 4": Case(model="resnet18", batch_size=4, image_size=224, device="cpu", threads=1),
    "resnet50 batch 4": Case(model="resnet50", batch_size=4, image_size=224, device="cpu", threads=1),
    "resnet18 training batch 4, 96 px": Case(
        model="resnet18", mode=Mode.TRAINING, batch_size=4, image_size=96, device="cpu", threads=1
    ),
    "cifar_resnet20 batch 1": Case(model="cifar_resnet20", batch_size=1, image_size=32, device="cpu", threads=1),
}


def main() -> None:
    """Print a row a case, each from a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--case", choices=CASES, help="only this one, in this process")
    asked = parser.parse_args()
    if asked.case:
        print(row(asked.case, pairs=asked.pairs), flush=True)
        return
    print("| case | CPU time, with / without | 95 % interval | elapsed | 95 % interval | samples a side | load |")
    print("|---|--:|---|--:|---|--:|--:|", flush=True)
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as scratch:
            variables = child_variables(
                ChildSetting(threads=case.threads, allocator=usual_allocator()), scratch=Path(scratch)
            )
            again = [sys.executable, "-m", "benchmarks.disturbance", "--case", name, "--pairs", str(asked.pairs)]
            subprocess.run(again, env=variables, check=True)


def row(name: str, *, pairs: int) -> str:
    """Measure a case in this process, and return its row."""
    from resnet_bench.child.prepare import load
    from resnet_bench.profilers import throughput
    from resnet_bench.profilers.reference import HostReference
    from resnet_bench.profilers.sampler import sample

    case = msgspec.structs.replace(CASES[name], allocator=usual_allocator())
    protocol = load_suite(preset="standard").protocol
    loaded = load(case, resolved([case.model], ())[case.model], seed=protocol.seed)
    workload, clock = loaded
    reference = HostReference(threads=case.threads, allocator=case.allocator)
    with workload.running():
        warmup = loaded.warm_up(protocol, loaded.gauge())
        iteration_s = throughput.pace_of(warmup).isolated_s
        turns = reference.turns(clock, iteration_s=iteration_s)(iteration_s)
        count = max(LEAST_SAMPLES, round(STRETCH_S / iteration_s))

        def stretch(turns: "Interleaving | None") -> Samples:
            return sample(
                workload.iterate,
                clock,
                protocol=TimingProtocol.ISOLATED,
                iterations=1,
                min_samples=count,
                max_samples=count,
                target_interval=0.0,
                budget_s=math.inf,
                turns=turns,
            )

        compared = [(stretch(with_it), stretch(without)) for with_it, without in orders(turns, pairs)]
    sides = [pair if at % 2 == 0 else pair[::-1] for at, pair in enumerate(compared)]
    by_cpu = [ratio_log(first.cpu_s or (), second.cpu_s or ()) for first, second in sides]
    elapsed = [ratio_log(first.elapsed_s, second.elapsed_s) for first, second in sides]
    found = " | ".join(interval(logs) for logs in (by_cpu, elapsed))
    return f"| {name} | {found} | {pairs * count:,} | {os.getloadavg()[0]:.1f} |"


def orders(turns: "Interleaving", pairs: int) -> Iterator[tuple["Interleaving | None", "Interleaving | None"]]:
    """Yield the two stretches of each pair: the one with the reference goes first in every other pair."""
    for at in range(pairs):
        yield (turns, None) if at % 2 == 0 else (None, turns)


def ratio_log(with_it: Sequence[float], without: Sequence[float]) -> float:
    """Return the logarithm of the ratio of two stretches' medians."""
    return math.log(statistics.median(with_it) / statistics.median(without))


def interval(logs: Sequence[float]) -> str:
    """Return the mean ratio and its 95 % interval as two cells."""
    mean = statistics.fmean(logs)
    half = t_quantile(len(logs) - 1, 0.95) * statistics.stdev(logs) / math.sqrt(len(logs))
    return f"{math.exp(mean):.4f} | {math.exp(mean - half):.4f} to {math.exp(mean + half):.4f}"


if __name__ == "__main__":
    main()
