"""The bounds of a ratio as columns, wherever a ratio stands."""

from resnet_bench.analysis.confidence import CONFIDENCE_TEXT
from resnet_bench.report.table import Column, ColumnKind

# What all ratios of a page are of: `analysis.claims.ratio_of`.
OF_RATIOS = "Corrected for drift where both sides are, so it may differ a little from that of the figures shown."
RATIO_BOUNDS = tuple(
    Column(
        key=f"ratio_{title}",
        title=title,
        kind=ColumnKind.RATIO,
        help=f"{which} bound of the ratio's {CONFIDENCE_TEXT} interval.",
    )
    for title, which in (("low", "Lower"), ("high", "Upper"))
)
