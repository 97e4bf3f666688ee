"""Damaged files through every command that reads them: `python -m tests.fuzz --examples 100000`.

The same seed gives the same examples: `--only 1234` runs one of them again and shows it whole.
"""

import argparse
import heapq
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

from tests.fuzzing.door import Door, Tried

_SHOWN = 40


def main() -> int:
    """Run the examples, print counts by outcome, the slowest ten and every broken contract."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--examples", type=int, default=2000)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--only", type=int, help="the number of one example")
    given = asked.parse_args()
    numbers = range(given.examples) if given.only is None else [given.only]
    counts: Counter[str] = Counter()
    slowest: list[tuple[float, int, str]] = []
    faults = 0
    place = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112 - the quickest place there is
    with tempfile.TemporaryDirectory(dir=place) as scratch, Door(Path(scratch)) as door:
        for number in numbers:
            tried = door.try_one(Random(f"{given.seed}-{number}"))
            counts[tried.outcome] += 1
            slowest = heapq.nlargest(10, (*slowest, (tried.done.seconds, number, tried.command)))
            if tried.fault or given.only is not None:
                faults += bool(tried.fault)
                _show(number, tried, whole=given.only is not None, quietly=faults > _SHOWN)
            if number % 1000 == 999:
                print(f"{number + 1:,}: {dict(counts)}", file=sys.stderr, flush=True)
    print(f"{sum(counts.values()):,} examples")
    for outcome, count in counts.most_common():
        print(f"{count:9,} {outcome}")
    print("slowest:")
    for seconds, number, command in slowest:
        print(f"{seconds:9.3f} s, example {number}: {command}")
    return 1 if faults else 0


def _show(number: int, tried: Tried, *, whole: bool, quietly: bool) -> None:
    if not quietly:
        print(f"example {number}: {tried}", flush=True)
    if whole:
        print(tried.done.out, tried.done.err, sep="\n")


if __name__ == "__main__":
    sys.exit(main())
