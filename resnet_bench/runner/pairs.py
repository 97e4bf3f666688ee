"""Launch pairs on this machine, or on one that a launcher reaches: there all of a comparison is made by its far end."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from resnet_bench import units
from resnet_bench.records import Environment
from resnet_bench.records.live import Matchup, MatchupResult
from resnet_bench.runner import live, revisions
from resnet_bench.runner.launchers import table
from resnet_bench.runner.launchers.fleet import RemoteLauncher
from resnet_bench.runner.revisions import Revisions
from resnet_bench.wire.answers import Probed
from resnet_bench.wire.pairs import PairsMade, PairsRequest
from resnet_bench.words import say

OnPair = Callable[[int, float], None]


def probed(there: RemoteLauncher | None, device: str) -> Probed:
    """Return what the machine is, and what it calls the device.

    Raises:
        ResNetBenchError: it is not there, or lacks the device; a variable of its environment falsifies figures.
    """
    if there is None:
        return table.launcher().machines(device)[0]
    found = there.machines(device)[0]
    found.refuse_falsified()
    return found


def environment(there: RemoteLauncher | None, device: str) -> Environment:
    """Return what the machine is.

    Raises:
        ResNetBenchError: as `probed`.
    """
    return probed(there, device).environment


def compare(
    there: RemoteLauncher | None,
    matchups: Sequence[Matchup],
    both: Revisions,
    terms: live.Terms,
    *,
    on_pair: OnPair | None = None,
    turns: Path | None = None,
) -> tuple[tuple[MatchupResult, ...], tuple[str, str]]:
    """Measure two revisions of the machine's own repository, and return what came out, and what both sides are called.

    Raises:
        UsageError, UnsupportedError, IncompleteError: as `revisions.compare`, or the machine gives no answer.
    """
    if there is None:
        outcomes, (left, right) = revisions.compare(matchups, both, terms, on_pair=on_pair, turns=turns)
        return outcomes, (left.label, right.label)
    made = _made(there, matchups, terms, both)
    if turns:
        live.save(turns, made.outcomes)
    return made.outcomes, made.labels


def against_itself(
    there: RemoteLauncher | None, matchups: Sequence[Matchup], terms: live.Terms, *, on_pair: OnPair | None = None
) -> tuple[MatchupResult, ...]:
    """Measure what is installed on the machine against itself.

    Raises:
        UsageError, UnsupportedError, IncompleteError: as `live.measure_pairs`, or the machine gives no answer.
    """
    if there is None:
        home = revisions.installation([it.baseline.model for it in matchups])
        return live.measure_pairs(matchups, (home, home), terms, on_pair=on_pair)
    return _made(there, matchups, terms, None).outcomes


def answered(request: PairsRequest) -> PairsMade:
    """Make the pairs on this machine for a parent on another one.

    Raises:
        UsageError, UnsupportedError, IncompleteError: as `compare` here.
    """
    terms = live.Terms(
        band=request.band, budget_s=request.budget_s, pairs=request.pairs, seed=request.seed, until=request.until
    )
    if not request.base:
        outcomes = against_itself(None, request.matchups, terms)
        return PairsMade(outcomes=outcomes, labels=("", ""))
    both = Revisions(
        base=request.base,
        contender=request.contender,
        repository=Path(request.repository),
        install=request.install,
    )
    outcomes, labels = compare(None, request.matchups, both, terms)
    return PairsMade(outcomes=outcomes, labels=labels)


def _made(there: RemoteLauncher, matchups: Sequence[Matchup], terms: live.Terms, both: Revisions | None) -> PairsMade:
    say(f"measuring launch pairs on {there.machine.name}, for up to {units.duration(terms.budget_s)}")
    request = PairsRequest(
        matchups=tuple(matchups),
        band=terms.band,
        budget_s=terms.budget_s,
        pairs=terms.pairs,
        seed=terms.seed,
        until=terms.until,
    )
    if both is not None:
        request = msgspec.structs.replace(
            request,
            base=both.base,
            contender=both.contender,
            repository=str(both.repository),
            install=both.install,
        )
    return there.ask(request)
