"""How often does the gate decide on real runs of identical code? Three teach a baseline, each other is checked by it.

That is the recipe of docs/gate.md, with every choice of three runs. Whatever is not passed is undecided or a false
alarm: a gate that always says "undecided" is no gate.

    python -m benchmarks.gate_recipe RUN RUN RUN RUN... --limit "5 %"
"""

import argparse
import itertools
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from resnet_bench import units
from resnet_bench.analysis.digest import digest, pool
from resnet_bench.analysis.metrics import LATENCY
from resnet_bench.analysis.verdicts.compare import compare
from resnet_bench.analysis.verdicts.gate import judge
from resnet_bench.analysis.verdicts.noise_bands import FEWEST_RUNS
from resnet_bench.analysis.verdicts.rulings import Status
from resnet_bench.analysis.verdicts.thresholds import Rule
from resnet_bench.records import Figures, Run
from resnet_bench.storage import run_directory


class Decided(NamedTuple):
    """How many rows of latency ended in each status, over all checks, and the median band of the baselines."""

    checks: int
    statuses: Counter[Status]
    band: float


def main() -> None:
    """Print a line for corrected figures, where the runs have them, and one for raw ones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--limit", default="5 %")
    arguments = parser.parse_args()
    if len(arguments.runs) <= FEWEST_RUNS:
        parser.error(f"{FEWEST_RUNS} runs teach a baseline, and at least one more is checked")
    runs = [run_directory.load(path) for path in arguments.runs]
    print("\n".join(lines(runs, arguments.limit)))


def lines(runs: Sequence[Run], limit: str) -> Iterator[str]:
    """Yield what was decided, by each kind of figures."""
    for figures in reversed(Figures):
        found = decide(runs, units.parse_percent(limit), figures)
        rows = found.statuses.total()
        shares = [found.statuses[it] / rows for it in (Status.PASSED, Status.FAILED)]
        decided, passed, failed = map(units.percent_short, (sum(shares), *shares))
        yield (
            f"limit {limit}, {figures} figures: {decided} of {rows} rows of {found.checks} checks decided "
            f"({passed} passed, {failed} failed); median band {units.percent_short(found.band)}"
        )


def decide(runs: Sequence[Run], limit: float, figures: Figures) -> Decided:
    """Check every run against the baseline of every three others."""
    rule = Rule(name="limit", metric=LATENCY.name, limit=limit)
    statuses: Counter[Status] = Counter()
    bands, checks = [], 0
    for contender in runs:
        now = digest(contender)
        for three in itertools.combinations([it for it in runs if it is not contender], FEWEST_RUNS):
            then = pool(three, "main")
            table = compare(then, now, figures=figures)
            result = judge(table, [rule], sides=(then, now))
            statuses.update(it.status for it in result.outcomes)
            bands += [row.band for row in table.comparisons if row.metric == LATENCY.name and row.band is not None]
            checks += 1
    return Decided(checks, statuses, statistics.median(bands))


if __name__ == "__main__":
    main()
