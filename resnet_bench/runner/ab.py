"""Two sides measured now, against each other: fresh launch pairs until every case is decided or the budget ends.

Inside a pair the two processes take random turns of a few iterations, so that drift and neighbours hit both alike;
a pair gives one number per case, the median log ratio of its turns. What is left is the bias of a launch (memory
layout and the like), which only fresh pairs average out.
"""

import contextlib
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import msgspec

from resnet_bench.analysis.sequential import LOOKS, Decision, decide
from resnet_bench.errors import IncompleteError, UsageError
from resnet_bench.records import Case, Record, Verdict
from resnet_bench.runner.revision import Side

SHORTEST_TURN_S = 0.004
FEWEST_TURNS = 11
_HARNESS = Path(__file__).resolve().parents[2]
_START = "import sys; sys.path.insert(0, sys.argv[1]); from resnet_bench.runner.ab_worker import main; main()"


class Duel(Record, frozen=True, kw_only=True):
    """One question: a case on each side (equal, unless configurations are compared)."""

    baseline: Case
    contender: Case


class Turns(Record, frozen=True, kw_only=True):
    """One launch pair of one duel: seconds per iteration of each turn on both sides, in time order."""

    pair: int
    baseline_s: tuple[float, ...]
    contender_s: tuple[float, ...]

    @property
    def log_ratio(self) -> float:
        """Median log(contender / baseline) of the turns."""
        both = zip(self.baseline_s, self.contender_s, strict=True)
        return statistics.median(math.log(right / left) for left, right in both)


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
    """How long to measure, and what counts as a change."""

    band: float = 0.02
    budget_s: float = 600.0
    turns_s: float = 1.0
    pairs: int = LOOKS[-1]
    seed: int = 0
    until: Until = Until.DECIDED


def fight(
    duels: Sequence[Duel],
    sides: tuple[Side, Side],
    terms: Terms,
    *,
    on_pair: Callable[[int, float], None] | None = None,
) -> tuple[Outcome, ...]:
    """Measure launch pairs until every duel is decided, `terms.pairs` are made, or the budget would be exceeded.

    Raises:
        UsageError: a side's code cannot be imported or lacks the case.
        IncompleteError: a side's process died.
    """
    rng = random.Random(terms.seed)  # noqa: S311 - order of turns, no secret
    turns: list[list[Turns]] = [[] for _ in duels]
    start, longest = time.monotonic(), 0.0
    for pair in range(terms.pairs):
        open_duels = [index for index in range(len(duels)) if _goes_on(turns[index], terms, len(duels))]
        began = time.monotonic()
        if not open_duels or began - start + longest > terms.budget_s:
            break
        rng.shuffle(open_duels)
        with _launched(sides, duels[0], rng) as children:
            for index in open_duels:
                turns[index].append(_take_turns(pair, duels[index], children, terms, rng))
        longest = max(longest, time.monotonic() - began)
        if on_pair:
            on_pair(pair + 1, time.monotonic() - start)
    return tuple(
        Outcome(duel=duel, turns=tuple(found), decision=_judge(found, terms, len(duels)))
        for duel, found in zip(duels, turns, strict=True)
    )


def save(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write every turn of every pair, a JSON line per duel.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        path.write_bytes(b"".join(msgspec.json.encode(outcome) + b"\n" for outcome in outcomes))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}.") from error


def _judge(turns: Sequence[Turns], terms: Terms, family: int) -> Decision:
    return decide([it.log_ratio for it in turns], band=terms.band, family=family)


def _goes_on(turns: Sequence[Turns], terms: Terms, family: int) -> bool:
    return terms.until is Until.EXHAUSTED or _judge(turns, terms, family).verdict is Verdict.INCONCLUSIVE


class _Child:
    """A side's process, and the conversation with it."""

    def __init__(self, side: Side, threads: int, errors: IO[bytes]) -> None:
        self.side = side
        self._errors = errors
        variables = dict(os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
        variables.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        # -P: the worktree is the current folder and must not shadow the harness while it is imported.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, str(_HARNESS)],
            cwd=side.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=variables,
        )

    def send(self, message: dict[str, Any]) -> None:
        if self._process.stdin is None:  # for the type checker: it is a pipe
            raise ValueError("the child has no pipe")
        with contextlib.suppress(BrokenPipeError):  # it died; receive() says so
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        if self._process.stdout is None:  # for the type checker: it is a pipe
            raise ValueError("the child has no pipe")
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip().splitlines()
            last = said[-1] if said else "without a word"
            raise IncompleteError(f"{self.side.label}: its process ended with {self._process.returncode}: {last}")
        answer: dict[str, Any] = json.loads(line)
        if answer["type"] == "refused":
            raise UsageError(f"{self.side.label}: {answer['message']}.")
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


@contextlib.contextmanager
def _launched(sides: tuple[Side, Side], duel: Duel, rng: random.Random) -> Iterator[tuple[_Child, _Child]]:
    """Start both sides' processes, in random order, and leave none behind."""
    threads = (duel.baseline.threads, duel.contender.threads)
    children: dict[int, _Child] = {}
    with contextlib.ExitStack() as stack:
        for index in rng.sample((0, 1), 2):
            errors = stack.enter_context(tempfile.TemporaryFile())
            children[index] = _Child(sides[index], threads[index], errors)
            stack.callback(children[index].end)
        yield children[0], children[1]


def _take_turns(pair: int, duel: Duel, children: tuple[_Child, _Child], terms: Terms, rng: random.Random) -> Turns:
    for child, case in zip(children, (duel.baseline, duel.contender), strict=True):
        prepare = {"type": "prepare", "root": child.side.root, "case": msgspec.to_builtins(case), "seed": terms.seed}
        child.send(prepare)
    slowest = max(child.receive()["iteration_s"] for child in children)
    unit = max(1, math.ceil(SHORTEST_TURN_S / max(slowest, 1e-6)))
    taken: tuple[list[float], list[float]] = ([], [])
    start = time.monotonic()
    while len(taken[0]) < FEWEST_TURNS or time.monotonic() - start < terms.turns_s:
        count = unit * rng.randint(1, 5)
        for index in rng.sample((0, 1), 2):
            children[index].send({"type": "iterate", "count": count})
            taken[index].append(children[index].receive()["elapsed_s"] / count)
    return Turns(pair=pair, baseline_s=tuple(taken[0]), contender_s=tuple(taken[1]))
