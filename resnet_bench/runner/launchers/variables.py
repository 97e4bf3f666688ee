"""The environment variables of every child, whoever starts it."""

import os
from pathlib import Path

from resnet_bench import HOME

WAIT_POLICY = "PASSIVE"


def child_variables(*, threads: int | None, scratch: Path) -> dict[str, str]:
    """Return a child's environment: its threads, how idle ones wait, and no compiled code of earlier launches."""
    variables = dict(os.environ)
    variables["OMP_WAIT_POLICY"] = os.environ.get("OMP_WAIT_POLICY", WAIT_POLICY)
    variables["KMP_BLOCKTIME"] = os.environ.get("KMP_BLOCKTIME", "0")
    variables["TORCHINDUCTOR_CACHE_DIR"] = str(scratch)
    if threads is not None:
        variables["OMP_NUM_THREADS"] = variables["MKL_NUM_THREADS"] = str(threads)
    return variables


def with_package(variables: dict[str, str]) -> dict[str, str]:
    """Return the variables with which a child finds the package that its parent runs, installed or not."""
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(HOME))))
    return variables | {"PYTHONPATH": path}
