"""How often a jump at the newest commits is suspected, and wrongly so, beside asv's own detection.

`python -m benchmarks.suspicion`: series of 30 commits as in benchmarks/change_points.py, six launches a commit with 1 %
noise of their own, and a step of 10 % at the newest commit, at the newest two, or none. Found: a regression that starts
at one of the newest two commits. False: the same where there is none. Bar: false alarms at most 1 %, fewer than found.

`--asv-results FOLDER ...` asks both sides the same of real series, as they are and in random order, where whatever is
found is false; and how many of 1,000 series in random order have any claim at all. Bar: at most 5.
"""

import argparse
import random
from pathlib import Path

import numpy as np

from benchmarks.change_points import KINDS, STEP, make_series, series_of, words

NEWEST = 2
NOISES = (0.01, 0.03)
SHORTEST = 6


def ours(values):
    """Return whether resnet-bench history suspects the newest commits of a regression, and whether it claims any."""
    from resnet_bench.analysis.history.series import judged
    from resnet_bench.records import ChangeOutcome

    one = judged(series_of(values))
    return bool(one.suspected and one.suspected.outcome is ChangeOutcome.REGRESSED), bool(one.changes)


def asvs(values):
    """Return whether `asv publish` has a regression of 5 % at the newest commits, and whether asv sees any step."""
    from asv.step_detect import detect_regressions, detect_steps

    steps = detect_steps(list(map(float, values)))
    _, _, regressions = detect_regressions(steps, threshold=0.05)
    return any(place >= len(values) - NEWEST for _, place, _, _ in regressions or ()), len(steps) > 1


SIDES = {"resnet-bench": ours, "asv publish": asvs}


def simulated(count):
    """Print a row for each noise and side."""
    print(f"{count} simulated series each; 99 % intervals")
    print(f"{'noise':<7}{'side':<14}{'newest one found':<26}{'newest two found':<26}false")
    for noise in NOISES:
        for side, detect in SIDES.items():
            rates = []
            for after, step in ((1, STEP), (2, STEP), (1, 1.0)):
                rng = np.random.default_rng(1)
                made = (make_series(rng, KINDS[0], step=step, after=after, commit_noise=noise) for _ in range(count))
                rates.append(words(sum(detect(values)[0] for values in made), count))
            print(f"{noise:<7.0%}{side:<14}{rates[0]:<26}{rates[1]:<26}{rates[2]}", flush=True)


def real(folders, shuffles):
    """Print what both sides find at the newest commits of real series, and in random order."""
    from resnet_bench.analysis.history import history
    from resnet_bench.interop import asv_read

    print(f"{'results':<28}{'side':<14}{'series':>7}{'newest':>8}{'shuffled':>10}{'newest':>8}{'any claim':>11}")
    total = {side: [0] * 5 for side in SIDES}
    for folder in folders:
        found, _ = history.build([asv_read.read(folder)], [], sources=[str(folder)], repository=Path("/"))
        many = [one.values for one in found.series if len(one.values) >= SHORTEST]
        orders = random.Random(1)  # noqa: S311 - no secret
        mixed = [orders.sample(values, len(values)) for values in many for _ in range(shuffles)]
        for side, detect in SIDES.items():
            newest = sum(detect(values)[0] for values in many)
            false = [detect(values) for values in mixed]
            row = [len(many), newest, len(mixed), sum(it[0] for it in false), sum(it[1] for it in false)]
            total[side] = [sum(pair) for pair in zip(total[side], row, strict=True)]
            print_row(str(folder)[-27:], side, row)
    for side, row in total.items():
        print_row("all", side, row)


def print_row(name, side, row):
    print(f"{name:<28}{side:<14}{row[0]:>7}{row[1]:>8}{row[2]:>10}{row[3]:>8}{row[4]:>11}", flush=True)


def main():
    """Print the simulated rates, or those of real results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--asv-results", type=Path, nargs="+", default=[])
    parser.add_argument("--shuffles", type=int, default=4, help="random orders of each real series")
    arguments = parser.parse_args()
    if arguments.asv_results:
        real(arguments.asv_results, arguments.shuffles)
    else:
        simulated(arguments.series)


if __name__ == "__main__":
    main()
