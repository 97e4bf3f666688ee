"""A choice in sentences: what to take and what supports it, what ties with it, what is undecided, what misses."""

from collections.abc import Iterator, Sequence

import msgspec

from resnet_bench.analysis.candidates import BudgetTest, Candidate, Fit
from resnet_bench.analysis.choice import Choice, ModelChoice
from resnet_bench.analysis.criteria import ACCURACY, Criterion, Estimate, find_criterion
from resnet_bench.records import Figures
from resnet_bench.report.claim_words import doubt, too_few
from resnet_bench.report.labels import Labels
from resnet_bench.report.sections.agreement_columns import case_named
from resnet_bench.words import listed


def question(choice: Choice) -> str:
    """Return what is asked: "Best for accuracy with latency p95 at most 200 ms at batch 1"."""
    budgets = listed([str(it) for it in choice.query.budgets], limit=len(choice.query.budgets))
    return f"Best for {choice.objective.words}{f' with {budgets}' if budgets else ''}"


def answer(choice: Choice, labels: Labels) -> tuple[str, ...]:
    """Return the answer, a sentence a line."""
    return tuple(_sentences(choice, labels))


def ranked_by(choice: Choice) -> tuple[str, ...]:
    """Say that models are ranked by other figures than those shown, where they are."""
    fitting = sum(it.fit is Fit.FITS for it in choice.models)
    if choice.standing is None or choice.standing.figures is Figures.RAW or fitting < 2:  # noqa: PLR2004 - a rank
        return ()
    return ("Models are ranked by figures corrected for drift; those shown, and limits, are of what was measured.",)


def name(candidate: Candidate, labels: Labels) -> str:
    """Return a case in words: "resnet50 · bf16, batch 1", with its agreement where its accuracy is of fp32."""
    return case_named(candidate.result, labels)


def figure(estimate: Estimate, criterion: Criterion) -> str:
    """Return a figure with its interval: "140.3 ms (131.0 to 151.2 ms)"."""
    said = criterion.say(estimate.value)
    if estimate.exact or estimate.low is None or estimate.high is None:
        return said
    low, high = criterion.say(estimate.low), criterion.say(estimate.high)
    number, _, unit = low.partition(" ")
    return f"{said} ({number if high.endswith(unit) else low} to {high})"


def outcome(test: BudgetTest) -> str:
    """Return what became of one budget: "fits", "misses by 38 ms", "undecided", "not measured"."""
    if test.fit is not Fit.MISSES:
        return test.fit.value
    return f"misses by {find_criterion(test.budget.criterion).say(test.missed_by)}"


def _sentences(choice: Choice, labels: Labels) -> Iterator[str]:
    best = choice.best.best if choice.best else None
    if best is None:
        budgets = " and ".join(str(it) for it in choice.query.budgets)
        yield f"No model is known to keep {budgets}." if budgets else "No model was measured."
    else:
        yield _taken(choice, best, labels)
        if not best.supported:
            yield f"That it fits is not proven: {_why_not(best)}."
    for it in choice.models:
        for candidate in it.undecided:
            said = [
                f"{_measured(test)} is on both sides of the limit"
                for test in candidate.tests
                if test.fit is Fit.UNDECIDED
            ]
            yield f"Undecided: {name(candidate, labels)}, whose {listed(said)}."
    missing = [it for it in choice.models if it.fit is Fit.MISSES and it.best]
    if missing:
        yield f"{listed([_miss(it, labels) for it in _nearest(missing)])}."
    unknown = [it.model for it in choice.models if it.fit is Fit.UNKNOWN]
    if unknown:
        yield f"Nothing is known of {listed(unknown)}."


def _taken(choice: Choice, best: Candidate, labels: Labels) -> str:
    criterion = find_criterion(choice.objective.criterion)
    said = [f"{choice.objective.words} {figure(best.figure, criterion)}", *(_measured(test) for test in best.tests)]
    figures = "; ".join(dict.fromkeys(said))
    if choice.standing and choice.standing.by_correction:
        figures += "; corrected for drift it is ahead of one that measured better"
    if choice.best and choice.standing and choice.tied:
        tied = [choice.best, *choice.tied]
        names = [name(it.best, labels) for it in tied if it.best]
        if all(it.best.figure.exact and it.best.figure.value == best.figure.value for it in tied if it.best):
            why = f"a tie with {listed(names[1:])}"
        else:
            place = msgspec.structs.replace(choice.standing, first=0, rivals=tuple(range(1, len(names))))
            by = "agreement with fp32" if criterion is ACCURACY else "these launches"
            why = doubt(names, place, quality="the best", by=by)
        return f"{names[0]}: {figures}; {why}."
    return f"{name(best, labels)}: {figures}."


def _why_not(best: Candidate) -> str:
    """Return why what fits is not proven to."""
    if any(it.figure is not None and it.figure.bare for it in best.tests):
        return "its accuracy is published for fp32"
    return too_few(best.result.latency.launches if best.result.latency else 0)


def _measured(test: BudgetTest) -> str:
    words = test.budget.words
    return (
        f"{words} {figure(test.figure, find_criterion(test.budget.criterion))}" if test.figure else f"{words} unknown"
    )


def _nearest(models: Sequence[ModelChoice]) -> list[ModelChoice]:
    return sorted(models, key=lambda it: it.best.worst_miss if it.best else 0.0)


def _miss(model: ModelChoice, labels: Labels) -> str:
    if model.best is None:
        return model.model
    missed = [it for it in model.best.tests if it.fit is Fit.MISSES]
    said = [f"{it.budget.words} by {find_criterion(it.budget.criterion).say(it.missed_by)}" for it in missed]
    return f"{labels.series(model.best.result.case, run=model.run)} misses {listed(said)}"
