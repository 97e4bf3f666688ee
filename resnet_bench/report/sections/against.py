"""What accuracy is held against in a figure: latency at one batch size, or throughput where it is highest."""

from collections.abc import Callable
from dataclasses import dataclass

from resnet_bench.analysis.metric import Direction, Metric
from resnet_bench.analysis.metrics import LATENCY, THROUGHPUT
from resnet_bench.analysis.results import Result
from resnet_bench.records import Summary
from resnet_bench.report.sections.curves import Curve


@dataclass(frozen=True, kw_only=True)
class Against:
    """A metric, at which case of a curve, and how its axis is said and scaled."""

    id: str
    metric: Metric
    case: Callable[[Curve], Result | None]
    scale: float
    axis: str
    where: str
    corner: str
    budget_unit: str
    budget_batch: int | None
    statistic: str

    @property
    def title(self) -> str:
        """The figure's heading."""
        return f"Accuracy against {self.metric.label}"

    def ahead(self, one: float, other: float) -> bool:
        """Return whether a value is no worse than another."""
        return one >= other if self.metric.direction is Direction.HIGHER else one <= other

    def say(self, summary: Summary) -> str:
        """Return a figure with its unit."""
        return f"{self.metric.show(summary.median)} {self.metric.unit}"


THROUGHPUT_AT_BEST = Against(
    id="accuracy",
    metric=THROUGHPUT,
    case=lambda curve: curve.fastest,
    scale=1.0,
    axis="throughput (images/s)",
    where="at the batch size where it is fastest",
    corner="Up and to the right",
    budget_unit="",
    budget_batch=None,
    statistic="",
)


def latency_at(size: int) -> Against:
    """Return latency at a batch size that was measured."""
    return Against(
        id="accuracy-latency",
        metric=LATENCY,
        case=lambda curve: next((it for it in curve.measured if it.case.batch_size == size), None),
        scale=1e3,
        axis=f"latency p50 at batch {size} (ms)",
        where=f"at batch size {size}",
        corner="Up and to the left",
        budget_unit="s",
        budget_batch=size,
        statistic="p50",
    )
