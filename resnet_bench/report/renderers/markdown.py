"""A document for a pull request: GitHub-flavoured Markdown, details collapsed; a report has at most 60 kB.

A command's own answer, the sections that are not folded, is never cut. Names from files stand in code spans: no
markup, no mention, no HTML comes out of them.
"""

from collections.abc import Sequence

from resnet_bench.report.cells import show_column
from resnet_bench.report.document import Document, Prominence, Section, Severity
from resnet_bench.report.escaping import markdown as escape
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.words import counted, plain

LIMIT_BYTES = 60_000
_MARKS = {Severity.GOOD: "✅", Severity.NOTICE: "⚠️", Severity.BAD: "❌"}
_FOLD_ABOVE = 24
# Parts of the limit that one table may take, until all of them leave the summary its room.
_SHARES = (6, 12, 24, 48, 96)


def render(document: Document, _width: int | None = None, /) -> str:
    """Return head, summary and sections, then folded tables, findings, facts and notes within the limit."""
    head = _head(document)
    facts = _within(_facts(document), LIMIT_BYTES // 3, "part")
    open_sections = [_section(it) for it in document.sections if it.prominence is Prominence.MAIN]
    room = LIMIT_BYTES - _size(head) - _size(facts) - 200
    wanted = (
        min(_size(_summary(document.headline_table, LIMIT_BYTES)), LIMIT_BYTES // 3) if document.headline_table else 0
    )
    for share in _SHARES:
        tables = "\n".join(_tables(document, LIMIT_BYTES // share))
        if _size(tables) + wanted <= room:
            break
    else:
        tables = _within(_tables(document, LIMIT_BYTES // _SHARES[-1]), room - wanted, "table")
    summary = _summary(document.headline_table, room - _size(tables)) if document.headline_table else ""
    return "\n".join(part for part in (head, summary, *open_sections, tables, facts) if part)


def table(of: Table, *, limit: int | None = None) -> str:
    """Return any table of a document, cut by whole rows where it would exceed `limit` bytes and saying so."""
    if not of.rows:
        return "none"
    columns = [of.column(key) for key in of.shown]
    lines = [_row([_heading(column) for column in columns]), _row([_rule(column) for column in columns])]
    used = sum(_size(line) + 1 for line in lines)
    cells = zip(*([_cell(column, *pair) for pair in show_column(of, column)] for column in columns), strict=True)
    for number, row in enumerate(cells):
        line = _row(row)
        used += _size(line) + 1
        if limit is not None and used > limit:
            return "\n".join([*lines, "", f"{len(of.rows) - number:,} more rows are in the HTML report."])
        lines.append(line)
    return "\n".join(lines)


def code(text: str) -> str:
    """Return a name from a file as a code span that also survives in a table."""
    cleaned = plain(text).replace("|", "\\|")
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in cleaned).split()), default=0)
    fence = "`" * (longest + 1)
    padding = " " if cleaned.startswith("`") or cleaned.endswith("`") else ""
    return f"{fence}{padding}{cleaned}{padding}{fence}" if cleaned else ""


def _head(document: Document) -> str:
    lines = [f"### {escape(document.title)}", ""]
    if document.health:
        lines += [" · ".join(f"{_MARKS[it.severity]} {escape(it.text)}" for it in document.health), ""]
    if document.finding:
        lines += [escape(document.finding), ""]
    if document.constants:
        lines += [f"All cases: {escape(document.constants)}.", ""]
    return "\n".join(lines)


def _section(section: Section) -> str:
    lines = [f"#### {escape(section.title)}", ""] if section.title else []
    lines += [line for text in section.paragraphs for line in (escape(text), "")]
    for it in section.tables:
        caption = section.caption_of(it)
        lines += [f"{escape(caption)}:", ""] if caption else []
        lines += [table(it), ""]
    lines += [f"- {escape(line)}" for line in section.lines]
    return "\n".join([*lines, ""] if section.lines else lines)


def _summary(of: Table, room: int) -> str:
    text = table(of, limit=room)
    if len(of.rows) > _FOLD_ABOVE:
        return _details(f"{len(of.rows):,} cases", text)
    return text + "\n"


def _tables(document: Document, limit: int) -> list[str]:
    return [
        _details(it.caption or section.title, table(it, limit=limit))
        for section in document.sections
        for it in (*(section.tables if section.prominence is not Prominence.MAIN else ()), *section.folded)
    ]


def _within(parts: Sequence[str], limit: int, noun: str) -> str:
    """Return the first of the parts that fit in `limit` bytes, and how many do not."""
    kept: list[str] = []
    used = 0
    for part in parts:
        used += _size(part) + 1
        if used > limit:
            more = counted(len(parts) - len(kept), f"more {noun}")
            return "\n".join([*kept, f"{more} in the HTML report.\n"])
        kept.append(part)
    return "\n".join(kept)


def _facts(document: Document) -> list[str]:
    """Return what folds below the tables: the figures' findings, each run's machine and protocol, the notes."""
    parts = []
    findings = [
        f"- **{figure.title}**: {escape(figure.finding)}" for section in document.sections for figure in section.figures
    ]
    if findings:
        parts.append(_details("Findings", "\n".join(findings)))
    parts += [
        _details(run.heading, "\n".join(f"- {it.label}: {escape(it.value)}" for it in run.facts))
        for run in document.runs
    ]
    if document.notes:
        notes = "\n".join(
            f"{note.number}. {escape(note.text)}" + (f" ({counted(note.cases, 'case')})" if note.cases else "")
            for note in document.notes[:50]
        )
        more = f"\n\n{len(document.notes) - 50} more notes." if len(document.notes) > 50 else ""  # noqa: PLR2004
        parts.append(_details(counted(len(document.notes), "note"), notes + more))
    return parts


def _details(title: str, body: str) -> str:
    # HTML entities, for a summary is HTML and not Markdown.
    safe = plain(title).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
    return f"<details><summary>{safe}</summary>\n\n{body}\n\n</details>\n"


def _cell(column: Column, text: str, interval: str) -> str:
    if column.kind is ColumnKind.NAME:
        return code(text)
    if column.kind is ColumnKind.NOTES:
        return " ".join(f"[{number}]" for number in text.split())
    return f"{escape(text)} {interval}".strip() if not column.kind.numeric else f"{text} {interval}".strip()


def _heading(column: Column) -> str:
    title = f"{column.title} ({column.unit})" if column.unit else column.title
    return f"{escape(column.group)}: {title}" if column.group else title


def _rule(column: Column) -> str:
    return "---:" if column.kind.to_the_right else "---"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _size(text: str) -> int:
    return len(text.encode())
