"""`history`: what moved from commit to commit, from runs and from asv's results."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_bench.analysis.history import history as analysis
from resnet_bench.analysis.history.series import MIN_CHANGE
from resnet_bench.api.measured import MeasuredRun, load
from resnet_bench.errors import UsageError
from resnet_bench.interop import asv_read
from resnet_bench.records import History
from resnet_bench.report import notebook
from resnet_bench.report.document import Document
from resnet_bench.report.documents import history as view
from resnet_bench.report.frame import frame_of
from resnet_bench.report.renderers import Format, render

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


class CommitHistory:
    """Series across commits, and which commits moved them; `record` is the whole of it."""

    def __init__(self, record: History) -> None:
        self.record = record

    @cached_property
    def document(self) -> Document:
        """What `resnet-bench history` says."""
        return view.document(self.record)

    def frame(self) -> "pd.DataFrame":
        """Return one row a point: series, commit, value in base units."""
        return frame_of(self.document.rows())

    def figure(self) -> "go.Figure":
        """Return the series across commits as a plotly figure.

        Raises:
            UsageError: there is nothing to draw.
        """
        drawn = notebook.figures_of(self.document)
        if not drawn:
            raise UsageError("no series has enough commits to be drawn.")
        return notebook.plotly_object(next(iter(drawn.values())))

    def __str__(self) -> str:
        return render(self.document, Format.TEXT).rstrip()

    def _repr_html_(self) -> str:
        return notebook.html_of(self.document)

    def _ipython_display_(self) -> None:
        notebook.display(self.document, str(self))


def history(
    runs: Sequence[MeasuredRun | str | Path] = (),
    *,
    asv_results: str | Path | None = None,
    repository: str | Path = ".",
    branch: str = "HEAD",
    min_change: float = MIN_CHANGE,
) -> CommitHistory:
    """Put runs, or asv's results, in the order of their commits, and find the commits that moved a level.

    Args:
        runs: runs, or run directories.
        asv_results: asv's results folder.
        repository: the checkout that knows the order of commits.
        branch: the revision whose history counts.
        min_change: the smallest relative change of a measured level to report.

    Raises:
        UsageError: there is nothing to read, or no such branch.
        StoreError: a run or folder cannot be read, or no commit is left.
    """
    if not runs and asv_results is None:
        raise UsageError("history needs runs, or asv_results with asv's results folder.")
    loaded = [each if isinstance(each, MeasuredRun) else load(each) for each in runs]
    results = [] if asv_results is None else [asv_read.read(Path(asv_results))]
    sources = [*([str(asv_results)] if asv_results else []), *(str(run.directory or "a run") for run in loaded)]
    found, _ = analysis.build(
        results,
        [run.record for run in loaded],
        sources=sources,
        repository=Path(repository),
        branch=branch,
        min_change=min_change,
    )
    return CommitHistory(found)
