"""The summary for a terminal: aligned by the decimal point, 100 columns where the table can do with that.

What is the same in all rows is said once above the table; a model's name stands once above its rows. Columns that
people miss least go first when the width is short, and the line below the table says which.
"""

import textwrap
from collections.abc import Collection, Sequence

from resnet_bench.analysis.results import Status
from resnet_bench.report.cells import show_column
from resnet_bench.report.document import Column, Document, Kind, Note, Section, Severity, Table
from resnet_bench.words import counted, plain

WIDTH = 100
_GAP = "  "
# First to go when the table is too wide.
_DISPENSABLE = (
    "achieved_flop_per_s",
    "compile_s",
    "share_of_peak",
    "macs_per_image",
    "parameters",
    "latency_p95_s",
    "energy_j_per_image",
    "times_roofline",
    "accuracy",
    "predicted_peak_bytes",
)
# Sections whose tables the terminal shows; the others' are in the HTML report.
_TABLED = {"scaling", "gaps"}
_FACTS = {"Commit", "Machine", "Versions"}
_LONGEST_NAME = 34
_MARKS = {Severity.GOOD: "", Severity.NOTICE: "! ", Severity.BAD: "!! "}


def render(document: Document, *, width: int = WIDTH) -> str:
    """Return the summary as text that ends with a newline."""
    parts = [_head(document, width), _table(document.summary, width)]
    parts += [_tables(section, width) for section in document.sections if section.id in _TABLED]
    if document.notes:
        parts.append("\n".join(f"[{note.number}] {plain(note.text)}{_cases(note)}" for note in document.notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def table(of: Table, *, width: int = WIDTH) -> str:
    """Return any table of a document as aligned text, without its caption."""
    return _table(of, width)


def _cases(note: Note) -> str:
    return f" ({counted(note.cases, 'case')})" if note.cases else ""


def _head(document: Document, width: int) -> str:
    lines = [plain(document.title)]
    for run in document.runs:
        if len(document.runs) > 1:
            lines.append(f"  {plain(run.label)}")
        lines += [_fact(it.label.lower(), it.value, width) for it in run.facts if it.label in _FACTS]
    lines.append(_fact("health", ", ".join(_MARKS[it.severity] + it.text for it in document.health), width))
    if document.summary.constants:
        lines.append(_fact("all cases", document.summary.constants, width))
    return "\n".join(lines)


def _fact(label: str, value: str, width: int) -> str:
    return textwrap.fill(plain(value), width, initial_indent=f"  {label:<9} ", subsequent_indent=" " * 12)


def _tables(section: Section, width: int) -> str:
    return "\n\n".join(f"{it.caption}:\n{_table(it, width)}" for it in section.tables)


def _table(of: Table, width: int) -> str:
    if not of.rows:
        return "no cases"
    shown = [of.column(key) for key in of.shown]
    columns = {column.key: _column(of, column) for column in shown}
    dropped = []
    for key in _DISPENSABLE:
        if _width(columns.values()) <= width:
            break
        for name in [name for name in columns if name == key or name.startswith(f"{key}.")]:
            dropped.append(of.column(name).title)
            del columns[name]
    heads = _group_line(of, columns)
    lines = [*heads, *(_GAP.join(cells).rstrip() for cells in zip(*columns.values(), strict=True))]
    rule = "─" * max(len(line) for line in lines)
    has_units = any(of.column(key).unit for key in columns)
    if not has_units:
        del lines[len(heads) + 1]
    first = len(heads) + 1 + has_units
    body = [*lines[:first], rule, *lines[first:]]
    if dropped:
        body.append(f"not shown for want of width: {', '.join(dict.fromkeys(dropped))}")
    return "\n".join(body)


def _width(columns: Collection[Sequence[str]]) -> int:
    return sum(len(cells[0]) for cells in columns) + len(_GAP) * (len(columns) - 1)


def _column(of: Table, column: Column) -> tuple[str, ...]:
    """Return a column's cells, heading and unit first, all of one width."""
    pairs = show_column(of, column)
    values = [text for text, _ in pairs]
    if column.kind is Kind.NAME:
        values = [_short(text) for text in values]
    if column.kind is Kind.STATUS:
        values = ["" if text == Status.MEASURED else text for text in values]
    if column.key == "notes":
        values = [" ".join(f"[{number}]" for number in text.split()) for text in values]
    if column.key in {"model", "run"}:
        values = ["" if text == before else text for before, text in zip(["", *values], values, strict=False)]
    if column.kind.numeric:
        values = _at_the_point(values)
    intervals = [interval for _, interval in pairs]
    if any(intervals):
        wide = max(map(len, intervals))
        values = [f"{value} {interval:>{wide}}" for value, interval in zip(values, intervals, strict=True)]
        wide_value = len(values[0]) - wide - 1
        heads = [f"{text:>{wide_value}}{'':{wide + 1}}" for text in (column.title, column.unit)]
        cells = [*heads, *values]
    else:
        cells = [column.title, column.unit, *values]
    wide = max(map(len, cells))
    return tuple(f"{cell:>{wide}}" if column.kind.numeric else f"{cell:<{wide}}" for cell in cells)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _at_the_point(values: Sequence[str]) -> list[str]:
    """Pad numbers on the right so that their points stand below each other."""
    if any(" " in value for value in values):  # 25.56 M, 4.089 G: the letter is what lines up
        return list(values)
    parts = [value.partition(".") for value in values]
    wide = max(len(point + decimals) for _, point, decimals in parts)
    return [f"{whole}{point + decimals:<{wide}}" for whole, point, decimals in parts]


def _group_line(of: Table, columns: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the line of runs' labels above their columns, none where there are no groups."""
    groups: list[tuple[str, int]] = []
    for key, cells in columns.items():
        group = plain(of.column(key).group)
        wide = len(cells[0])
        if groups and groups[-1][0] == group:
            groups[-1] = (group, groups[-1][1] + len(_GAP) + wide)
        else:
            groups.append((group, wide))
    if not any(group for group, _ in groups):
        return []
    return [_GAP.join(f"{group[:wide]:^{wide}}" for group, wide in groups).rstrip()]
