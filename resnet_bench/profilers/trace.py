"""A Chrome trace of a few iterations, for Perfetto or chrome://tracing: operators and kernels under their modules.

Written beside its place first and then moved, so that no reader sees half of it.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn, profiler

from resnet_bench import scratch
from resnet_bench.errors import StoreError
from resnet_bench.profilers.timeline import wrapped
from resnet_bench.profilers.workload import Workload
from resnet_bench.storage import files, outputs

ITERATIONS = 3


def write_trace(workload: Workload, path: Path) -> None:
    """Profile a few iterations of a warm workload and write them to `path`.

    Raises:
        StoreError: the file cannot be written.
    """
    # Compiled code would be compiled anew for wrapped modules; its kernels have names of their own.
    network = workload.prepared.modules
    with (
        wrapped(network, _labelled) if network is not None else contextlib.nullcontext(),
        profiler.profile(activities=workload.instruments.activities(), record_shapes=True) as recorded,
    ):
        for number in range(ITERATIONS):
            with profiler.record_function(f"iteration {number}"):
                workload.iterate()
                workload.instruments.synchronize(workload.device)
    try:
        with scratch.folder("trace") as folder:
            written = folder / "trace.json"
            recorded.export_chrome_trace(str(written))
            files.whole(path, outputs.marked(written.read_bytes()))  # never by a rename over what may be a device
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise StoreError(f"cannot write the trace {path}: {reason}; choose another file with --trace.") from error


def _labelled(name: str, part: nn.Module, forward: Callable[..., Any]) -> Callable[..., Any]:
    label = f"{name} ({type(part).__name__})"

    def run(*args: Any, **kwargs: Any) -> Any:
        with profiler.record_function(label):
            return forward(*args, **kwargs)

    return run
