"""The gate: a table of verdicts and rules to outcomes. It fails closed: what is missing or unsure is never a pass.

What a rule says of a row is `analysis.verdicts.rulings`'; here are the cases that are missing, what undecided rows do,
and what the command ends with. A value that the baseline lacks is new, not missing: --update adds it.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from resnet_bench import units
from resnet_bench.analysis.metric import ExactMetric
from resnet_bench.analysis.metrics import POSITION, find_metric
from resnet_bench.analysis.stats import MIN_LAUNCHES
from resnet_bench.analysis.verdicts import rulings
from resnet_bench.analysis.verdicts.exit_codes import of_ruling
from resnet_bench.analysis.verdicts.figures import of_row
from resnet_bench.analysis.verdicts.interval_words import launches_of
from resnet_bench.analysis.verdicts.judging import MEASURE_ENOUGH
from resnet_bench.analysis.verdicts.ratio import log_ratio
from resnet_bench.analysis.verdicts.rulings import Status
from resnet_bench.analysis.verdicts.thresholds import Rule
from resnet_bench.errors import ExitCode, gravest
from resnet_bench.machine.names import named_like
from resnet_bench.records import BandSource, Case, Comparison, Digest, Figures, Interval, Record, Verdict, VerdictTable
from resnet_bench.words import counted, listed

_LARGEST_REACH = 10.0  # of a logarithm; more says nothing more


class Outcome(Record, frozen=True, kw_only=True):
    """One rule applied to one row, and what it makes of the command's exit code; a missing case has no metric."""

    case: Case
    metric: str | None
    rule: str
    status: Status
    message: str
    exit_code: ExitCode


class GateResult(Record, frozen=True, kw_only=True):
    """What `check` found. `status` is the whole gate's: passed only where a row was decided and nothing speaks against.

    `nothing_checked` says why the gate as a whole is incomplete, "" where rules were applied to comparable rows;
    `unreadable` which lines of the run could not be read, and leave it incomplete too; `blind` which rules cannot see
    their own limit; `notes` what limits were not held against.
    """

    table: VerdictTable
    outcomes: tuple[Outcome, ...]
    unmatched: tuple[str, ...]
    nothing_checked: str
    unreadable: tuple[str, ...] = ()
    blind: tuple[str, ...]
    notes: tuple[str, ...] = ()
    status: Status
    exit_code: ExitCode

    @property
    def only_new(self) -> bool:
        """Whether everything that the rules matched is new."""
        return {outcome.status for outcome in self.outcomes} == {Status.NEW} and not self.unreadable


def judge(
    table: VerdictTable, rules: Sequence[Rule], *, sides: tuple[Digest, Digest], raw: VerdictTable | None = None
) -> GateResult:
    """Apply every matching rule to every row; `raw` is the same table by raw figures, for rules that ask for those."""
    baseline, contender = sides
    outcomes = [*_missing(named_like(baseline, contender), contender, _compared(table))]
    unmatched: list[str] = []
    blind: list[str] = []
    absent = {outcome.case for outcome in outcomes}
    between_runs = _between_runs(table)
    for rule in rules:
        asked = raw if raw is not None and rule.figures is Figures.RAW else table
        rows = [row for row in asked.comparisons if rule.matches(row.contender_case, row.metric)]
        if not rows:
            unmatched.append(rule.name)
        judged = [row for row in rows if row.case not in absent]
        outcomes += [_apply(rule, row, between_runs) for row in judged]
        blind += _blind(rule, judged)
    if not any(row.verdict is not Verdict.NOT_COMPARABLE for row in table.comparisons):
        nothing = "no row is comparable; nothing was checked against the baseline."
    else:
        nothing = "no rule matches any row; nothing was checked." if len(unmatched) == len(rules) else ""
    if not nothing and {outcome.status for outcome in outcomes} == {Status.NEW}:
        nothing = "all that rules match is new; nothing was checked against the baseline."
    code = gravest(
        [outcome.exit_code for outcome in outcomes] + [ExitCode.INCOMPLETE] * bool(nothing or contender.set_aside)
    )
    return GateResult(
        table=table,
        outcomes=tuple(outcomes),
        unmatched=tuple(unmatched),
        nothing_checked=nothing,
        unreadable=contender.set_aside,
        blind=tuple(blind),
        notes=tuple(_unknown_noise(table, rules)),
        status=_status(code, {outcome.status for outcome in outcomes}, incomplete=bool(nothing or contender.set_aside)),
        exit_code=code,
    )


def improvements(table: VerdictTable) -> tuple[Comparison, ...]:
    """Return the improved rows, in the table's order of metrics."""
    return tuple(
        sorted(
            (row for row in table.comparisons if row.verdict is Verdict.IMPROVED),
            key=lambda row: POSITION[row.metric],
        )
    )


def _status(code: ExitCode, statuses: Collection[Status], *, incomplete: bool) -> Status:
    if Status.FAILED in statuses or incomplete or Status.INCOMPLETE in statuses:
        return Status.FAILED if Status.FAILED in statuses else Status.INCOMPLETE
    if Status.UNDECIDED in statuses and (code is not ExitCode.DONE or Status.PASSED not in statuses):
        return Status.UNDECIDED
    return Status.PASSED


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
        yield Outcome(
            case=it.case,
            metric=None,
            rule="every case",
            status=Status.INCOMPLETE,
            message=message,
            exit_code=of_ruling(Status.INCOMPLETE),
        )


def _apply(rule: Rule, row: Comparison, between_runs: Mapping[str, float]) -> Outcome:
    if rule.relative:
        status, message = rulings.relative(rule, row)
    else:
        status, message = rulings.absolute(rule, row, between_runs=between_runs.get(row.metric, 0.0))
    code = of_ruling(status, rule.undecided)
    return Outcome(
        case=row.contender_case, metric=row.metric, rule=rule.name, status=status, message=message, exit_code=code
    )


def _between_runs(table: VerdictTable) -> dict[str, float]:
    """Return how far the logarithm of what a run measured may lie off, by metric: bands bound the difference of two."""
    return {
        band.metric: math.log1p(band.width) / math.sqrt(1 + 1 / (band.runs or 1))
        for band in table.bands
        if band.source is not BandSource.DEFAULT and band.figures is Figures.RAW
    }


def _unknown_noise(table: VerdictTable, rules: Sequence[Rule]) -> Iterator[str]:
    """Say of which metrics a limit was held against launches alone, since nobody knows what separate runs differ by."""
    limited = {rule.metric for rule in rules if rule.limit is not None}
    assumed = [it.metric for it in table.bands if it.source is BandSource.DEFAULT and it.metric in limited]
    if assumed:
        yield (
            f"{listed(assumed)}: what separate runs differ by is not known here, and limits were held against launches "
            "alone; baseline set with three runs teaches it, and calibrate."
        )


def _blind(rule: Rule, rows: Sequence[Comparison]) -> Iterator[str]:
    """Say where a relative limit lies below what this comparison can see: identical code would be undecided too."""
    if rule.limit is None:
        return
    reaches = [(_reach(row.ratio, row.judged), row) for row in rows if row.judged is not None and row.ratio]
    blind = [(reach, row) for reach, row in reaches if reach >= rule.limit]
    if not blind:
        return
    reach, worst = max(blind, key=lambda it: it[0])
    where = "" if len(blind) == len(reaches) else f" in {len(blind)} of {counted(len(reaches), 'row')}"
    yield f"{rule.name}: {_seen(reach, worst)}{where}; {_cure(rule.limit, worst)}."


def _reach(ratio: float, judged: Interval) -> float:
    """Return the relative change that the wider side of an interval spans."""
    return math.expm1(min(_LARGEST_REACH, max(math.log(ratio / judged.low), math.log(judged.high / ratio))))


def _seen(reach: float, row: Comparison) -> str:
    fewest = min(launches_of(row))
    if reach <= units.TENFOLD - 1:
        return f"this run sees changes from {units.percent_short(reach)}"
    if fewest < MIN_LAUNCHES:
        return f"{counted(fewest, 'launch', 'launches')} a side say next to nothing about launch noise"
    return "this run sees no change below tenfold"


def _cure(limit: float, row: Comparison) -> str:
    sides = of_row(row)
    estimate = sides and log_ratio(sides.baseline.launch_medians, sides.contender.launch_medians, doubt=sides.doubt)
    known_band = (row.band or 0.0) if row.judged != row.interval else 0.0
    asked = f"for {units.percent_short(limit)}"
    if known_band >= limit:
        differ = f"separate runs differ by up to {units.percent_short(known_band)} here, however many launches"
        return f"{asked} use ab: {differ}"
    if estimate is not None and min(estimate.launches) < MIN_LAUNCHES:  # no plan comes of a spread that is not known
        return f"{MEASURE_ENOUGH} a side, or use ab"
    launches = estimate.launches_for(limit, known_band) if estimate else None
    if launches is not None:
        return f"{asked} measure about {launches} launches a side, or use ab"
    return f"{asked} use ab: no number of launches within reason is enough"
