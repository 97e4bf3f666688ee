"""How often a change point is found and falsely claimed, beside asv's own detection; prints rates with 99 % intervals.

`python -m benchmarks.change_points`: series of 30 commits with 3 % noise between commits, six launches a commit with
1 % noise of their own, and a step of 10 % five commits before the end, or none. Both sides get the same values, each
commit's median over launches. Outliers are 10 to 50 % too slow and hit one launch in ten, or one whole commit in ten.
Found: a regression within two commits of the step. False: any change claimed where there is none. Bars, outliers on
launches included: at least 95 % found, at most 2 % false.
"""

import argparse

import numpy as np

COMMITS = 30
AFTER = 5
TOLERANCE = 2
STEP = 1.10
COMMIT_NOISE = 0.03
LAUNCH_NOISE = 0.01
LAUNCHES = 6
OUTLIERS = 0.1
KINDS = ("no outliers", "1 launch in 10", "1 commit in 10")


def make_series(rng, kind, *, step, after=AFTER, commit_noise=COMMIT_NOISE):
    """Return the commits' medians over launches, shape (COMMITS,), with a step `after` commits before the end."""
    logs = rng.normal(0, commit_noise, (COMMITS, 1)) + rng.normal(0, LAUNCH_NOISE, (COMMITS, LAUNCHES))
    logs[COMMITS - after :] += np.log(step)
    slow = np.log(rng.uniform(1.1, 1.5, logs.shape))
    if kind == KINDS[1]:
        logs += slow * (rng.random(logs.shape) < OUTLIERS)
    elif kind == KINDS[2]:
        logs += slow[:, :1] * (rng.random((COMMITS, 1)) < OUTLIERS)
    return np.median(np.exp(logs), axis=1)


def series_of(values):
    """Return a history's series of these values, one a commit."""
    from resnet_bench.records import HistorySeries

    nothing = (None,) * len(values)
    return HistorySeries(
        **dict(source="asv", machine="", case="", metric="", unit="s", version="", identity={}, failed=0, skipped=0),
        **dict(higher_is_better=False, exact=False, commits=tuple(range(len(values))), low=nothing, high=nothing),
        values=tuple(map(float, values)),
    )


def ours(values):
    """Return the places where resnet-bench history sees a level move by 3 % or more, and which of them are slower."""
    from resnet_bench.analysis.history.series import judged
    from resnet_bench.records import ChangeOutcome

    changes = judged(series_of(values)).changes
    return len(changes), [it.first_after for it in changes if it.outcome is ChangeOutcome.REGRESSED]


def asvs(values):
    """Return the regressions of `asv publish` with its default threshold of 5 %."""
    from asv.step_detect import detect_regressions, detect_steps

    _, _, regressions = detect_regressions(detect_steps(list(values)), threshold=0.05)
    places = [place for _, place, _, _ in regressions or ()]
    return len(places), places


def rates(detect, kind, series):
    """Return how many of so many series with a step were found, and how many without one were accused."""
    rng = np.random.default_rng(1)
    found = false = 0
    for _ in range(series):
        _, places = detect(make_series(rng, kind, step=STEP))
        found += any(abs(place - (COMMITS - AFTER)) <= TOLERANCE for place in places)
        claimed, _ = detect(make_series(rng, kind, step=1.0))
        false += claimed > 0
    return found, false


def words(count, series):
    """Return a rate with its exact (Clopper-Pearson) 99 % interval."""
    from scipy.stats import binomtest

    interval = binomtest(count, series).proportion_ci(confidence_level=0.99, method="exact")
    return f"{count / series:6.1%} ({interval.low:.1%} to {interval.high:.1%})"


def main():
    """Print a row for each kind of outlier and each side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=2000)
    series = parser.parse_args().series
    print(f"{series} series with a step and {series} without; 99 % intervals")
    print(f"{'outliers':<16}{'side':<14}{'found':<28}false")
    for kind in KINDS:
        for side, detect in (("resnet-bench", ours), ("asv publish", asvs)):
            found, false = rates(detect, kind, series)
            print(f"{kind:<16}{side:<14}{words(found, series):<28}{words(false, series)}", flush=True)


if __name__ == "__main__":
    main()
