"""A table as a Parquet file or an Excel workbook, by pyarrow and openpyxl where they are installed."""

import importlib.util
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from resnet_bench.errors import UsageError
from resnet_bench.report.frame import frame_of
from resnet_bench.report.table import Table
from resnet_bench.storage import files, outputs
from resnet_bench.words import plain

_SHEET = "results"


def write(form: str, table: Table, path: Path) -> Path:
    """Write a table to a file, whole or not at all, and return where.

    Raises:
        UsageError: the library for it is not installed.
        StoreError: the file cannot be written.
    """
    library, content = _FORMS[form]
    if importlib.util.find_spec(library) is None:
        raise UsageError(f"--to {form} needs {library}, which is not installed: pip install 'resnet-bench[export]'.")
    return files.whole(path, content(table))


def _parquet(table: Table) -> bytes:
    stream = io.BytesIO()
    frame = frame_of(table)
    frame.attrs = {}  # pandas would write them with a warning; units stand in the names
    pyarrow, parquet = map(importlib.import_module, ("pyarrow", "pyarrow.parquet"))
    held = pyarrow.Table.from_pandas(frame, preserve_index=False)
    made_by = {outputs.GENERATOR: outputs.OURS}
    parquet.write_table(held.replace_schema_metadata({**(held.schema.metadata or {}), **made_by}), stream)
    return stream.getvalue()


def _xlsx(table: Table) -> bytes:
    """Return a workbook; a text that begins like a formula stays a text."""
    from openpyxl import Workbook  # noqa: PLC0415 - an extra

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(_SHEET)
    sheet.append([column.key for column in table.columns])
    for row in table.rows:
        sheet.append([_cell(sheet, value) for value in row])
    stream = io.BytesIO()
    workbook.save(stream)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.comment = outputs.OURS
    return stream.getvalue()


def _cell(sheet: object, value: object) -> object:
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - an extra

    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=plain(value))
    cell.data_type = "s"
    return cell


_FORMS: Mapping[str, tuple[str, Callable[[Table], bytes]]] = {
    "parquet": ("pyarrow", _parquet),
    "xlsx": ("openpyxl", _xlsx),
}
