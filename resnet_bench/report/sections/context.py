"""What a section of a report is made from: one record for all of them."""

from collections.abc import Callable

from resnet_bench.analysis.results import Result
from resnet_bench.records import History, Record, Run, VerdictTable
from resnet_bench.report.document import Section
from resnet_bench.report.labels import Labels
from resnet_bench.report.sections.curves import Curve
from resnet_bench.report.table import Table


class Context(Record, frozen=True, kw_only=True):
    """The runs with all that follows from them; `long` has every case, `verdicts` are those of each comparison."""

    runs: tuple[Run, ...]
    results: tuple[Result, ...]
    labels: Labels
    curves: tuple[Curve, ...]
    long: Table
    verdicts: tuple[VerdictTable, ...]
    history: History | None


# None where there is nothing to say.
MakesSection = Callable[[Context], Section | None]
