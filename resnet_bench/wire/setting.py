"""What a child process is started with, because it cannot be changed after that."""

from typing import NamedTuple

from resnet_bench.records import Allocator, Case


class ChildSetting(NamedTuple):
    """Threads, None where their number does not matter, and the memory allocator."""

    threads: int | None = None
    allocator: Allocator = Allocator.SHIPPED


def setting_of(case: Case) -> ChildSetting:
    """Return what a process that measures a case is started with."""
    return ChildSetting(threads=case.threads, allocator=case.allocator)
