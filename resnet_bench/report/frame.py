"""A table of a document as a pandas frame: every column in base units. pandas is imported when one is asked for."""

from typing import TYPE_CHECKING

from resnet_bench import units
from resnet_bench.report.table import Table

if TYPE_CHECKING:
    import pandas as pd


def frame_of(table: Table) -> "pd.DataFrame":
    """Return a row for each of the table's, unrounded; `attrs["units"]` has the unit of each column that has one.

    Bounds of an interval are columns of their own; what nobody measured is NaN in a column of numbers.
    """
    import pandas as pd  # noqa: PLC0415 - a third of a second that no command but a notebook needs

    keys = [column.key for column in table.columns]
    found = pd.DataFrame(list(table.rows), columns=keys)
    for column in table.columns:
        if column.kind.numeric:
            found[column.key] = pd.to_numeric(found[column.key])
    found.attrs["units"] = {key: unit for key in keys if (unit := units.of_name(key))}
    return found
