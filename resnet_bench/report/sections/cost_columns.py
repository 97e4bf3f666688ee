"""What a million images cost, in the long table: where a suite says what an hour of the machine costs."""

from collections.abc import Callable

from resnet_bench.analysis.criteria import COST, Estimate
from resnet_bench.analysis.metric import Place
from resnet_bench.analysis.results import Result
from resnet_bench.report.sections.result_column import of_result
from resnet_bench.report.table import Column, ColumnKind, Value

COST_BOUNDS = (f"{COST.key}_low", f"{COST.key}_high")


def _of(value: Callable[[Estimate], Value]) -> Callable[[Result], Value]:
    def of(result: Result) -> Value:
        found = COST.estimate(result, None, {})
        return value(found) if found else None

    return of


COST_COLUMNS = (
    of_result(
        Column(
            key=COST.key,
            rank=5,
            title="cost",
            kind=ColumnKind.NUMBER,
            unit="a million images",
            help="What a million images cost at the throughput, by the price of an hour that the suite gives.",
            low=COST_BOUNDS[0],
            high=COST_BOUNDS[1],
        ),
        Place.TABLE,
        _of(lambda it: it.value),
    ),
    of_result(
        Column(key=COST_BOUNDS[0], title="cost, low", kind=ColumnKind.NUMBER), Place.DATA, _of(lambda it: it.low)
    ),
    of_result(
        Column(key=COST_BOUNDS[1], title="cost, high", kind=ColumnKind.NUMBER), Place.DATA, _of(lambda it: it.high)
    ),
    of_result(
        Column(key="currency", title="currency", kind=ColumnKind.TEXT),
        Place.DATA,
        lambda result: result.price.currency if result.price else None,
    ),
)
