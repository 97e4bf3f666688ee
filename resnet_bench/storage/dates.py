"""Dates as records have them."""

import datetime as dt

from resnet_bench.errors import StoreError
from resnet_bench.words import plain


def seconds(date: str) -> float:
    """Return the seconds since 1970 of a record's date.

    Raises:
        StoreError: the text is not a date.
    """
    try:
        return dt.datetime.fromisoformat(date).timestamp()
    except (ValueError, OverflowError) as error:
        raise StoreError(
            f"'{plain(date)}' is not a date such as 2026-01-31T12:00:00+00:00; the record is damaged."
        ) from error
