"""The environment variables of every child, whoever starts it."""

import os
from pathlib import Path

from resnet_bench import HOME
from resnet_bench.records import Allocator
from resnet_bench.runner.launchers import luggage
from resnet_bench.wire.setting import ChildSetting, compile_caches

WAIT_POLICY = "PASSIVE"


# glibc's: no mapping of its own for a large block, nothing given back, and room to grow by (mallopt(3)).
FIXED_ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "67108864",
}


# What torch's compiler may share with other machines: compilation is cold in every launch.
_SHARED_CACHES = (
    "TORCHINDUCTOR_FX_GRAPH_REMOTE_CACHE",
    "TORCHINDUCTOR_AUTOGRAD_REMOTE_CACHE",
    "TORCHINDUCTOR_AUTOTUNE_REMOTE_CACHE",
    "TORCHINDUCTOR_BUNDLED_AUTOTUNE_REMOTE_CACHE",
)


def child_variables(setting: ChildSetting, *, scratch: Path) -> dict[str, str]:
    """Return a child's environment: its threads, how idle ones wait, and no compiled code of earlier launches."""
    threads = setting.threads
    variables = dict(os.environ)
    variables["OMP_WAIT_POLICY"] = os.environ.get("OMP_WAIT_POLICY", WAIT_POLICY)
    variables["KMP_BLOCKTIME"] = os.environ.get("KMP_BLOCKTIME", "0")
    variables |= compile_caches(scratch) | dict.fromkeys(_SHARED_CACHES, "0")
    if setting.allocator is Allocator.FIXED:
        variables |= FIXED_ALLOCATOR
    if threads is not None and threads > 1:
        # Unbound, both of two threads ran on one core for the whole life of every other launch.
        variables["OMP_PROC_BIND"] = os.environ.get("OMP_PROC_BIND", "true")
    if threads is not None:
        variables["OMP_NUM_THREADS"] = variables["MKL_NUM_THREADS"] = str(threads)
    return variables


def with_package(variables: dict[str, str]) -> dict[str, str]:
    """Return the variables with which a child finds the package that its parent runs, installed or not."""
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(HOME), *luggage.search_path())))
    return variables | {"PYTHONPATH": path, **luggage.variables()}
