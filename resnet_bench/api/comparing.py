"""`compare`: two runs or baselines held against each other."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_bench.analysis.digest import digest
from resnet_bench.analysis.verdicts import calibrated, sides
from resnet_bench.analysis.verdicts.comparability import parse_across
from resnet_bench.analysis.verdicts.compare import compare as compare_digests
from resnet_bench.api.measured import MeasuredRun
from resnet_bench.records import Comparison, Digest, Verdict, VerdictTable
from resnet_bench.report import notebook
from resnet_bench.report.document import Document
from resnet_bench.report.documents import verdicts
from resnet_bench.report.frame import frame_of
from resnet_bench.report.renderers import Format, render
from resnet_bench.storage import baselines, calibrations

if TYPE_CHECKING:
    import pandas as pd

Comparable = MeasuredRun | str | Path


class ComparedRuns:
    """The verdicts on every metric of every case; `table` is the record."""

    def __init__(self, table: VerdictTable) -> None:
        self.table = table

    @cached_property
    def document(self) -> Document:
        """What `resnet-bench compare --all` says."""
        return verdicts.document(self.table, every_row=True)

    @property
    def regressed(self) -> tuple[Comparison, ...]:
        """The rows that got worse."""
        return self._with(Verdict.REGRESSED)

    @property
    def improved(self) -> tuple[Comparison, ...]:
        """The rows that got better."""
        return self._with(Verdict.IMPROVED)

    def frame(self) -> "pd.DataFrame":
        """Return one row a metric of a case: both sides in base units, ratio, interval, verdict and reason."""
        return frame_of(self.document.rows())

    def _with(self, verdict: Verdict) -> tuple[Comparison, ...]:
        return tuple(row for row in self.table.comparisons if row.verdict is verdict)

    def __str__(self) -> str:
        return render(verdicts.document(self.table), Format.TEXT).rstrip()

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self.table.counts.items() if count)
        return f"<ComparedRuns {self.table.baseline} to {self.table.contender}: {counts}>"

    def _repr_html_(self) -> str:
        return notebook.html_of(verdicts.document(self.table))


def compare(
    baseline: Comparable,
    contender: Comparable,
    *,
    across: Sequence[str] = (),
    baselines_dir: str | Path = baselines.DEFAULT_DIRECTORY,
    calibration: str | Path = calibrations.DEFAULT_FILE,
) -> ComparedRuns:
    """Compare two runs or baselines: ratio with its interval, verdict and reason for every metric of every case.

    Args:
        baseline: a run, a run directory, a baseline file, or the name of a baseline; ratios are relative to it.
        contender: the same.
        across: kinds of difference to allow: device, cpu, cores, memory, torch, threads, protocol.
        baselines_dir: where named baselines are kept.
        calibration: noise bands of this machine, as `calibrate` writes them.

    Raises:
        StoreError: a side cannot be read.
        UsageError: there is no such kind of difference.
    """
    left, right = (_side(each, Path(baselines_dir)) for each in (baseline, contender))
    bands, warnings = calibrated.bands_for(right, Path(calibration))
    table = compare_digests(left, right, across=parse_across(",".join(across)), bands=bands)
    return ComparedRuns(table.noting([*left.warnings, *right.warnings, *warnings]))


def _side(given: Comparable, directory: Path) -> Digest:
    return digest(given.record) if isinstance(given, MeasuredRun) else sides.read(str(given), directory)
