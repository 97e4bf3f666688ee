"""Two sides measured now, against each other: fresh launch pairs until every case is decided or the budget ends.

Inside a pair the two processes take turns in random order, as short as can be timed well, so that drift and
neighbours hit both alike: on a shared machine neighbouring iterations of 12 ms resembled each other (correlation 0.6
to 0.9) more than those 120 ms apart (0.2 to 0.6). A pair gives one number per case, the median log ratio of its
turns. Cases of one thread take their turns on one core: of two cores of a shared machine one was often up to 20 %
slower for as long as a pair lasted. What is left is the bias of a launch (memory layout and the like), which only
fresh pairs average out.
"""

import hashlib
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from resnet_bench.analysis.verdicts.sequential import LOOKS, decide
from resnet_bench.records import Case, Record, Verdict
from resnet_bench.records.live import Decision, Matchup, MatchupResult, PairedSamples, Side, Start, Until
from resnet_bench.runner import equal_code
from resnet_bench.runner.artifacts import is_converted, shared_root
from resnet_bench.runner.equal_code import EqualCode
from resnet_bench.runner.launchers.fork_server import Child
from resnet_bench.runner.launchers.forked import LaunchPairs, best_start
from resnet_bench.storage import files, lines
from resnet_bench.wire.live import Bind, Compare, Compared, Iterate, Prepare, Ready
from resnet_bench.wire.setting import setting_of

SHORTEST_TURN_S = 0.004
FEWEST_TURNS = 11


class Terms(Record, frozen=True, kw_only=True):
    """How long to measure, and what counts as a change; no `start` means the best that is safe here."""

    band: float = 0.02
    budget_s: float = 600.0
    turns_s: float = 1.0
    pairs: int = LOOKS[-1]
    seed: int = 0
    until: Until = Until.DECIDED
    equal_code: EqualCode = EqualCode.MEASURED
    start: Start | None = None
    answer_limit_s: float = 300.0


class _Preparation(NamedTuple):
    """How sides are asked to prepare a case; what it is converted to is kept below `kept` for their later launches."""

    seed: int
    kept: Path | None

    def of(self, side: Side, case: Case) -> Prepare:
        """Return the request; sides of one code share what they make."""
        folder = ""
        if self.kept is not None and is_converted(case):
            whose = f"{side.root}\0{side.python}\0{case.key}"
            own = self.kept / hashlib.sha256(whose.encode()).hexdigest()[:16]
            own.mkdir(exist_ok=True)
            folder = str(own)
        return Prepare(root=side.root, package=side.package, case=case, seed=self.seed, artifacts=folder)


def measure_pairs(
    matchups: Sequence[Matchup],
    sides: tuple[Side, Side],
    terms: Terms,
    *,
    on_pair: Callable[[int, float], None] | None = None,
    output: Path | None = None,
    known: Mapping[str, Decision] = {},
) -> tuple[MatchupResult, ...]:
    """Measure launch pairs until every matchup is decided, `terms.pairs` are made, or the budget would be exceeded.

    What was measured is saved to `output`, where one is given, however this ends. `known` are decisions of contenders
    against the same baseline, by the digest of their code: where equal code is not measured, those hold.

    Raises:
        UsageError: a side's code cannot be imported or lacks the case.
        UnsupportedError: a side does not compute the network (its output is not finite).
        IncompleteError: a side's process died.
    """
    rng = random.Random(terms.seed)  # noqa: S311 - order of turns, no secret
    turns: list[list[PairedSamples]] = [[] for _ in matchups]
    compared: Sequence[tuple[Compared, Compared]] = [(Compared(), Compared()) for _ in matchups]
    codes, by_code = [""] * len(matchups), dict[int, Decision]()

    def outcomes() -> tuple[MatchupResult, ...]:
        found = _outcomes(matchups, turns, compared, terms, by_code)
        return tuple(msgspec.structs.replace(it, code=code) for it, code in zip(found, codes, strict=True))

    began, longest = time.monotonic(), 0.0
    settings = (setting_of(matchups[0].baseline), setting_of(matchups[0].contender))
    start = terms.start or best_start(sides, settings)
    try:
        with (
            shared_root(case for it in matchups for case in (it.baseline, it.contender)) as kept,
            LaunchPairs(sides, settings=settings, start=start, answer_limit_s=terms.answer_limit_s, rng=rng) as pairs,
        ):
            preparation = _Preparation(seed=terms.seed, kept=kept)
            compared = _compared(matchups, pairs, preparation)
            began = time.monotonic()
            for pair in range(terms.pairs):
                open_matchups = [
                    index
                    for index in range(len(matchups))
                    if index not in by_code and _goes_on(turns[index], terms, len(matchups))
                ]
                pair_began = time.monotonic()
                if not open_matchups or pair_began - began + longest > terms.budget_s:
                    break
                rng.shuffle(open_matchups)
                with pairs.pair() as children:
                    for index in open_matchups:
                        ready = _prepared(matchups[index], children, preparation)
                        codes[index] = equal_code.digest(ready[1])
                        settles = pair == 0 and terms.equal_code is EqualCode.UNCHANGED
                        found = equal_code.decided(matchups[index], ready, known) if settles else None
                        if found is None:
                            turns[index].append(_take_turns(pair, ready, children, terms, rng))
                        else:
                            by_code[index] = found
                longest = max(longest, time.monotonic() - pair_began)
                if on_pair and len(by_code) < len(matchups):
                    on_pair(pair + 1, time.monotonic() - began)
    finally:
        if output and any(turns):
            save(output, outcomes())
    return outcomes()


def save(path: Path, outcomes: Sequence[MatchupResult]) -> None:
    """Write every turn of every pair, a JSON line per matchup.

    Raises:
        StoreError: the file cannot be written.
    """
    files.whole(path, lines.encoded(tuple(outcomes)))


def holds_turns(path: Path) -> bool:
    """Return whether a file is one that `save` wrote."""
    return lines.hold(path, MatchupResult)


def _outcomes(
    matchups: Sequence[Matchup],
    turns: Sequence[Sequence[PairedSamples]],
    compared: Sequence[tuple[Compared, Compared]],
    terms: Terms,
    by_code: Mapping[int, Decision],
) -> tuple[MatchupResult, ...]:
    return tuple(
        MatchupResult(
            matchup=matchup,
            turns=tuple(found),
            decision=by_code.get(index) or _judge(found, terms, len(matchups)),
            baseline_agreement=baseline.agreement,
            contender_agreement=contender.agreement,
            remarks=tuple(dict.fromkeys((*baseline.said, *contender.said))),
        )
        for index, (matchup, found, (baseline, contender)) in enumerate(zip(matchups, turns, compared, strict=True))
    )


def _compared(
    matchups: Sequence[Matchup], pairs: LaunchPairs, preparation: _Preparation
) -> list[tuple[Compared, Compared]]:
    """Hold each side's output against eager float32's, in processes that are not timed.

    Raises:
        UnsupportedError: a side does not compute the network.
    """
    if all(case == case.plain for it in matchups for case in (it.baseline, it.contender)):
        return [(Compared(), Compared()) for _ in matchups]
    with pairs.pair() as (baseline, contender):
        return [
            (_of_side(baseline, it.baseline, preparation), _of_side(contender, it.contender, preparation))
            for it in matchups
        ]


def _of_side(child: Child, case: Case, preparation: _Preparation) -> Compared:
    if case == case.plain:
        return Compared()
    child.ask(preparation.of(child.side, case))
    return child.ask(Compare())


def _judge(turns: Sequence[PairedSamples], terms: Terms, family: int) -> Decision:
    return decide([it.log_ratio for it in turns], band=terms.band, family=family)


def _goes_on(turns: Sequence[PairedSamples], terms: Terms, family: int) -> bool:
    return terms.until is Until.EXHAUSTED or _judge(turns, terms, family).verdict is Verdict.INCONCLUSIVE


def _prepared(matchup: Matchup, children: tuple[Child, Child], preparation: _Preparation) -> tuple[Ready, Ready]:
    for child, case in zip(children, (matchup.baseline, matchup.contender), strict=True):
        prepare = preparation.of(child.side, case)
        child.send(prepare)
    baseline, contender = (child.answer(prepare) for child in children)
    return baseline, contender


def _take_turns(
    pair: int, ready: tuple[Ready, Ready], children: tuple[Child, Child], terms: Terms, rng: random.Random
) -> PairedSamples:
    slowest = max(it.iteration_s for it in ready)
    unit = max(1, math.ceil(SHORTEST_TURN_S / max(slowest, 1e-6)))
    taken: tuple[list[float], list[float]] = ([], [])
    cpu: tuple[list[float], list[float]] = ([], [])
    core = _on_one_core(ready, children, rng)
    start = time.monotonic()
    while len(taken[0]) < FEWEST_TURNS or time.monotonic() - start < terms.turns_s:
        for index in rng.sample((0, 1), 2):
            spent = children[index].ask(Iterate(count=unit))
            taken[index].append(spent.elapsed_s / unit)
            if spent.cpu_s is not None:
                cpu[index].append(spent.cpu_s / unit)
    has_cpu = len(cpu[0]) == len(cpu[1])  # not where one side has several threads
    return PairedSamples(
        pair=pair,
        baseline_s=tuple(taken[0]),
        contender_s=tuple(taken[1]),
        baseline_cpu_s=tuple(cpu[0]) if has_cpu else (),
        contender_cpu_s=tuple(cpu[1]) if has_cpu else (),
        core=core,
    )


def _on_one_core(ready: tuple[Ready, Ready], children: tuple[Child, Child], rng: random.Random) -> int | None:
    """Bind both sides to one of the cores that the system gave them, and return it; None where they are not bound."""
    given = [it.core for it in ready]
    core = rng.choice(given)
    if core is None or None in given:
        return None
    for child in children:
        child.ask(Bind(core=core))
    return core
