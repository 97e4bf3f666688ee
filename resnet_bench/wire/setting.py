"""What a child process is started with, because it cannot be changed after that."""

from pathlib import Path
from typing import NamedTuple

from resnet_bench.records import Allocator, Case


class ChildSetting(NamedTuple):
    """Threads, None where their number does not matter, and the memory allocator."""

    threads: int | None = None
    allocator: Allocator = Allocator.SHIPPED


def setting_of(case: Case) -> ChildSetting:
    """Return what a process that measures a case is started with."""
    return ChildSetting(threads=case.threads or None, allocator=case.allocator)


def compile_caches(scratch: Path) -> dict[str, str]:
    """Return the variables by which torch's compiler, and Triton's own, keep what they make in a folder."""
    return {"TORCHINDUCTOR_CACHE_DIR": str(scratch), "TRITON_CACHE_DIR": str(scratch / "triton")}
