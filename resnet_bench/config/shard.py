"""Which part of a suite is asked for: `--shard 2/4`."""

import re

from resnet_bench.config.suite_file import Suite
from resnet_bench.errors import UsageError

_SHARD = re.compile(r"(\d{1,9})/(\d{1,9})")


def parse(text: str, spelled: str = "--shard") -> tuple[int, int]:
    """Read "2/4" as the second of four; `spelled` is what the user wrote it after.

    Raises:
        UsageError: it is no such pair, or the first number is not among the second's.
    """
    match = _SHARD.fullmatch(text.strip())
    index, count = (int(part) for part in match.groups()) if match else (0, 0)
    if not 1 <= index <= count:
        raise UsageError(f"{spelled} '{text}': expected which of how many, from 1/N to N/N, such as 2/4.")
    return index, count


def check(suite: Suite) -> None:
    """Refuse a suite whose cases only measuring can tell: shards could not agree on them.

    Raises:
        UsageError: a sweep searches its batch sizes.
    """
    if any(sweep.searched for sweep in suite.sweeps):
        raise UsageError("--shard needs batch sizes that are known beforehand: give --batch-sizes 1,8,32, not auto.")
