"""What `check` found, for people and machines: outcomes that are no pass first, then the verdicts behind them."""

from resnet_bench.analysis.gate import GateResult, Outcome, Status, improvements
from resnet_bench.errors import ExitCode
from resnet_bench.records import Case
from resnet_bench.report.documents import verdicts
from resnet_bench.report.grid import Grid, escape_markdown, markdown_lines, text_lines
from resnet_bench.report.renderers import csv, json
from resnet_bench.words import plain

_ORDER = (Status.FAILED, Status.INCOMPLETE, Status.WARNED, Status.PASSED)
_HEADERS = ("status", "case", "rule", "what was found")


def as_text(result: GateResult) -> str:
    """Return the gate's findings and the table of verdicts as plain text."""
    lines = text_lines(_grid(result)) if _findings(result) else []
    lines += [plain(line) for line in _closing(result)]
    return "\n".join(lines) + "\n\n" + verdicts.as_text(result.table)


def as_markdown(result: GateResult) -> str:
    """Return the gate's findings as Markdown, the table of verdicts folded below."""
    lines = [f"## resnet-bench check: {headline(result)}", ""]
    lines += markdown_lines(_grid(result)) if _findings(result) else []
    lines += ["", *(f"- {escape_markdown(line)}" for line in _closing(result)), "", "<details><summary>all verdicts"]
    return "\n".join(lines) + "</summary>\n\n" + verdicts.as_markdown(result.table) + "\n</details>\n"


def as_json(result: GateResult) -> str:
    """Return the record."""
    return json.encode(result)


def as_csv(result: GateResult) -> str:
    """Return one line an outcome."""
    fields = Case.__struct_fields__
    head = (*fields, "metric", "rule", "status", "message")
    rows = [
        (*(getattr(it.case, field) for field in fields), it.metric, it.rule, it.status, it.message)
        for it in result.outcomes
    ]
    return csv.lines([head, *rows])


def headline(result: GateResult) -> str:
    """Return passed, failed or incomplete."""
    return {ExitCode.DONE: "passed", ExitCode.FOUND: "failed", ExitCode.INCOMPLETE: "incomplete"}[result.exit_code]


def _findings(result: GateResult) -> list[Outcome]:
    return [it for status in _ORDER[:-1] for it in result.outcomes if it.status is status]


def _grid(result: GateResult) -> Grid:
    rows = tuple((it.status.value, it.case.key, it.rule, it.message) for it in _findings(result))
    return Grid(headers=_HEADERS, rows=rows, right=(False,) * 4)


def _closing(result: GateResult) -> list[str]:
    counted = ", ".join(f"{sum(it.status is status for it in result.outcomes)} {status}" for status in _ORDER)
    better = [f"improved: {row.case.key} {row.metric}: {row.reason}" for row in improvements(result.table)]
    unmatched = [f"rule matches nothing: {name}" for name in result.unmatched]
    nothing = [result.nothing_checked] if result.nothing_checked else []
    return [f"{headline(result)}: {counted}", *better, *unmatched, *nothing, *result.warnings]
