"""The two sides of a live comparison, and what launch pairs of them gave."""

from pathlib import Path

import numpy as np

from resnet_bench.analysis.verdicts.sequential import decide
from resnet_bench.records import Case
from resnet_bench.records.live import Matchup, MatchupResult, PairedSamples, Side

ROOT = Path(__file__).parents[2]


def side(label="this one", root=ROOT):
    return Side(label=label, root=str(root))


def matchup(baseline: Case, contender: Case | None = None) -> Matchup:
    """Return a case against another, or against itself."""
    return Matchup(baseline=baseline, contender=contender or baseline)


def matchup_result(matchup: Matchup, *, change: float, spread: float, pairs: int) -> MatchupResult:
    """Return pairs of 10 ms whose contender is slower by a change, with a spread between pairs, and the decision."""
    biases = np.random.default_rng(pairs).normal(np.log1p(change), spread, pairs)
    baseline_s = (0.01, 0.0101, 0.0099)
    turns = tuple(
        PairedSamples(
            pair=pair,
            baseline_s=baseline_s,
            contender_s=tuple(round(it * float(np.exp(round(float(bias), 4))), 8) for it in baseline_s),
        )
        for pair, bias in enumerate(biases)
    )
    decision = decide([it.log_ratio for it in turns], band=0.02, family=3)
    return MatchupResult(matchup=matchup, turns=turns, decision=decision)
