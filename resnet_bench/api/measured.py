"""A run as an object: its record, its table as a pandas frame, the page's figures, the page itself."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_bench.api.choosing import Budgets, ChosenModel, best_of
from resnet_bench.errors import UsageError, nearest
from resnet_bench.records import Launch, Run, Skip
from resnet_bench.report import notebook
from resnet_bench.report.document import Document
from resnet_bench.report.documents import run as view
from resnet_bench.report.frame import frame_of
from resnet_bench.report.renderers import Format, of_file, render
from resnet_bench.storage import files, outputs, run_directory
from resnet_bench.words import counted

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


class MeasuredRun:
    """A run that was measured or loaded.

    Attributes:
        record: everything that is known of it, as the run directory holds it.
        directory: where it lies, None where it is in memory alone.
        entries: every launch and skip in the order of time.
    """

    def __init__(self, record: Run, entries: Sequence[Launch | Skip], directory: Path | None) -> None:
        self.record = record
        self.directory = directory
        self.entries = tuple(entries)

    @cached_property
    def document(self) -> Document:
        """What the report says of the run."""
        return view.build([self.record])

    def frame(self) -> "pd.DataFrame":
        """Return one row a case: its axes, every metric in base units, intervals as columns.

        `frame.attrs["units"]` has the unit of each column that has one.
        """
        return frame_of(self.document.rows())

    @property
    def figures(self) -> tuple[str, ...]:
        """The names that `figure` takes, in the page's order."""
        return tuple(notebook.figures_of(self.document))

    def figure(self, name: str) -> "go.Figure":
        """Return one of the page's figures as a plotly figure.

        Raises:
            UsageError: the run has no such figure.
        """
        known = notebook.figures_of(self.document)
        if name not in known:
            have = f"it has {', '.join(known)}" if known else "it has none"
            raise UsageError(f"this run has no figure '{name}'; {have}.{nearest(name, known)}")
        return notebook.plotly_object(known[name])

    def best(self, under: Budgets = (), *, best_for: str | None = None, price: str | Sequence[str] = ()) -> ChosenModel:
        """Return which model to take: the best case of each that keeps the budgets, and the best of them.

        Args:
            under: budgets in words, "latency p95 200 ms at batch 1", or limits in base units, {"latency_s": 0.2}.
            best_for: accuracy, throughput, latency, energy, cost; accuracy where it is known, else throughput.
            price: what an hour costs, "2.49 USD/h".

        Raises:
            UsageError: something was asked that was not measured, or cannot be read.
        """
        return best_of(self.record, under, best_for, price)

    def save(self, directory: str | Path) -> Path:
        """Write the run as a run directory, for every command of resnet-bench, and return where.

        Raises:
            StoreError: there is a run already, or the folder cannot be written.
        """
        target = Path(directory)
        run_directory.create_whole(target, self.record.header, self.entries, self.record.layers)
        self.directory = self.directory or target
        return target

    def report(self, path: str | Path) -> Path:
        """Write the report to a file and return where; the suffix decides: .html is the page, then .md, .csv, .json.

        Raises:
            UsageError: the suffix names no format.
            StoreError: the file cannot be written, or is no former report.
        """
        target = Path(path)
        form = of_file(target)
        files.make_folder_of(target)
        outputs.check(target)
        return outputs.write(target, render(self.document, form))

    def __str__(self) -> str:
        return render(self.document, Format.TEXT).rstrip()

    def __repr__(self) -> str:
        header = self.record.header
        skipped = f", {len(self.record.skips)} skipped" if self.record.skips else ""
        return f"<MeasuredRun {header.id}: {counted(len(self.record.measurements), 'case')} measured{skipped}>"

    def _repr_html_(self) -> str:
        return notebook.html_of(self.document)

    def _ipython_display_(self) -> None:
        notebook.display(self.document, str(self))


def load(directory: str | Path) -> MeasuredRun:
    """Read a run directory.

    Raises:
        StoreError: it is none, is damaged, or of a newer schema.
    """
    record, entries = run_directory.load_with_entries(Path(directory))
    return MeasuredRun(record, entries, Path(directory))
