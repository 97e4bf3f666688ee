"""What an hour of a machine costs, read from words: "2.49 USD/h", of one run or machine "a100-box = 2.49 USD/h".

A suite has them by the machine's name, or a pattern of it:

    [prices]
    "NVIDIA H100*" = "2.49 USD/h"
    "*" = "0.08 USD/h"
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from resnet_bench.errors import ConfigError, UsageError
from resnet_bench.records import Price

_AMOUNT = r"(?P<amount>[0-9]+(?:\.[0-9]+)?)\s*(?P<currency>[^\W\d]+|[$€£¥])\s*/\s*h"
_PRICE = re.compile(rf"(?:(?P<where>.+?)\s*=\s*)?{_AMOUNT}")


def parse_price(text: str) -> Price:
    """Read what an hour costs.

    Raises:
        UsageError: it is no amount with a currency an hour.
    """
    found = _PRICE.fullmatch(text.strip())
    if found is None or float(found["amount"]) <= 0:
        raise UsageError(f"price '{text}' is not an amount an hour such as '2.49 USD/h' or 'RUN=2.49 USD/h'.")
    return Price(per_hour=float(found["amount"]), currency=found["currency"], where=(found["where"] or "").strip())


def of_suite(table: Mapping[str, object], where: str) -> tuple[Price, ...]:
    """Read `[prices]`, in its order: of two patterns that a machine matches, the first holds.

    Raises:
        ConfigError: one of them is no amount an hour.
    """
    return tuple(_of_key(name, value, where) for name, value in table.items())


def _of_key(name: str, value: object, where: str) -> Price:
    found = re.fullmatch(_AMOUNT, value.strip()) if isinstance(value, str) else None
    if found is None or float(found["amount"]) <= 0:
        raise ConfigError(f"{where}: prices.\"{name}\" = {value!r}: expected an amount an hour such as '2.49 USD/h'.")
    return Price(per_hour=float(found["amount"]), currency=found["currency"], where=name)


def of_machine(prices: Sequence[Price], names: Iterable[str]) -> Price | None:
    """Return the first price whose pattern one of a machine's names matches, None without one."""
    known = tuple(names)
    return next((it for it in prices if any(fnmatchcase(name, it.where) for name in known)), None)
