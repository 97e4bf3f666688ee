"""One HTML file that opens from a mail, offline: the document, its data and plotly.js, compressed inside.

Nothing is computed in the template. Tables and figures travel as one compressed JSON payload; the first rows of each
table also stand in the HTML, for readers without scripts. The content security policy lets no request leave the page
and runs two scripts, each by its hash. The same document gives the same bytes.
"""

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from importlib import resources
from typing import Any
from urllib.parse import unquote

import jinja2
import msgspec
from markupsafe import Markup

from resnet_bench.report import figures, plotly_js
from resnet_bench.report.cells import decimals, show_column
from resnet_bench.report.digits import certain_fields
from resnet_bench.report.document import Document, Prominence, Section
from resnet_bench.report.figure import Figure
from resnet_bench.report.palette import SWAP
from resnet_bench.report.renderers.paper_columns import left_out
from resnet_bench.report.svg.drawing import svg
from resnet_bench.report.svg.paper import PAGE_RULES
from resnet_bench.report.table import Column, ColumnKind, Table, Value
from resnet_bench.words import plain

STATIC_ROWS = 40
FOLDED_ROWS = 12
_LOG_DIGITS = 6
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:%|ms|MiB|GiB|images/s)(?!\w))")
_TEMPLATES = "resnet_bench.report.templates"
_SCRIPT = (
    *("page", "say", "student", "decide", "tables", "reference", "tools", "filter", "downloads", "figures", "keyboard"),
    *("box", "state", "start"),
)


def render(document: Document, _width: int | None = None, /) -> str:
    """Return the whole page."""
    script = '"use strict";\n(() => {\n' + "\n".join(_asset(f"script/{part}.js") for part in _SCRIPT) + "})();\n"
    drawn = bool(_figures(document))
    head = _head(document)
    lead = document.lead_figure
    library, library_hash = plotly_js.packed() if drawn else ("", "")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("resnet_bench.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["plain"] = plain
    environment.filters["prose"] = prose
    environment.filters["linked"] = linked
    return environment.get_template("report.html.j2").render(
        document=document,
        head=head,
        body=[it for it in document.sections[len(head) :] if not _is_lead_alone(it, document)],
        lead=lead.id if lead else "",
        lead_figure=lead,
        referable=document.decision is not None and document.summary is not None,
        drawings={it.id: Markup(svg(it, limit=document.limit_in(it))) for it in _figures(document)},  # noqa: S704 - escaped there
        tables={it.id: _view(document, it, rows=_static_rows(document, it)) for it in _tables(document)},
        payload=Markup(plotly_js.pack(msgspec.json.encode(certain_fields(_payload(document))))),  # noqa: S704 - base85 without "<"
        plotly=Markup(library),  # noqa: S704 - base85 without "<"
        policy=_policy(plotly_js.source_hash(script.encode()), *([library_hash] if drawn else [])),
        css=Markup(_asset("report.css") + PAGE_RULES),  # noqa: S704 - our own
        script=Markup(script),  # noqa: S704 - our own file
    )


def _is_lead_alone(section: Section, document: Document) -> bool:
    """Say whether a section is nothing but the figure that stands above it already."""
    lead = document.lead_figure
    others = (section.figures[1:], section.tables, section.lines, section.paragraphs, section.folded, section.blocks)
    return lead is not None and section.figures[:1] == (lead,) and not any(others)


def _head(document: Document) -> tuple[Section, ...]:
    """Return what stands above the summary: sections without a title, where the summary is only the page's."""
    if document.summary_prominence is not Prominence.PAGE:
        return ()
    return tuple(itertools.takewhile(lambda section: not section.title, document.sections))


def prose(text: str) -> str:
    """Return `text` as `plain` does, its numbers kept on one line with their units."""
    return _BEFORE_UNIT.sub("\u00a0", plain(text))


def linked(path: str) -> str:
    """Return what a link to a run's page says: the name of its folder."""
    parts = unquote(path).split("/")
    return plain(parts[-2] if len(parts) > 1 else path)


def _policy(*hashes: str) -> str:
    scripts = " ".join(f"'{value}'" for value in hashes)
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _tables(document: Document) -> list[Table]:
    found = [it for it in (document.results, document.summary) if it is not None]
    for section in document.sections:
        found += [*section.tables, *section.folded]
        found += [figure.table for figure in section.figures]
    return found


def _figures(document: Document) -> list[Figure]:
    return [figure for section in document.sections for figure in section.figures]


def _payload(document: Document) -> dict[str, Any]:
    tables = _tables(document)
    # Several tables may show other columns of the same rows: those travel once, with the first of them.
    holders: dict[int, Table] = {}
    seen: dict[str, set[str]] = {}
    for table in tables:
        holder = holders.setdefault(id(table.rows), table)
        seen.setdefault(holder.id, set()).update(table.shown)
    packed = {table.id: _packed_table(table, holders[id(table.rows)], shown=seen) for table in tables}
    if document.launches is not None:  # a download: nobody reads them on the page
        packed[document.launches.id] = _packed_table(document.launches, document.launches, shown={})
    return {
        "tables": packed,
        "decision": _decision(document),
        "runs": [run.label for run in document.runs],
        "baselines": document.baselines,
        "figures": {figure.id: figures.plotly_figure(figure) for figure in _figures(document)},
        "swap": SWAP,
    }


def _decision(document: Document) -> dict[str, Any] | None:
    """Return the question box as it travels: what a column of the results has already is that column's key."""
    box, results = document.decision, document.results
    if box is None or results is None:
        return None
    packed: dict[str, Any] = msgspec.to_builtins(box)
    columns = {column.key: at for at, column in enumerate(results.columns)}
    first: dict[tuple[float | None, ...], str] = {}
    for place, it in enumerate((*packed["asked"], *packed["ranked"])):
        for name, key in zip(("values", "low", "high"), it.pop("keys"), strict=True):
            if key in columns and [results.rows[row][columns[key]] for row in box.rows] == list(it[name]):
                it[name] = key
            elif (same := first.get(tuple(it[name]))) is not None:
                it[name] = same  # the energy that is limited is the one that is ranked by
            else:
                first[tuple(it[name])] = f"{place}.{name}"
        for name in ("raw", "corrected"):
            it[name] = _short(it.get(name))
    return packed


def _short(located: list[list[float] | None] | None) -> list[list[float] | None] | None:
    """Return logarithms with the digits that an interval of a ratio, said with two, can show; all None is None."""
    if not located or not any(located):
        return None if located is None else []
    return [it and [float(f"{value:.{_LOG_DIGITS}g}") for value in it] for it in located]


def _packed_table(table: Table, holder: Table, *, shown: Mapping[str, Collection[str]]) -> dict[str, Any]:
    if table is not holder:
        return {"of": holder.id, "shown": table.shown}
    visible = shown.get(table.id, ())
    texts: dict[str, list[str]] = {}
    intervals: dict[str, list[str]] = {}
    for column in table.columns:
        if column.key in visible and (column.kind.numeric or column.kind in {ColumnKind.NAME, ColumnKind.VERDICT}):
            pairs = show_column(table, column)
            texts[column.key] = [text for text, _ in pairs]
            if any(interval for _, interval in pairs):
                intervals[column.key] = [interval for _, interval in pairs]
    return {
        "columns": table.columns,
        "values": list(zip(*table.rows, strict=True)) or [() for _ in table.columns],
        "numeric": [column.kind.numeric for column in table.columns],
        "texts": texts,
        "intervals": intervals,
        "shown": table.shown,
        "positions": table.positions,
        "members": table.members,
    }


def _static_rows(document: Document, table: Table) -> int:
    """Return how many rows stand in the HTML itself: fewer of the many tables that are folded below figures."""
    folded = {figure.table.id for figure in _figures(document)}
    return FOLDED_ROWS if table.id in folded else STATIC_ROWS


def _view(document: Document, table: Table, *, rows: int) -> dict[str, Any]:
    """Return what the template draws of a table: headings, groups above them, and the first rows."""
    columns = [table.column(key) for key in table.shown]
    head = msgspec.structs.replace(table, rows=table.rows[:rows])
    unprinted = left_out(table)
    cells = [_cells(head, column, unprinted=column in unprinted) for column in columns]
    printed = [column for column in columns if column not in unprinted]
    return {
        "id": table.id,
        "caption": table.caption,
        "constants": table.constants,
        "columns": columns,
        "groups": _groups(columns),
        "unprinted": [column.key for column in unprinted],
        "printed_groups": _groups(printed) if unprinted else [],
        "not_shown": ", ".join(dict.fromkeys(column.title for column in unprinted)),
        "rows": list(zip(*cells, strict=True)),
        "total": len(table.rows),
        "more": f"{len(table.rows) - rows:,} more rows need JavaScript",
        "facets": _facets(document.results) if document.results and table is document.summary else [],
        "words": _words(document, columns) if table is document.summary else [],
    }


def _words(document: Document, columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Return what the columns mean, each heading once, and the report's own words."""
    found = {column.title: column.help for column in columns if column.help}
    return [*found.items(), *document.glossary]


def _cells(table: Table, column: Column, *, unprinted: bool) -> list[dict[str, Any]]:
    pairs = show_column(table, column)
    point = max((decimals(text) for text, _ in pairs), default=0)
    kind = "n" if column.kind.numeric else column.kind.value
    return [
        {
            "kind": kind,
            "text": text,
            "pad": _pad(text, point) if column.kind.numeric else "",
            "interval": interval,
            "unprinted": unprinted,
        }
        for text, interval in pairs
    ]


def _pad(text: str, point: int) -> str:
    """Return the invisible characters that bring a number's point below the others'."""
    missing = point - decimals(text)
    if missing <= 0 or " " in text:
        return ""
    return "0" * missing if "." in text else "." + "0" * (missing - 1)


def _groups(columns: Sequence[Column]) -> list[tuple[str, int]]:
    groups: list[tuple[str, int]] = []
    for column in columns:
        if groups and groups[-1][0] == column.group:
            groups[-1] = (column.group, groups[-1][1] + 1)
        else:
            groups.append((column.group, 1))
    return groups if any(name for name, _ in groups) else []


def _facets(table: Table) -> list[tuple[str, str, list[tuple[int, str]]]]:
    """Return what can be filtered by, where there is a choice: key, title, and each value's first row and words.

    The page looks the value up in that row: HTML would not keep all the characters of a name from a file.
    """
    keys = [column.key for column in table.columns]
    run = keys.index("run") if "run" in keys else None
    runs = {row[run] for row in table.rows} if run is not None else set()
    found = []
    for position, column in enumerate(table.columns):
        if column.facet:
            values: dict[Value, int] = {}
            for number, row in enumerate(table.rows):
                if row[position] is not None:
                    values.setdefault(row[position], number)
            # What each run has only one of (its device) says no more than the run itself.
            by_run = len(runs) > 1 and len({(row[run or 0], row[position]) for row in table.rows}) == len(runs)
            if len(values) > 1 and (position == run or not by_run):
                found.append(
                    (column.key, column.title, [(number, plain(str(value))) for value, number in values.items()])
                )
    return found


def _asset(name: str) -> str:
    return resources.files(_TEMPLATES).joinpath(name).read_text(encoding="utf-8")
