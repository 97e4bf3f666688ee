"""The bounds of a ratio as columns, wherever a ratio stands."""

from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.report.table import Column, ColumnKind

RATIO_BOUNDS = tuple(
    Column(
        key=f"ratio_{title}",
        title=title,
        kind=ColumnKind.RATIO,
        help=f"{which} bound of the ratio's {CONFIDENCE_TEXT} interval.",
    )
    for title, which in (("low", "Lower"), ("high", "Upper"))
)
