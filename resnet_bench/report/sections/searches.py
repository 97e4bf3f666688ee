"""What `--batch-sizes auto` found: the largest batch that fits, what ended the search, and the one to use."""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.records import BatchSearch, Run, SearchStop
from resnet_bench.report.sections.curves import KNEE_SHARE, Curve
from resnet_bench.report.table import Column, ColumnKind, Table

_COLUMNS = (
    Column(key="series", title="series", kind=ColumnKind.NAME),
    Column(key="largest_batch_size", title="largest that fits", kind=ColumnKind.INTEGER),
    Column(key="stopped_by", title="search ended at", kind=ColumnKind.TEXT),
    Column(key="recommended_batch_size", title="recommended", kind=ColumnKind.INTEGER),
    Column(key="throughput_images_per_s", title="throughput there", kind=ColumnKind.RATE, unit="images/s"),
    Column(key="share_of_best", title="of the best", kind=ColumnKind.SHARE),
)


def searches_table(runs: Sequence[Run], curves: Sequence[Curve]) -> Table:
    """Return a row for every search, without rows where batch sizes were given."""
    rows = []
    for curve in curves:
        search = _search_of(runs[curve.run], curve)
        if search is None:
            continue
        best, knee = curve.fastest, curve.knee or curve.fastest
        at_knee = knee.throughput.median if knee and knee.throughput else None
        at_best = best.throughput.median if best and best.throughput else None
        rows.append(
            (
                curve.name,
                search.largest,
                _end(search),
                knee.case.batch_size if knee else None,
                at_knee,
                at_knee / at_best if at_knee and at_best else None,
            )
        )
    return Table(
        id="searches",
        caption=(
            "Search for batch sizes. Recommended is the knee: the smallest measured batch size with "
            f"{units.percent(KNEE_SHARE, 0)} of the best throughput"
        ),
        columns=_COLUMNS,
        rows=tuple(rows),
        shown=tuple(column.key for column in _COLUMNS),
    )


def _search_of(run: Run, curve: Curve) -> BatchSearch | None:
    case = curve.results[0].case
    return next((it for it in run.header.searches if it.case.with_batch_size(case.batch_size) == case), None)


def _end(search: BatchSearch) -> str:
    match search.stopped_by:
        case SearchStop.OUT_OF_MEMORY:
            return "the device's memory"
        case SearchStop.MEMORY_LIMIT:
            return f"the memory limit of {units.byte_size(search.memory_limit_bytes)}"
        case SearchStop.TIME_LIMIT:
            return f"an iteration of more than {units.duration(search.iteration_limit_s)}"
        case SearchStop.MAXIMUM:
            return "the largest batch size tried"
        case SearchStop.REFUSED:
            return f"a refusal: {search.trials[-1].detail}"
