"""The question box of a page: what can be asked, the data to answer it at once, and the answer to a first question.

The page answers as `analysis.choice` does: it has each case's figures with their bounds, and of each objective what the
interval of two cases' ratio follows from. A test asks both the same questions.
"""

import math
from collections.abc import Sequence

import numpy as np

from resnet_bench.analysis.budgets import Budget, Objective
from resnet_bench.analysis.choice import Query, choose
from resnet_bench.analysis.criteria import ACCURACY, COST, PEAK_MEMORY, POWER, SPEED, TIME, Criterion, Estimate
from resnet_bench.analysis.location import robust
from resnet_bench.analysis.metric import Direction, NoisyMetric
from resnet_bench.analysis.metrics import METRICS, find_metric
from resnet_bench.analysis.results import Result
from resnet_bench.analysis.verdicts.thresholds import Percentile
from resnet_bench.records import Mode, Summary
from resnet_bench.report.choice_words import answer
from resnet_bench.report.labels import Labels
from resnet_bench.report.question_box import Asked, Located, QuestionBox, Ranked
from resnet_bench.report.sections.agreement_columns import case_named
from resnet_bench.report.sections.cost_columns import COST_BOUNDS

_ASKED = (
    (TIME, Percentile.P95),
    (TIME, None),
    (TIME, Percentile.P99),
    (PEAK_MEMORY, None),
    (POWER, None),
)
_OBJECTIVES = (ACCURACY, SPEED, TIME, POWER, COST)
_UNITS = {"s": ("ms", 1e-3), "B": ("MiB", 2.0**20), "J/image": ("J/image", 1.0)}
_ROUND = (1, 1.5, 2, 3, 5, 7.5, 10)


def decision(results: Sequence[Result], labels: Labels) -> QuestionBox | None:
    """Return the box, None where fewer than two cases can be told apart by it."""
    measured = [it for it in results if it.latency is not None]
    if any(it.case.mode is Mode.INFERENCE for it in measured):
        measured = [it for it in measured if it.case.mode is Mode.INFERENCE]
    if len(measured) < 2:  # noqa: PLR2004 - a choice is between two
        return None
    asked = tuple(it for it in (_asked(one, percentile, measured) for one, percentile in _ASKED) if it)
    ranked = tuple(it for it in (_ranked(one, measured) for one in _OBJECTIVES) if it)
    names = list(dict.fromkeys((it.run, it.case.model) for it in results))
    batches = tuple(sorted({it.case.batch_size for it in measured}))
    limit = _first_limit(asked[0], measured, batches[0])
    budget = Budget(
        criterion=TIME.name,
        percentile=Percentile.P95,
        where={"batch_size": batches[0]},
        limit=float(limit) * asked[0].scale,
    )
    query = Query(budgets=(budget,), objective=Objective(criterion=ranked[0].words))
    return QuestionBox(
        rows=tuple(it.position for it in measured),
        names=tuple(case_named(it, labels) for it in measured),
        series=tuple(labels.series(it.case, run=it.run) for it in measured),
        batch=tuple(it.case.batch_size for it in measured),
        launches=tuple(it.latency.launches for it in measured if it.latency),
        speed=tuple(it.throughput.median if it.throughput else 0.0 for it in measured),
        models=tuple(model for _, model in names),
        model_of=tuple(names.index((it.run, it.case.model)) for it in measured),
        asked=asked,
        ranked=ranked,
        batches=batches,
        first_limit=limit,
        first_words=f"p95 {budget.limit_words}",
        first_batch=batches[0],
        answer=answer(choose(results, query, runs=labels.runs), labels),
    )


def _first_limit(asked: Asked, measured: Sequence[Result], batch: int) -> str:
    """Return a round limit that about half of the models keep: a question that has an answer."""
    known = sorted(
        value for value, it in zip(asked.values, measured, strict=True) if value and it.case.batch_size == batch
    )
    middle = known[len(known) // 2] * 1.1 / asked.scale if known else 1.0
    power = 10.0 ** math.floor(math.log10(middle))
    return f"{next(it * power for it in _ROUND if it * power >= middle * 0.999):g}"


def _asked(criterion: Criterion, percentile: Percentile | None, measured: Sequence[Result]) -> Asked | None:
    found = [criterion.estimate(it, percentile, {}) for it in measured]
    if not any(found):
        return None
    unit, scale = _UNITS[criterion.base_unit]
    words = f"{criterion.name} {percentile.value}" if percentile else criterion.name
    low, high = _bounds(found)
    return Asked(
        words=words,
        base_unit=criterion.base_unit,
        unit=unit,
        scale=scale,
        exact=all(it.exact for it in found if it),
        keys=_keys(criterion, percentile),
        values=_values(found),
        low=low,
        high=high,
    )


def _keys(criterion: Criterion, percentile: Percentile | None = None) -> tuple[str, str, str]:
    """Return the columns of the results that hold a criterion's figure and its bounds."""
    if percentile:
        return f"latency_{percentile.value}_s", "", ""
    if criterion is ACCURACY:
        return criterion.key, criterion.key, criterion.key  # exact: its bounds are itself
    if criterion is COST:
        return criterion.key, *COST_BOUNDS
    metric = next((it for it in METRICS if it.name == criterion.key), None)
    low, high = (metric.column.bounds if metric else None) or ("", "")
    return criterion.key, low, high


def _ranked(criterion: Criterion, measured: Sequence[Result]) -> Ranked | None:
    found = [criterion.estimate(it, None, {}) for it in measured]
    # What is the same of all cases, as the accuracy of one model is, tells none from another.
    if not any(found) or (all(it and it.exact for it in found) and len({it and it.value for it in found}) == 1):
        return None
    low, high = _bounds(found)
    plain = Ranked(
        words=criterion.name,
        base_unit=criterion.base_unit,
        higher=criterion.direction is Direction.HIGHER,
        exact=all(it.exact for it in found if it),
        keys=_keys(criterion),
        values=_values(found),
        low=low,
        high=high,
        borrowed_by=_borrowed(found),
    )
    if criterion.ratios is None:
        return plain
    summaries = [criterion.ratios(it, {}) for it in measured]
    # Money is ranked by images for it, the better the more: turned, it is the less the better as its figures are.
    turn = 1 if next(find_metric(it.metric).direction for it in summaries if it) is criterion.direction else -1
    references = list(dict.fromkeys(it.corrected.correction.reference for it in summaries if it and it.corrected))
    return Ranked(
        words=plain.words,
        base_unit=plain.base_unit,
        higher=plain.higher,
        exact=plain.exact,
        keys=plain.keys,
        values=plain.values,
        low=low,
        high=high,
        raw=tuple(_turned(_located(it.launch_medians), turn) if it else None for it in summaries),
        corrected=tuple(_turned(_corrected(it, references), turn) if it else None for it in summaries),
        sign=turn * next(_sign(it.metric) for it in summaries if it),
    )


def _borrowed(found: Sequence[Estimate | None]) -> tuple[str, ...]:
    """Return which precision of each case borrows its figure, nothing where none does."""
    lent = tuple(it.borrowed_by if it else "" for it in found)
    return lent if any(lent) else ()


def _turned(located: Located | None, turn: int) -> Located | None:
    """Return where logarithms lie, or where those of the reciprocals do."""
    return located and (turn * located[0], turn * located[1], *located[2:])


def _sign(name: str) -> int:
    metric = find_metric(name)
    form = metric.corrected if isinstance(metric, NoisyMetric) else None
    return 1 if form is None or form.of_iteration(1, 2.0) > form.of_iteration(1, 1.0) else -1


def _located(medians: Sequence[float]) -> Located | None:
    if len(medians) < 2 or min(medians) <= 0:  # noqa: PLR2004 - no spread of one
        return None
    where = robust(np.log(medians))
    return float(np.log(np.median(medians))), where.mean, where.variance, where.degrees


def _corrected(summary: Summary, references: Sequence[str]) -> Located | None:
    found = summary.corrected
    where = _located(found.launch_medians) if found else None
    if found is None or where is None:
        return None
    of = found.correction
    drift = (of.coefficient, of.coefficient_deviation, math.log(of.nominal_s), of.offset)
    return *where, *drift, references.index(of.reference)


def _values(found: Sequence[Estimate | None]) -> tuple[float | None, ...]:
    return tuple(it.value if it else None for it in found)


def _bounds(found: Sequence[Estimate | None]) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
    """Return the bounds of figures; those of exact ones are the figures themselves."""
    low = tuple((it.value if it.exact else it.low) if it else None for it in found)
    return low, tuple((it.value if it.exact else it.high) if it else None for it in found)
