"""Do launches of identical code agree, raw and corrected for drift? Real runs, quiet and beside neighbours.

    python -m benchmarks.repeatability -o reports/repeatability     # goes on where it stopped
    python -m benchmarks.repeatability --table                      # what is there
    python -m benchmarks.repeatability --twice A B                  # two runs of identical code

Raw data are run directories: OUT/quiet, OUT/bursty, OUT/hog; ten launches of a condition take six minutes, six of them
(`--conditions hog --launches 6`) less than four. Spread is the standard deviation of the logarithm of launches'
latency, in percent, in brackets what it may be with 95 % confidence; the bars are the project's for one thread.
"""

import argparse
import math
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from scipy import special

from benchmarks.neighbours import CONDITIONS, beside
from resnet_bench.analysis.digest import digest, digests_of
from resnet_bench.analysis.metrics import LATENCY
from resnet_bench.records import Case, Launch, Mode, Run, Summary
from resnet_bench.storage import run_directory

SUITE = """
device = "cpu"

[protocol]
launches = {launches}
target_interval = 0.02
min_samples = 10
max_samples = 1000
sampling_budget_s = 5
throughput_budget_s = 1
warmup_min_iterations = 3
warmup_budget_s = 2
reference = "auto"

[[sweep]]
models = ["resnet18"]
batch_sizes = [1, 4]
threads = [1]

[[sweep]]
models = ["resnet50"]
batch_sizes = [4]
threads = [1]

[[sweep]]
models = ["resnet18"]
modes = ["training"]
batch_sizes = [4]
image_sizes = [96]
threads = [1]

[[sweep]]
models = ["cifar_resnet20"]
batch_sizes = [1]
threads = [1]
"""


class Bar(NamedTuple):
    """The largest spread that is good enough, quiet and beside a neighbour, in percent."""

    quiet: float
    disturbed: float


def bar(case: Case) -> Bar:
    """Return the bar of a case."""
    if case.mode is Mode.TRAINING:
        return Bar(4, 5)
    if case.model.startswith("cifar"):
        return Bar(3, 3.5)
    return Bar(2, 4) if case.model == "resnet50" else Bar(2, 3.5)


def main() -> None:
    """Measure what is lacking, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("reports/repeatability"))
    parser.add_argument("--launches", type=int, default=10)
    parser.add_argument("--conditions", nargs="+", default=list(CONDITIONS), choices=list(CONDITIONS))
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--twice", nargs=2, type=Path, metavar="RUN")
    asked = parser.parse_args()
    if asked.twice:
        print("\n".join(twice(*(run_directory.load(path) for path in asked.twice))))
        return
    if not asked.table:
        for condition in asked.conditions:
            measure(asked.output, condition, asked.launches)
    print("\n".join(table(asked.output)))


def measure(output: Path, condition: str, launches: int) -> None:
    """Measure one condition by the real command line, or go on where it stopped."""
    output.mkdir(parents=True, exist_ok=True)
    suite, run = output / "suite.toml", output / condition
    suite.write_text(SUITE.format(launches=launches))
    what = ["--resume", str(run)] if run_directory.is_run(run) else [str(suite), "-o", str(run)]
    with beside(condition):
        subprocess.run([sys.executable, "-m", "resnet_bench", "run", *what], stdout=subprocess.DEVNULL, check=True)


def table(output: Path) -> Iterator[str]:
    """Yield a row for each case and condition that was measured."""
    yield "| case | condition | launches | load | raw % | CPU time % | corrected % | bar % | raw / corrected | b |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for condition in CONDITIONS:
        if not run_directory.is_run(output / condition):
            continue
        run = run_directory.load(output / condition)
        for measured, reduced in zip(run.measurements, digest(run).cases, strict=True):
            latency = next(it for it in reduced.summaries if it.metric == LATENCY.name)
            yield _row(measured.case, condition, latency, _load(measured.launches))


def _row(case: Case, condition: str, latency: Summary, load: float) -> str:
    limits = bar(case)
    limit = limits.quiet if condition == "quiet" else limits.disturbed
    if latency.corrected is None:
        return f"| {case.key} | {condition} | {latency.launches} | {load:.1f} | no reference |"
    found = latency.corrected.correction
    spreads = (found.spread_raw, found.spread_cpu, found.spread_corrected)
    raw, cpu, corrected = (math.nan if it is None else 100 * it for it in spreads)
    met = "" if corrected <= limit else " (missed)"
    shown = _with_bounds(corrected, latency.launches)
    return (
        f"| {case.key} | {condition} | {latency.launches} | {load:.1f} | {raw:.1f} | {cpu:.1f} | {shown} "
        f"| {limit:g}{met} | {raw / corrected:.1f} | {found.coefficient:.2f} |"
    )


def _with_bounds(spread: float, launches: int) -> str:
    """Return a standard deviation with its chi-squared interval, of normal launches: 2.9 (2.0 to 5.3) of ten."""
    if launches < 2:  # noqa: PLR2004 - one has none
        return "-"
    low, high = (spread * math.sqrt((launches - 1) / special.chdtri(launches - 1, tail)) for tail in (0.025, 0.975))
    return f"{spread:.1f} ({low:.1f} to {high:.1f})"


def _load(launches: Sequence[Launch]) -> float:
    return statistics.median(launch.before.load_average or 0.0 for launch in launches)


def twice(first: Run, second: Run) -> Iterator[str]:
    """Yield how far two runs of identical code lie apart: |log ratio| of each case, and the median over cases."""
    # At one speed, whatever each of them recorded.
    sides = [{it.case: it for it in reduced.cases} for reduced in digests_of((first, second))]
    apart: dict[str, list[float]] = {"raw": [], "corrected": []}
    yield "| case | raw % | corrected % |"
    yield "|---|--:|--:|"
    for case in sides[0]:
        if case not in sides[1]:
            continue
        pair = [next(it for it in side[case].summaries if it.metric == LATENCY.name) for side in sides]
        raw = 100 * math.log(pair[1].median / pair[0].median)
        apart["raw"].append(abs(raw))
        corrected = [it.corrected for it in pair if it.corrected is not None]
        if len(corrected) == len(pair):
            moved = 100 * math.log(corrected[1].median / corrected[0].median)
            apart["corrected"].append(abs(moved))
            yield f"| {case.key} | {raw:+.1f} | {moved:+.1f} |"
        else:
            yield f"| {case.key} | {raw:+.1f} | - |"
    medians = [f"{statistics.median(values):.1f}" if values else "-" for values in apart.values()]
    yield f"| median of absolute values | {' | '.join(medians)} |"


if __name__ == "__main__":
    main()
