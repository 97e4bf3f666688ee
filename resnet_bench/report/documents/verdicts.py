"""A table of verdicts in benchstat's form: a grid per noisy metric, one for exact ones, and the summary.

Rows of one metric that are unchanged, or not comparable for one reason, fold into one line unless all are asked for.
JSON is the record itself, CSV has every row in base units.
"""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.metric import ExactMetric, NoisyMetric
from resnet_bench.analysis.metrics import NOISY_METRICS, find_metric
from resnet_bench.records import Case, Comparison, Record, Summary, Verdict, VerdictTable
from resnet_bench.report.grid import Grid, escape_markdown, markdown_lines, text_lines
from resnet_bench.report.renderers import csv, json
from resnet_bench.words import plain

ORDER = (Verdict.REGRESSED, Verdict.IMPROVED, Verdict.INCONCLUSIVE, Verdict.NOT_COMPARABLE, Verdict.UNCHANGED)
_FOLDED = frozenset({Verdict.UNCHANGED, Verdict.NOT_COMPARABLE})
_SENSIBLE_CHANGE = 10.0
_NOISY_HEADERS = ("case", "baseline", "contender", "ratio", "99 % interval", "p50", "p90", "p95", "p99")
_NOISY_TAIL = ("launches", "samples", "verdict", "reason")
_CSV_HEADERS = (
    *("metric", "baseline", "contender", "ratio", "low", "high", "confidence", "band", "detectable"),
    *("baseline_launches", "contender_launches", "baseline_samples", "contender_samples", "verdict", "reason"),
)


class Part(Record, frozen=True, kw_only=True):
    """One heading with a grid and the lines below it."""

    title: str
    grid: Grid
    lines: tuple[str, ...] = ()


def as_text(table: VerdictTable, *, every_row: bool = False) -> str:
    """Return the plain text form, without colour or line drawing."""
    lines = [plain(f"baseline {table.baseline}, contender {table.contender}"), *_text_constants(table)]
    for part in parts(table, every_row=every_row):
        lines += ["", plain(part.title), *text_lines(part.grid), *(plain(line) for line in part.lines)]
    return "\n".join([*lines, "", *(plain(line) for line in summary_lines(table))]) + "\n"


def as_markdown(table: VerdictTable, *, every_row: bool = False) -> str:
    """Return the GitHub Markdown form."""
    lines = [f"**baseline** {escape_markdown(table.baseline)}, **contender** {escape_markdown(table.contender)}", ""]
    lines += [escape_markdown(line) for line in _text_constants(table)]
    for part in parts(table, every_row=every_row):
        lines += ["", f"### {escape_markdown(part.title)}", "", *markdown_lines(part.grid)]
        lines += [line for below in part.lines for line in ("", escape_markdown(below))]
    return "\n".join([*lines, "", *(f"- {escape_markdown(line)}" for line in summary_lines(table))]) + "\n"


def as_json(table: VerdictTable) -> str:
    """Return the record in base units."""
    return json.encode(table)


def as_csv(table: VerdictTable) -> str:
    """Return every row in base units; an unavailable value is empty."""
    lines: list[list[object]] = [[*Case.__struct_fields__, *_CSV_HEADERS]]
    for row in table.comparisons:
        interval = row.interval
        sides = (row.baseline_summary, row.contender_summary)
        lines.append(
            [
                *(getattr(row.case, field) for field in Case.__struct_fields__),
                *(row.metric, row.baseline, row.contender, row.ratio),
                *((interval.low, interval.high, interval.confidence) if interval else (None, None, None)),
                *(row.band, row.detectable),
                *(side and side.launches for side in sides),
                *(side and side.samples for side in sides),
                *(row.verdict.value, row.reason),
            ]
        )
    return csv.lines(lines)


def parts(table: VerdictTable, *, every_row: bool = False) -> tuple[Part, ...]:
    """Return the environment differences, a grid per noisy metric, and one of the exact metrics."""
    found = [_differences_part(table)] if table.differences else []
    bands = {band.metric: band for band in table.bands}
    for metric in NOISY_METRICS:
        rows = [row for row in table.comparisons if row.metric == metric.name]
        if rows:
            band = bands[metric.name]
            title = f"{metric.label} [{metric.unit}], {metric.direction} is better"
            title += f", noise band {units.percent_short(band.width)} ({band.source})"
            means = [mean for mean in table.means if mean.metric == metric.name]
            lines = [f"geometric mean of {_plural(it.cases, 'ratio')}: {units.ratio(it.ratio)}" for it in means]
            grid = _noisy_grid(metric, rows, table, every_row=every_row)
            found.append(Part(title=title, grid=grid, lines=tuple(lines)))
    exact = [row for row in table.comparisons if isinstance(find_metric(row.metric), ExactMetric)]
    if exact:
        found.append(
            Part(title="exact metrics: any difference is a change", grid=_exact_grid(exact, table, every_row=every_row))
        )
    return tuple(found)


def summary_lines(table: VerdictTable) -> list[str]:
    """Return the count of every verdict, the smallest detectable change, and the warnings."""
    counted = ", ".join(f"{table.counts.get(verdict.value, 0)} {verdict}" for verdict in ORDER)
    return [f"{_plural(len(table.comparisons), 'row')}: {counted}", detectable_line(table), *table.warnings]


def detectable_line(table: VerdictTable) -> str:
    """Return the smallest change that these launches find in 95 of 100 comparisons, per noisy metric."""
    said = []
    for metric in NOISY_METRICS:
        values = sorted(row.detectable for row in table.comparisons if row.metric == metric.name and row.detectable)
        if values:
            spread = _reach(values[0])
            if len(values) > 1 and _reach(values[-1]) != spread:
                spread += f" to {_reach(values[-1])}"
            said.append(f"{metric.label} {spread}")
    if not said:
        return "smallest detectable change: unknown, no noisy row has two launches on both sides"
    return f"smallest detectable change (found in 95 of 100): {', '.join(said)}"


def _reach(change: float) -> str:
    """Return a detectable change; beyond tenfold the launches are too few to speak of one."""
    return units.percent_short(change) if change <= _SENSIBLE_CHANGE else "more than tenfold"


def case_labels(table: VerdictTable) -> dict[Case, str]:
    """Return for each case the fields that not all cases share; the whole key where there is one case."""
    cases = list(dict.fromkeys(row.case for row in table.comparisons))
    shared = _shared_fields(cases)
    return {
        case: "/".join(word for field, word in case.words.items() if field == "model" or field not in shared)
        for case in cases
    }


def _text_constants(table: VerdictTable) -> list[str]:
    cases = list(dict.fromkeys(row.case for row in table.comparisons))
    shared = _shared_fields(cases)
    said = [f"{field.replace('_', ' ')} {value}" for field, value in shared.items() if value != ""]
    return [f"all cases: {', '.join(said)}"] if said else []


def _shared_fields(cases: Sequence[Case]) -> dict[str, object]:
    return {
        field: getattr(cases[0], field)
        for field in Case.__struct_fields__
        if cases and field != "model" and len({getattr(case, field) for case in cases}) == 1
    }


def _differences_part(table: VerdictTable) -> Part:
    return Part(
        title="the sides differ in",
        grid=Grid(
            headers=("kind", "field", "baseline", "contender", "cases", "allowed"),
            rows=tuple(
                (it.kind, it.field, it.baseline, it.contender, str(it.cases), "yes" if it.allowed else "no")
                for it in table.differences
            ),
            right=(False, False, False, False, True, False),
        ),
    )


def _noisy_grid(metric: NoisyMetric, rows: Sequence[Comparison], table: VerdictTable, *, every_row: bool) -> Grid:
    labels = case_labels(table)
    cells: list[tuple[str, ...]] = []
    for row, folded in fold(rows, every_row=every_row):
        if folded:
            ratios = sorted(it.ratio for it in folded if it.ratio is not None)
            between = f"{units.ratio(ratios[0])} to {units.ratio(ratios[-1])}" if ratios else ""
            reason = row.reason if row.verdict is Verdict.NOT_COMPARABLE else "interval within the noise band"
            blank = ("",) * 4
            cells.append((_plural(len(folded), "case"), "", "", between, "", *blank, "", "", row.verdict.value, reason))
        else:
            left, right = row.baseline_summary, row.contender_summary
            cells.append(
                (
                    labels[row.case],
                    metric.show(row.baseline),
                    metric.show(row.contender),
                    units.ratio(row.ratio),
                    f"{units.ratio(row.interval.low)} to {units.ratio(row.interval.high)}" if row.interval else "-",
                    *(_percentile_change(left, right, name) for name in ("p50", "p90", "p95", "p99")),
                    _both(left, right, "launches"),
                    _both(left, right, "samples"),
                    row.verdict.value,
                    row.reason,
                )
            )
    return Grid(headers=_NOISY_HEADERS + _NOISY_TAIL, rows=tuple(cells), right=(False, *(True,) * 10, False, False))


def _exact_grid(rows: Sequence[Comparison], table: VerdictTable, *, every_row: bool) -> Grid:
    labels = case_labels(table)
    cells: list[tuple[str, ...]] = []
    for row, folded in fold(rows, every_row=every_row):
        if folded:
            names = ", ".join(dict.fromkeys(find_metric(it.metric).label for it in folded))
            cells.append((_plural(len(folded), "value"), names, "", "", row.verdict.value, row.reason))
        else:
            metric = find_metric(row.metric)
            shown = (metric.show(row.baseline), metric.show(row.contender))
            cells.append((labels[row.case], metric.label, *shown, row.verdict.value, row.reason))
    return Grid(
        headers=("case", "metric", "baseline", "contender", "verdict", "reason"),
        rows=tuple(cells),
        right=(False, False, True, True, False, False),
    )


def fold(rows: Sequence[Comparison], *, every_row: bool) -> list[tuple[Comparison, tuple[Comparison, ...]]]:
    """Return rows by verdict; two or more unchanged ones, or not comparable for one reason, come as one group."""
    result: list[tuple[Comparison, tuple[Comparison, ...]]] = []
    for verdict in ORDER:
        groups: dict[str, list[Comparison]] = {}
        for row in rows:
            if row.verdict is verdict:
                groups.setdefault(row.reason if verdict is Verdict.NOT_COMPARABLE else "", []).append(row)
        for group in groups.values():
            if verdict in _FOLDED and len(group) > 1 and not every_row:
                result.append((group[0], tuple(group)))
            else:
                result += [(row, ()) for row in sorted(group, key=lambda row: -abs((row.ratio or 1) - 1))]
    return result


def _percentile_change(left: Summary | None, right: Summary | None, name: str) -> str:
    before, after = (getattr(side, name) if side else None for side in (left, right))
    return units.change(after / before) if before and after is not None else units.UNAVAILABLE


def _both(left: Summary | None, right: Summary | None, name: str) -> str:
    return "+".join(str(getattr(side, name)) if side else "0" for side in (left, right))


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
