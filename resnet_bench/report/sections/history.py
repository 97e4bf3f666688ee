"""Series across commits: the changes as a table, every series as a table, and the ones that changed as a figure."""

from resnet_bench.records import History
from resnet_bench.report.document import Prominence, Section
from resnet_bench.report.history_words import finding
from resnet_bench.report.sections.context import Context
from resnet_bench.report.sections.history_figure import history_figure
from resnet_bench.report.sections.history_tables import change_table, series_table


def past_section(context: Context) -> Section | None:
    """Return what the histories say, None where none was asked for."""
    return history_section(context.history) if context.history else None


def history_section(history: History) -> Section:
    """Return what the histories say, with a figure of the series whose level moved most."""
    changes = change_table(history)
    return Section(
        id="history",
        title="History",
        prominence=Prominence.PAGE,
        paragraphs=history.notes if history.series else (finding(history), *history.notes),
        figures=(history_figure(history),) if history.series else (),
        tables=(changes,) if changes.rows else (),
        folded=(series_table(history),),
    )
