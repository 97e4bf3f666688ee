"""Executors that a run asks for and that are not installed here: said before anything is measured."""

from collections.abc import Iterable

from resnet_bench.errors import UnsupportedError, UsageError
from resnet_bench.executors import table as executors
from resnet_bench.records import Executor


def refuse_missing(asked: Iterable[str]) -> None:
    """Refuse executors whose packages are not installed.

    Raises:
        UsageError: with the extra that installs them.
    """
    for name in dict.fromkeys(asked):
        try:
            executors.refuse_missing(Executor(name))
        except UnsupportedError as error:
            raise UsageError(str(error)) from None
