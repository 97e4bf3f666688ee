"""When a share of trials is known well enough to stop: Wald's sequential test of a good share against a bad one.

Each trial is right or wrong. Between `BAD` and `GOOD` neither is wanted; the test errs in at most about 5 of 100 where
the share is one of the two, and stops after 15 trials that are all right (Wald 1945, Ann. Math. Stat. 16, 117).
"""

import math
from collections.abc import Sequence

GOOD, BAD, ERROR = 0.98, 0.80, 0.05
_BOUND = math.log((1 - ERROR) / ERROR)


def decided(trials: Sequence[bool]) -> bool | None:
    """Return whether the share of right trials is good, in the order made; None where more are needed."""
    evidence = 0.0
    for right in trials:
        evidence += math.log(GOOD / BAD) if right else math.log((1 - GOOD) / (1 - BAD))
        if abs(evidence) >= _BOUND:
            return evidence > 0
    return None


def sentence(trials: Sequence[bool], share: str) -> str:
    """Say what so many trials decide; `share` is of those that were right, with its interval."""
    words = {
        True: f"more than {BAD:.0%} are right",
        False: f"fewer than {GOOD:.0%} are right",
        None: "not decided yet",
    }
    error = f", at an error of {ERROR:.0%}" if decided(trials) is not None else ""
    return f"{sum(trials)} of {len(trials)} right, {share}: {words[decided(trials)]}{error}"
