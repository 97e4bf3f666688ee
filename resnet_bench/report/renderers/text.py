"""A document for a terminal: aligned by the decimal point, cut to the columns there are.

What is the same in all rows is said once above the table; a model's name stands once above its rows. Columns that
people miss least go first when the width is short, and the line below the table says which. A file has no width.
"""

import textwrap
from collections.abc import Collection, Sequence

import msgspec

from resnet_bench.report.cells import show_column
from resnet_bench.report.document import Document, Note, Prominence, Section, Severity
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted, plain

_PROSE = 100
_GAP = "  "
_LONGEST_NAME = 34
_READABLE = 30
_HEADING_LINES = 2
_MARKS = {Severity.GOOD: "", Severity.NOTICE: "! ", Severity.BAD: "!! "}


def render(document: Document, width: int | None = None, /) -> str:
    """Return head, summary, sections and notes; tables are cut to `width` where one is given."""
    prose = min(width or _PROSE, _PROSE)
    parts = [_head(document, prose), *([table(document.headline_table, width)] if document.headline_table else [])]
    parts += [_section(it, prose, width) for it in document.sections if it.prominence is not Prominence.PAGE]
    if document.notes:
        parts.append("\n".join(f"[{note.number}] {plain(note.text)}{_cases(note)}" for note in document.notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def table(of: Table, width: int | None = None) -> str:
    """Return any table of a document as aligned text, without its caption."""
    if not of.rows:
        return "none"
    more = len(of.rows) - of.listed if width is not None and of.listed else 0
    if more > 0:
        of = msgspec.structs.replace(of, rows=of.rows[: of.listed])
    columns = {column.key: _column(of, column, width) for column in (of.column(key) for key in of.shown)}
    dropped = [] if width is None else _drop(of, columns, width)
    heads = _group_line(of, columns)
    lines = [*heads, *_lines(of, columns, width)]
    rule = "─" * max(len(line) for line in lines)
    has_units = any(of.column(key).unit for key in columns)
    if not has_units:
        del lines[len(heads) + 1]
    first = len(heads) + 1 + has_units
    body = [*lines[:first], rule, *lines[first:]]
    if more > 0:
        body.append(f"{more:,} more rows are in a file: -o FILE")
    if dropped:
        body.append(textwrap.fill(f"not shown for want of width: {', '.join(dict.fromkeys(dropped))}", width or _PROSE))
    return "\n".join(body)


def _head(document: Document, prose: int) -> str:
    lines = [plain(document.title)]
    facts = [it for run in document.runs for it in run.facts if it.in_text]
    label = max([9, *(len(it.label) for it in facts)])
    for run in document.runs:
        if len(document.runs) > 1:
            lines.append(f"  {plain(run.label)}")
        lines += [_fact(it.label.lower(), it.value, prose, label) for it in run.facts if it.in_text]
    if document.health:
        health = ", ".join(_MARKS[it.severity] + it.text for it in document.health)
        lines.append(_fact("health", health, prose, label))
    if document.constants:
        lines.append(_fact("all cases", document.constants, prose, label))
    if document.finding:
        lines += ["", textwrap.fill(plain(document.finding), prose, break_long_words=False, break_on_hyphens=False)]
    return "\n".join(lines)


def _fact(label: str, value: str, prose: int, wide: int) -> str:
    first = f"  {label:<{wide}} "
    return textwrap.fill(
        plain(value),
        prose,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _section(section: Section, prose: int, width: int | None) -> str:
    if not (section.paragraphs or section.tables or section.lines):
        return ""
    heading = [plain(section.title)] if section.title else []
    said = [textwrap.fill(plain(it), prose, break_long_words=False) for it in section.paragraphs]
    parts = ["\n".join([*heading, *said])]
    for number, it in enumerate(section.tables):
        caption = section.caption_of(it)
        drawn = f"{plain(caption)}:\n{table(it, width)}" if caption else table(it, width)
        if number == 0 and not caption and parts[0]:
            parts[0] += f"\n{drawn}"
        else:
            parts.append(drawn)
    lines = "\n".join(_fitting(plain(line), width) for line in section.lines)
    if lines and section.tables and not section.paragraphs:
        parts[-1] += f"\n{lines}"
    elif lines:
        parts.append(lines)
    return "\n\n".join(part for part in parts if part)


def _fitting(line: str, width: int | None) -> str:
    if width is None or len(line) <= width:
        return line
    return textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)


def _cases(note: Note) -> str:
    return f" ({counted(note.cases, 'case')})" if note.cases else ""


def _drop(of: Table, columns: dict[str, tuple[str, ...]], width: int) -> list[str]:
    """Take columns out until the others fit, in the order of their ranks, and return their titles."""
    dropped = []
    for rank in sorted({rank for key in columns if (rank := of.column(key).rank) is not None}):
        if _width(columns.values()) - max(_words(of, columns) - _READABLE, 0) <= width:
            break
        for key in [key for key in columns if of.column(key).rank == rank]:
            dropped.append(of.column(key).title)
            del columns[key]
    return dropped


def _lines(of: Table, columns: dict[str, tuple[str, ...]], width: int | None) -> list[str]:
    """Return heading, unit and rows; words of the last column without room are wrapped there, or below their row."""
    rows = list(zip(*columns.values(), strict=True))
    if width is None or not _words(of, columns) or _width(columns.values()) <= width:
        return [_GAP.join(cells).rstrip() for cells in rows]
    indent = _width(list(columns.values())[:-1]) + len(_GAP)
    beside = width - indent >= _READABLE
    indent = indent if beside else 2 * len(_GAP)
    lines = []
    for number, (*cells, said) in enumerate(rows):
        parts = textwrap.wrap(said, max(width - indent, _READABLE)) if number >= _HEADING_LINES or beside else []
        first = [*cells, *parts[:1]] if beside else cells
        lines += [_GAP.join(first).rstrip(), *(" " * indent + part for part in parts[beside:])]
    return lines


def _words(of: Table, columns: dict[str, tuple[str, ...]]) -> int:
    """Return how wide the last of several columns is, where it holds words, which may be wrapped; else 0."""
    key, cells = list(columns.items())[-1]
    return len(cells[0]) if len(columns) > 1 and of.column(key).kind in {ColumnKind.TEXT, ColumnKind.NAME} else 0


def _width(columns: Collection[Sequence[str]]) -> int:
    return sum(len(cells[0]) for cells in columns) + len(_GAP) * (len(columns) - 1)


def _column(of: Table, column: Column, width: int | None) -> tuple[str, ...]:
    """Return a column's cells, heading and unit first, all of one width."""
    pairs = show_column(of, column)
    values = [text for text, _ in pairs]
    if column.kind is ColumnKind.NAME and width is not None and column.key != of.shown[-1]:
        values = [_short(text) for text in values]
    if column.kind is ColumnKind.NOTES:
        values = [" ".join(f"[{number}]" for number in text.split()) for text in values]
    if column.repeats:
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
        cells = [plain(column.title), column.unit, *values]
    wide = max(map(len, cells))
    return tuple(f"{cell:>{wide}}" if column.kind.to_the_right else f"{cell:<{wide}}" for cell in cells)


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
