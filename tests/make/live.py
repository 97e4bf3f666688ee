"""The two sides of a live comparison."""

from pathlib import Path

from resnet_bench.records import Case
from resnet_bench.records.live import Matchup, Side

ROOT = Path(__file__).parents[2]


def side(label="this one", root=ROOT):
    return Side(label=label, root=str(root))


def matchup(baseline: Case, contender: Case | None = None) -> Matchup:
    """Return a case against another, or against itself."""
    return Matchup(baseline=baseline, contender=contender or baseline)
