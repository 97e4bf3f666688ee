"""`export`: a run into other tools."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from resnet_bench.commands.output import destination, give, warn
from resnet_bench.errors import UsageError
from resnet_bench.interop import asv_write
from resnet_bench.report import sheets, trackers
from resnet_bench.report.documents import run as view
from resnet_bench.report.renderers import Format
from resnet_bench.storage import files, outputs, run_directory
from resnet_bench.words import say


class Target(StrEnum):
    """What to export to."""

    ASV = "asv"
    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"
    MLFLOW = "mlflow"
    WANDB = "wandb"


_SUFFIXES = {Target.MLFLOW: ".db", Target.WANDB: "-wandb"}


def export(
    run: Path,
    *,
    to: Target,
    asv_results: Path = asv_write.RESULTS,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> None:
    """Write a run as asv results of its commit, or every case as CSV, Parquet, an Excel sheet, or a tracker's runs.

    Args:
        run: the run directory.
        to: asv, for `asv publish`, `asv show` and `asv compare`; or csv, in base units; or parquet or xlsx, which go to
            -o FILE; or mlflow, a database of its own in -o FILE, or wandb, offline runs in the folder -o DIR.
        asv_results: asv's results folder.
        output: write the file here instead of printing it.
    """
    if to is Target.ASV and output is not None:
        raise UsageError("--output is of --to csv; --asv-results names the folder that --to asv writes to.")
    loaded = run_directory.load(run)
    warn(loaded.warnings)
    if to is Target.ASV:
        print_exported(asv_write.export(loaded, asv_results))
    elif to is Target.CSV:
        give(view.build([loaded]), destination(Format.CSV, output, inputs=[run]))
    else:
        if output is None:
            suffix = _SUFFIXES.get(to, f".{to}")
            raise UsageError(f"--to {to} writes a file; name it with -o, such as -o {run.name}{suffix}.")
        files.make_folder_of(output)
        if to in {Target.MLFLOW, Target.WANDB}:
            say(str(trackers.write(to.value, loaded, view.build([loaded]).rows(), output)), to=sys.stdout)
            return
        outputs.check(output, inputs=[run])
        say(str(sheets.write(to.value, view.build([loaded]).rows(), output)), to=sys.stdout)


def print_exported(exported: asv_write.Exported) -> None:
    """Say what was written, a line for each file."""
    for path in exported.paths:
        say(str(path), to=sys.stdout)
