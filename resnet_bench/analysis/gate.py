"""The gate: a table of verdicts and rules to outcomes. It fails closed: what is missing is never a pass.

A relative rule fails where the change is established beyond the noise band and the estimate is beyond the limit;
it passes where the whole interval is on the good side of the limit; between the two it is inconclusive.
An absolute rule looks at the contender alone and is inconclusive where the limit lies inside its interval (between
the two, where there are two launches), or where a single launch is all there is of a noisy metric.
A value that the baseline lacks is new, not missing: a relative rule warns and --update adds it.
"""

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum

from resnet_bench import units
from resnet_bench.analysis.metric import Direction, ExactMetric, Metric
from resnet_bench.analysis.metrics import POSITION, find_metric
from resnet_bench.analysis.thresholds import Inconclusive, On, Percentile, Rule
from resnet_bench.errors import ExitCode
from resnet_bench.machine.names import named_like
from resnet_bench.records import Case, Comparison, Digest, Record, Summary, Verdict, VerdictTable

_OF_ONE_LAUNCH = "is of a single launch, which says nothing about launch noise: measure at least 6"


class Status(StrEnum):
    """What a rule says about a row."""

    FAILED = "failed"
    INCOMPLETE = "incomplete"
    WARNED = "warned"
    PASSED = "passed"


class Outcome(Record, frozen=True, kw_only=True):
    """One rule applied to one row; a missing case has no metric."""

    case: Case
    metric: str | None
    rule: str
    status: Status
    message: str


class GateResult(Record, frozen=True, kw_only=True):
    """What `check` found; `exit_code` is 1 for a failed rule, else 3 for anything incomplete, else 0.

    `nothing_checked` says why the gate as a whole is incomplete, "" where rules were applied to comparable rows.
    """

    table: VerdictTable
    outcomes: tuple[Outcome, ...]
    unmatched: tuple[str, ...]
    nothing_checked: str
    warnings: tuple[str, ...]
    exit_code: ExitCode


def judge(table: VerdictTable, rules: Sequence[Rule], *, sides: tuple[Digest, Digest]) -> GateResult:
    """Apply every matching rule to every row."""
    baseline, contender = sides
    outcomes = [*_missing(named_like(baseline, contender), contender, _compared(table))]
    unmatched, warnings = [], []
    absent = {outcome.case for outcome in outcomes}
    for rule in rules:
        rows = [row for row in table.comparisons if rule.matches(row.contender_case, row.metric)]
        if not rows:
            unmatched.append(rule.name)
        judged = [row for row in rows if row.case not in absent]
        outcomes += [_apply(rule, row) for row in judged]
        warnings += _blind(rule, judged)
    if not any(row.verdict is not Verdict.NOT_COMPARABLE for row in table.comparisons):
        nothing = "no row is comparable; nothing was checked against the baseline."
    else:
        nothing = "no rule matches any row; nothing was checked." if len(unmatched) == len(rules) else ""
    statuses = {outcome.status for outcome in outcomes}
    return GateResult(
        table=table,
        outcomes=tuple(outcomes),
        unmatched=tuple(unmatched),
        nothing_checked=nothing,
        warnings=tuple(warnings),
        exit_code=_exit_code(statuses, nothing=bool(nothing)),
    )


def _exit_code(statuses: Collection[Status], *, nothing: bool) -> ExitCode:
    if Status.FAILED in statuses:
        return ExitCode.FOUND
    return ExitCode.INCOMPLETE if nothing or Status.INCOMPLETE in statuses else ExitCode.DONE


def _compared(table: VerdictTable) -> set[Case]:
    """Return the baseline's cases that have a comparable measured row, on another device or thread count too."""
    return {
        row.case
        for row in table.comparisons
        if not isinstance(find_metric(row.metric), ExactMetric) and row.verdict is not Verdict.NOT_COMPARABLE
    }


def _missing(baseline: Digest, contender: Digest, compared: Collection[Case]) -> Iterator[Outcome]:
    """Yield an incomplete outcome for every case that the baseline measured and the contender did not."""
    measured = {it.case for it in contender.cases}
    skips = {skip.case: skip for skip in contender.skips}
    for it in baseline.cases:
        skip = skips.get(it.case)
        if skip is not None:
            message = f"the baseline has a number; here it was skipped: {skip.reason.value}, {skip.detail}"
        elif it.case not in measured and it.case not in compared:
            message = f"the baseline has this case, {contender.name} does not"
        else:
            continue
        yield Outcome(case=it.case, metric=None, rule="every case", status=Status.INCOMPLETE, message=message)


def _apply(rule: Rule, row: Comparison) -> Outcome:
    metric = find_metric(rule.metric)
    status, message = _relative(rule, row, metric) if rule.relative else _absolute(rule, row, metric)
    return Outcome(case=row.contender_case, metric=row.metric, rule=rule.name, status=status, message=message)


def _relative(rule: Rule, row: Comparison, metric: Metric) -> tuple[Status, str]:
    if row.baseline is None and row.contender is not None:
        if of_one_launch(row):
            return Status.WARNED, f"new: {row.reason}; of a single launch, which check --update leaves out"
        return Status.WARNED, f"new: {row.reason}; check --update adds it to the baseline"
    if row.verdict is Verdict.NOT_COMPARABLE:
        return Status.INCOMPLETE, f"not comparable: {row.reason}"
    harmful = row.verdict is Verdict.REGRESSED or (rule.on is On.CHANGED and row.verdict is Verdict.IMPROVED)
    limit = rule.limit or 0.0
    said = f"{row.verdict.value} {_change_text(row, metric)}: {row.reason}"
    if harmful and _worsening(row, metric, rule.on) > limit:
        return Status.FAILED, said
    bound = _worst_bound(row, metric, rule.on)
    within = bound is not None and rule.limit is not None and bound < limit
    harmless = not harmful and row.verdict is not Verdict.INCONCLUSIVE
    if isinstance(metric, ExactMetric) or within or harmless:
        return Status.PASSED, said
    return _undecided(rule), f"undecided against the limit: {said}"


def _worsening(row: Comparison, metric: Metric, on: On) -> float:
    """Return the estimated relative change in the worse direction; in either direction for On.CHANGED."""
    if row.ratio is None:
        return float("inf")
    change = row.ratio - 1 if metric.direction is Direction.LOWER else 1 - row.ratio
    return abs(change) if on is On.CHANGED else change


def _worst_bound(row: Comparison, metric: Metric, on: On) -> float | None:
    if row.interval is None:
        return None
    high, low = row.interval.high - 1, 1 - row.interval.low
    if on is On.CHANGED:
        return max(high, low)
    return high if metric.direction is Direction.LOWER else low


def _absolute(rule: Rule, row: Comparison, metric: Metric) -> tuple[Status, str]:
    summary = row.contender_summary
    if row.contender is None:
        return Status.INCOMPLETE, f"{metric.label} has no value here: {row.reason}"
    value, words = row.contender, "median" if summary else metric.label
    if rule.percentile and summary:
        value, words = getattr(summary, rule.percentile.value), rule.percentile.value
    if value is None:
        return _undecided(rule), f"{words} needs 100 samples, there are {summary.samples if summary else 0}"
    if summary and summary.launches == 1:
        return _undecided(rule), f"{words} {_with_unit(metric, value)} {_OF_ONE_LAUNCH}"
    of_median = rule.percentile in {None, Percentile.P50}
    low, high = _range(summary) if summary and of_median else (value, value)
    for bound, above, sign in ((rule.maximum, True, "over"), (rule.minimum, False, "under")):
        if bound is None:
            continue
        said = f"{words} {_with_unit(metric, value)} is {{}} the limit of {_with_unit(metric, bound)}"
        violated = value > bound if above else value < bound
        if low <= bound <= high and low < high:
            between = f"{_with_unit(metric, low)} to {_with_unit(metric, high)}"
            inside = "inside its interval of" if summary and summary.interval else "between its two launches,"
            return _undecided(rule), f"{said.format(sign if violated else 'near')}, {inside} {between}"
        if violated:
            return Status.FAILED, said.format(sign)
    return Status.PASSED, f"{words} {_with_unit(metric, value)} keeps the limit"


def _range(summary: Summary) -> tuple[float, float]:
    """Return the interval of the median; of two launches, which have none, what both of them measured."""
    if summary.interval:
        return summary.interval.low, summary.interval.high
    return min(summary.launch_medians), max(summary.launch_medians)


def _undecided(rule: Rule) -> Status:
    return {
        Inconclusive.FAIL: Status.FAILED,
        Inconclusive.WARN: Status.WARNED,
        Inconclusive.PASS: Status.PASSED,
    }[rule.inconclusive]


def _blind(rule: Rule, rows: Sequence[Comparison]) -> list[str]:
    """Warn where a relative limit lies below what the launches at hand can see."""
    reach = max((row.detectable for row in rows if row.detectable is not None), default=None)
    if rule.limit is None or reach is None or reach <= rule.limit:
        return []
    said = "the limit lies below the smallest change that this comparison finds in 95 of 100 ({})"
    return [f"{rule.name}: {said.format(units.percent_short(reach))}; measure more launches, or calibrate."]


def _change_text(row: Comparison, metric: Metric) -> str:
    return f"{_with_unit(metric, row.baseline)} to {_with_unit(metric, row.contender)}"


def _with_unit(metric: Metric, value: float | None) -> str:
    return f"{metric.show(value)} {metric.unit}".rstrip()


def of_one_launch(row: Comparison) -> bool:
    """Return whether the contender's noisy value stands on a single launch."""
    return row.contender_summary is not None and row.contender_summary.launches == 1


def improvements(table: VerdictTable) -> tuple[Comparison, ...]:
    """Return the improved rows, in the table's order of metrics."""
    return tuple(
        sorted(
            (row for row in table.comparisons if row.verdict is Verdict.IMPROVED),
            key=lambda row: POSITION[row.metric],
        )
    )
