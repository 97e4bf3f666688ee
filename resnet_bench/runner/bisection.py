"""Which commit made it slower: `git bisect`, each step decided by launch pairs against the good commit."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from resnet_bench import units
from resnet_bench.analysis.verdicts import interval_words
from resnet_bench.errors import IncompleteError, ResNetBenchError, UnsupportedError, UsageError
from resnet_bench.git.bisection import Mark, bisecting, commit_of, subject_of
from resnet_bench.records import Verdict
from resnet_bench.records.bisections import BisectionResult, BisectionStep, StepRuling
from resnet_bench.records.live import Decision

# Two revisions to a decision.
Judge = Callable[[str, str], Decision]
_MARKS = {StepRuling.SLOWER: Mark.BAD, StepRuling.NOT_SLOWER: Mark.GOOD, StepRuling.SKIPPED: Mark.SKIP}


def bisect(repository: Path, good: str, bad: str, judge: Judge, *, say: Callable[[str], None]) -> BisectionResult:
    """Find the first commit after `good` that is slower than it, as `bad` is.

    A commit that cannot be measured, or stays undecided, is skipped and said; so several may be left at the end.

    Raises:
        UsageError: no such revisions, or `bad` is not slower.
        IncompleteError: whether it is, stayed undecided.
    """
    first, last = commit_of(repository, good), commit_of(repository, bad)
    steps: list[BisectionStep] = []
    with bisecting(repository, good, bad) as search:
        whole = judge(first, last)
        _refuse_unless_slower(whole, good, bad)
        say(f"{bad} against {good}: {_words(whole)}")
        while (narrowed := search.narrowed).next is not None:
            step = _step(repository, first, narrowed.next, judge)
            steps.append(step)
            outcome = _words(step.decision) if step.decision and not step.detail else step.detail
            say(f"{step.revision[:12]} {step.ruling}: {outcome} ({step.subject}; {narrowed.left} commits were left)")
            search.mark(step.revision, _MARKS[step.ruling])
        candidates = narrowed.candidates
    return BisectionResult(
        good=first,
        bad=last,
        whole=whole,
        steps=tuple(steps),
        candidates=candidates,
        subjects=tuple(subject_of(repository, it) for it in candidates),
        change=_change(candidates, judge) if len(candidates) == 1 else None,
    )


def as_known(decision: Decision, revision: str) -> Decision:
    """Return what a decision on a commit says of another one whose code is the same."""
    if decision.by_code:
        return decision
    reason = f"not measured: the same code as {revision[:12]} ({decision.reason})"
    return msgspec.structs.replace(decision, reason=reason, by_code=True)


def _step(repository: Path, good: str, revision: str, judge: Judge) -> BisectionStep:
    ruling, decision, detail = StepRuling.NOT_SLOWER, None, ""
    try:
        decision = judge(good, revision)
    except (UsageError, IncompleteError, UnsupportedError) as error:
        ruling, detail = StepRuling.SKIPPED, str(error)
    else:
        if decision.verdict is Verdict.REGRESSED:
            ruling = StepRuling.SLOWER
        elif decision.verdict is Verdict.INCONCLUSIVE:
            ruling, detail = StepRuling.SKIPPED, f"undecided: {decision.reason}"
    subject = subject_of(repository, revision)
    return BisectionStep(revision=revision, subject=subject, ruling=ruling, decision=decision, detail=detail)


def _change(candidates: tuple[str, ...], judge: Judge) -> Decision | None:
    """Measure the commit against its parent: what it alone changed."""
    try:
        return judge(f"{candidates[0]}^", candidates[0])
    except ResNetBenchError:
        return None


def _refuse_unless_slower(whole: Decision, good: str, bad: str) -> None:
    if whole.verdict is Verdict.REGRESSED:
        return
    if whole.verdict is Verdict.INCONCLUSIVE:
        raise IncompleteError(f"whether {bad} is slower than {good} stayed undecided: {whole.reason}")
    raise UsageError(f"{bad} is not slower than {good} ({_words(whole)}): there is nothing to look for.")


def _words(decision: Decision) -> str:
    if decision.by_code:
        return f"{decision.verdict}, {decision.reason}"
    said = interval_words.of_decision(decision)
    return f"{decision.verdict}, ratio {units.ratio(decision.ratio)}{f' ({said})' if said else ''}"
