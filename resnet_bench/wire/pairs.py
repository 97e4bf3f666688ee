"""A live comparison that is made on another machine as a whole, so that the sides of a pair never span two."""

from resnet_bench.records import Record
from resnet_bench.records.bounds import Count
from resnet_bench.records.live import Matchup, MatchupResult, Until
from resnet_bench.wire.request import Request

_AROUND_S = 900.0  # checkouts, environments of their own, and the pair under way when the budget ends


class PairsMade(Record, frozen=True, kw_only=True, tag="pairs_made"):
    """What came of each matchup, and what both sides are called."""

    outcomes: tuple[MatchupResult, ...]
    labels: tuple[str, str]


class PairsRequest(Request[PairsMade], frozen=True, kw_only=True, tag="pairs"):
    """Measure launch pairs of two revisions of the `repository` there; without them, of what is installed there.

    A far end answers it, no child: it starts the children of both sides.
    """

    answers = (PairsMade,)
    what = "a live comparison"

    matchups: tuple[Matchup, ...]
    band: float
    budget_s: float
    pairs: Count
    seed: int
    until: Until
    base: str = ""
    contender: str = ""
    repository: str = ""
    install: bool = False

    @property
    def limit_s(self) -> float:
        """The budget, and what is around it."""
        return self.budget_s + _AROUND_S
