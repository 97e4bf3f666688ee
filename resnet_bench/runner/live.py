"""Two sides measured now, against each other: fresh launch pairs until every case is decided or the budget ends.

Inside a pair the two processes take turns in random order, as short as can be timed well, so that drift and
neighbours hit both alike: on a shared machine neighbouring iterations of 12 ms resembled each other (correlation 0.6
to 0.9) more than those 120 ms apart (0.2 to 0.6). A pair gives one number per case, the median log ratio of its
turns. What is left is the bias of a launch (memory layout and the like), which only fresh pairs average out.
"""

import math
import random
import statistics
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from resnet_bench.analysis.sequential import LOOKS, Decision, decide
from resnet_bench.errors import UsageError
from resnet_bench.git.checkout import Side
from resnet_bench.records import Case, Record, Verdict
from resnet_bench.runner.launchers.fork_server import Child
from resnet_bench.runner.launchers.forked import Launcher, Start, best_start

SHORTEST_TURN_S = 0.004
FEWEST_TURNS = 11
WAITING_TOLERANCE = 0.02


class Duel(Record, frozen=True, kw_only=True):
    """One question: a case on each side (equal, unless configurations are compared)."""

    baseline: Case
    contender: Case


class Turns(Record, frozen=True, kw_only=True):
    """One launch pair of one duel: seconds per iteration of each turn on both sides, in time order.

    For one thread on the CPU also the seconds of CPU that it got: what a neighbour takes from it is not in those.
    """

    pair: int
    baseline_s: tuple[float, ...]
    contender_s: tuple[float, ...]
    baseline_cpu_s: tuple[float, ...] = ()
    contender_cpu_s: tuple[float, ...] = ()

    @property
    def judged_s(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Both sides' seconds per iteration that are compared: of CPU time, or elapsed where a side waits."""
        if self.baseline_cpu_s and abs(self._waiting(0) - self._waiting(1)) <= WAITING_TOLERANCE:
            return self.baseline_cpu_s, self.contender_cpu_s
        return self.baseline_s, self.contender_s

    @property
    def log_ratio(self) -> float:
        """Median log(contender / baseline) of the turns as judged."""
        return _median_log_ratio(*self.judged_s)

    @property
    def elapsed_log_ratio(self) -> float:
        """Median log(contender / baseline) of the turns' elapsed time."""
        return _median_log_ratio(self.baseline_s, self.contender_s)

    def _waiting(self, side: int) -> float:
        """Return the smallest share of a turn that a side spent off the CPU: its own waiting, not a neighbour's."""
        elapsed, cpu = ((self.baseline_s, self.baseline_cpu_s), (self.contender_s, self.contender_cpu_s))[side]
        return min(1 - got / lasted for got, lasted in zip(cpu, elapsed, strict=True))


def _median_log_ratio(baseline_s: Sequence[float], contender_s: Sequence[float]) -> float:
    both = zip(baseline_s, contender_s, strict=True)
    return statistics.median(math.log(contender / baseline) for baseline, contender in both)


class Outcome(Record, frozen=True, kw_only=True):
    """A duel with its launch pairs and the decision."""

    duel: Duel
    turns: tuple[Turns, ...]
    decision: Decision


class Until(StrEnum):
    """When to stop making launch pairs: at a decision for every case, or when `pairs` are made."""

    DECIDED = "decided"
    EXHAUSTED = "exhausted"


class Terms(Record, frozen=True, kw_only=True):
    """How long to measure, and what counts as a change; no `start` means the best that is safe here."""

    band: float = 0.02
    budget_s: float = 600.0
    turns_s: float = 1.0
    pairs: int = LOOKS[-1]
    seed: int = 0
    until: Until = Until.DECIDED
    start: Start | None = None
    answer_limit_s: float = 300.0


def fight(
    duels: Sequence[Duel],
    sides: tuple[Side, Side],
    terms: Terms,
    *,
    on_pair: Callable[[int, float], None] | None = None,
    output: Path | None = None,
) -> tuple[Outcome, ...]:
    """Measure launch pairs until every duel is decided, `terms.pairs` are made, or the budget would be exceeded.

    What was measured is saved to `output`, where one is given, however this ends.

    Raises:
        UsageError: a side's code cannot be imported or lacks the case.
        IncompleteError: a side's process died.
    """
    rng = random.Random(terms.seed)  # noqa: S311 - order of turns, no secret
    turns: list[list[Turns]] = [[] for _ in duels]
    began, longest = time.monotonic(), 0.0
    threads = (duels[0].baseline.threads, duels[0].contender.threads)
    start = terms.start or best_start(sides)
    try:
        with Launcher(sides, threads=threads, start=start, answer_limit_s=terms.answer_limit_s, rng=rng) as launcher:
            for pair in range(terms.pairs):
                open_duels = [index for index in range(len(duels)) if _goes_on(turns[index], terms, len(duels))]
                pair_began = time.monotonic()
                if not open_duels or pair_began - began + longest > terms.budget_s:
                    break
                rng.shuffle(open_duels)
                with launcher.pair() as children:
                    for index in open_duels:
                        turns[index].append(_take_turns(pair, duels[index], children, terms, rng))
                longest = max(longest, time.monotonic() - pair_began)
                if on_pair:
                    on_pair(pair + 1, time.monotonic() - began)
    finally:
        if output and any(turns):
            save(output, _outcomes(duels, turns, terms))
    return _outcomes(duels, turns, terms)


def save(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write every turn of every pair, a JSON line per duel.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        path.write_bytes(b"".join(msgspec.json.encode(outcome) + b"\n" for outcome in outcomes))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}.") from error


def _outcomes(duels: Sequence[Duel], turns: Sequence[Sequence[Turns]], terms: Terms) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(duel=duel, turns=tuple(found), decision=_judge(found, terms, len(duels)))
        for duel, found in zip(duels, turns, strict=True)
    )


def _judge(turns: Sequence[Turns], terms: Terms, family: int) -> Decision:
    return decide([it.log_ratio for it in turns], band=terms.band, family=family)


def _goes_on(turns: Sequence[Turns], terms: Terms, family: int) -> bool:
    return terms.until is Until.EXHAUSTED or _judge(turns, terms, family).verdict is Verdict.INCONCLUSIVE


def _take_turns(pair: int, duel: Duel, children: tuple[Child, Child], terms: Terms, rng: random.Random) -> Turns:
    for child, case in zip(children, (duel.baseline, duel.contender), strict=True):
        prepare = {"type": "prepare", "root": child.side.root, "case": msgspec.to_builtins(case), "seed": terms.seed}
        child.send(prepare)
    slowest = max(child.receive()["iteration_s"] for child in children)
    unit = max(1, math.ceil(SHORTEST_TURN_S / max(slowest, 1e-6)))
    taken: tuple[list[float], list[float]] = ([], [])
    cpu: tuple[list[float], list[float]] = ([], [])
    start = time.monotonic()
    while len(taken[0]) < FEWEST_TURNS or time.monotonic() - start < terms.turns_s:
        for index in rng.sample((0, 1), 2):
            children[index].send({"type": "iterate", "count": unit})
            answer = children[index].receive()
            taken[index].append(answer["elapsed_s"] / unit)
            if answer["cpu_s"] is not None:
                cpu[index].append(answer["cpu_s"] / unit)
    has_cpu = len(cpu[0]) == len(cpu[1])  # not where one side has several threads
    return Turns(
        pair=pair,
        baseline_s=tuple(taken[0]),
        contender_s=tuple(taken[1]),
        baseline_cpu_s=tuple(cpu[0]) if has_cpu else (),
        contender_cpu_s=tuple(cpu[1]) if has_cpu else (),
    )
