"""One rule on one row: a status, and the figures that it rests on in a sentence.

A relative rule passes where the whole interval of the ratio is on the good side of its limit. It fails where the whole
interval is beyond the limit and the change is established for the whole table. Between the two it is undecided. That
interval covers what separate runs differ by, where it is known; a noise band never widens a limit.
A relative rule without a limit fails on a verdict, and passes on one that excludes it.
An absolute rule looks at the contender alone and is undecided where the limit lies inside its interval (between
the two, where there are two launches), or where a single launch is all there is of a noisy metric.
"""

import math
from enum import StrEnum

from resnet_bench import units
from resnet_bench.analysis.metric import ComputedMetric, Direction, ExactMetric, Metric
from resnet_bench.analysis.metrics import TIMINGS, find_metric
from resnet_bench.analysis.verdicts import interval_words
from resnet_bench.analysis.verdicts.judging import MEASURE_ENOUGH
from resnet_bench.analysis.verdicts.thresholds import On, Percentile, Rule
from resnet_bench.records import Comparison, Figures, Interval, Summary, Verdict

_OF_ONE_LAUNCH = f"is of a single launch, which says nothing about launch noise: {MEASURE_ENOUGH}"
_NEVER_ZERO = frozenset(metric.name for metric in TIMINGS)


class Status(StrEnum):
    """What a rule says about a row. New: the baseline has no value, so a relative rule has nothing to say yet."""

    FAILED = "failed"
    INCOMPLETE = "incomplete"
    UNDECIDED = "undecided"
    NEW = "new"
    PASSED = "passed"


def relative(rule: Rule, row: Comparison) -> tuple[Status, str]:
    """Hold the ratio of a row against a rule's limit."""
    metric = find_metric(rule.metric)
    if row.baseline is None and row.contender is not None:
        if of_one_launch(row):
            return Status.NEW, f"{row.reason}; of a single launch, which check --update leaves out"
        return Status.NEW, f"{row.reason}; check --update adds it to the baseline"
    if row.verdict is Verdict.NOT_COMPARABLE:
        return Status.INCOMPLETE, f"not comparable: {row.reason}"
    if isinstance(metric, ExactMetric):
        return _exact(rule, row, metric)
    if rule.limit is None or row.judged is None:
        said = f"{row.verdict.value} {_change_text(row, metric)}{_which(rule, row)}: {row.reason}"
        return _by_verdict(rule, row), said
    return _by_limit(rule, row, metric, rule.limit, row.judged)


def absolute(rule: Rule, row: Comparison, *, between_runs: float) -> tuple[Status, str]:
    """Hold the contender's value against a rule's bounds; `between_runs` is how far one run's logarithm may lie off."""
    metric, summary = find_metric(rule.metric), row.contender_summary
    if row.contender is None:
        return Status.INCOMPLETE, f"{metric.label} has no value here: {row.reason}"
    if summary and metric.name in _NEVER_ZERO and min(summary.launch_medians) <= 0:
        return Status.INCOMPLETE, f"a launch took no time, which none can: {metric.label} must be measured anew"
    value, words = (summary.median, "median") if summary else (row.contender, metric.label)
    if rule.percentile and summary:
        value, words = getattr(summary, rule.percentile.value), rule.percentile.value
    if value is None:
        return Status.UNDECIDED, f"{words} needs 100 samples, there are {summary.samples if summary else 0}"
    if of_one_launch(row):
        return Status.UNDECIDED, f"{words} {_with_unit(metric, value)} {_OF_ONE_LAUNCH}"
    of_median = rule.percentile in {None, Percentile.P50}
    span = _range(summary, between_runs) if summary and of_median else (value, value)
    return _by_bounds(rule, metric, (words, value), span, _span_text(metric, summary, span))


def of_one_launch(row: Comparison) -> bool:
    """Return whether the contender's value is timed, and stands on a single launch."""
    timed = not isinstance(find_metric(row.metric), ComputedMetric)
    return timed and row.contender_summary is not None and row.contender_summary.launches == 1


def _exact(rule: Rule, row: Comparison, metric: Metric) -> tuple[Status, str]:
    said = f"{row.verdict.value} {_change_text(row, metric)}: {row.reason}"
    change = math.inf if row.ratio is None else row.ratio - 1 if metric.direction is Direction.LOWER else 1 - row.ratio
    grown = abs(change) if rule.on is On.CHANGED else change
    failed = row.verdict in _harmful(rule) and grown > (rule.limit or 0.0)
    return (Status.FAILED if failed else Status.PASSED), said


def _by_limit(rule: Rule, row: Comparison, metric: Metric, allowed: float, judged: Interval) -> tuple[Status, str]:
    least, most = _worsening(judged, metric, rule.on)
    limit = f"the limit of {units.percent_short(allowed)}"
    change = f"{_change_text(row, metric)}{_which(rule, row)}, ratio {units.ratio(row.ratio)}"
    figures = f"{change} ({_bounds_text(row, judged)})"
    if most < allowed:
        return Status.PASSED, f"{figures} keeps {limit}"
    if not interval_words.tells(row.ratio or 1.0, judged):
        unknown = interval_words.unknown(interval_words.launches_of(row))
        return Status.UNDECIDED, f"{change}: {limit} cannot be judged, interval {unknown}"
    if least <= allowed:
        return Status.UNDECIDED, f"{figures}: {limit} lies inside the interval"
    if row.verdict in _harmful(rule):
        return Status.FAILED, f"{figures} is beyond {limit}"
    return Status.UNDECIDED, f"{figures} is beyond {limit}, but {row.verdict.value}: {row.reason}"


def _by_bounds(
    rule: Rule, metric: Metric, figure: tuple[str, float], span: tuple[float, float], inside: str
) -> tuple[Status, str]:
    (words, value), (low, high) = figure, span
    for bound, above, sign in ((rule.maximum, True, "over"), (rule.minimum, False, "under")):
        if bound is None:
            continue
        said = f"{words} {_with_unit(metric, value)} is {{}} the limit of {_with_unit(metric, bound)}"
        violated = value > bound if above else value < bound
        if low <= bound <= high and low < high:
            return Status.UNDECIDED, f"{said.format(sign if violated else 'near')}, {inside}"
        if violated:
            return Status.FAILED, said.format(sign)
    return Status.PASSED, f"{words} {_with_unit(metric, value)} keeps the limit"


def _by_verdict(rule: Rule, row: Comparison) -> Status:
    if row.verdict in _harmful(rule):
        return Status.FAILED
    return Status.UNDECIDED if row.verdict is Verdict.INCONCLUSIVE else Status.PASSED


def _harmful(rule: Rule) -> frozenset[Verdict]:
    return frozenset({Verdict.REGRESSED, Verdict.IMPROVED} if rule.on is On.CHANGED else {Verdict.REGRESSED})


def _worsening(ratio: Interval, metric: Metric, on: On) -> tuple[float, float]:
    """Return the least and the most that the interval says the value got worse by; either way for On.CHANGED."""
    up, down = (ratio.low - 1, ratio.high - 1), (1 - ratio.high, 1 - ratio.low)
    if on is On.CHANGED:
        return max(up[0], down[0]), max(up[1], down[1])
    return up if metric.direction is Direction.LOWER else down


def _range(summary: Summary, between_runs: float) -> tuple[float, float]:
    """Return the interval of the median; of two launches, which have none, what both of them measured."""
    if not summary.interval:
        return min(summary.launch_medians), max(summary.launch_medians)
    low, high, center = summary.interval.low, summary.interval.high, summary.median
    if between_runs == 0 or low <= 0:
        return low, high
    down, up = (math.hypot(math.log(center / bound), between_runs) for bound in (low, high))
    return center * math.exp(-down), center * math.exp(up)


def _span_text(metric: Metric, summary: Summary | None, span: tuple[float, float]) -> str:
    """Say what a limit lies in that is not decided."""
    between = f"{_with_unit(metric, span[0])} to {_with_unit(metric, span[1])}"
    if summary is None or summary.interval is None:
        return f"between its two launches, {between}"
    if units.is_vague(summary.median, *span):
        return f"its interval {interval_words.unknown([summary.launches])}"
    return f"inside its interval of {between}"


def _bounds_text(row: Comparison, judged: Interval) -> str:
    with_runs = "" if judged == row.interval else " with the noise between runs"
    return f"{interval_words.bounds(judged)}{with_runs}"


def _change_text(row: Comparison, metric: Metric) -> str:
    return f"{_with_unit(metric, row.baseline)} to {_with_unit(metric, row.contender)}"


def _which(rule: Rule, row: Comparison) -> str:
    """Say by which figures a row was judged, where there are two kinds: the table of verdicts shows one of them."""
    if row.figures is Figures.CORRECTED:
        return " corrected for drift"
    return " as measured" if rule.figures is Figures.RAW else ""


def _with_unit(metric: Metric, value: float | None) -> str:
    return f"{metric.show(value)} {metric.unit}".rstrip()
