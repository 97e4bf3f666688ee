"""The page of what a test session measured: its runs side by side, and what it held against revisions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from resnet_bench.api.checks import ComparedRevisions
from resnet_bench.api.measured import MeasuredRun
from resnet_bench.records.live import MatchupResult
from resnet_bench.report.document import Document, Section
from resnet_bench.report.documents import live
from resnet_bench.report.documents import run as view
from resnet_bench.report.renderers import of_file, render
from resnet_bench.storage import files, outputs

Measured = MeasuredRun | ComparedRevisions


def refuse(path: Path) -> None:
    """Refuse, before anything is measured, a page that could not be written.

    Raises:
        UsageError: the suffix names no format.
        StoreError: the file cannot be written, or is no former report.
    """
    of_file(path)
    files.make_folder_of(path)
    outputs.check(path)


def write(found: Sequence[Measured], path: Path) -> Path:
    """Write the report of what was measured, at least one, and return where; the suffix decides its format.

    Raises:
        UsageError, StoreError: as `refuse`.
    """
    refuse(path)
    return outputs.write(path, render(document(found), of_file(path)))


def document(found: Sequence[Measured]) -> Document:
    """Return runs as `report` shows them, and below them a section for each pair of revisions."""
    runs = [it.record for it in found if isinstance(it, MeasuredRun)]
    of_sides: dict[tuple[str, str], list[MatchupResult]] = {}
    for it in found:
        if isinstance(it, ComparedRevisions):
            of_sides.setdefault(it.labels, []).extend(it.outcomes)
    compared = [live.document(outcomes, labels) for labels, outcomes in of_sides.items()]
    first, *others = [view.build(runs), *compared] if runs else compared
    if not others:
        return first
    return msgspec.structs.replace(
        first,
        content=lambda: _contents(first, others),
        sections=(*first.sections, *(_section(it, number) for number, it in enumerate(others, start=1))),
    )


def _section(compared: Document, number: int) -> Section:
    name = f"against-{number}"
    tables = tuple(msgspec.structs.replace(it, id=name) for section in compared.sections for it in section.tables)
    lines = tuple(it for section in compared.sections for it in section.lines)
    return Section(id=name, title=compared.title, tables=tables, lines=lines)


def _contents(first: Document, others: Sequence[Document]) -> object:
    own, more = first.content(), [it.content() for it in others]
    return {**own, "against": more} if isinstance(own, Mapping) else [own, *more]
