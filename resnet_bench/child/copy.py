"""One of several copies of a case, in a process of its own: bound to its cores, then measured as any launch is.

Bound before anything that starts threads is imported: OpenMP places its own by what it finds.
"""

import importlib
from typing import Any

from resnet_bench.machine import cores
from resnet_bench.profilers.clock import HostClock
from resnet_bench.profilers.company import Company
from resnet_bench.wire.messages import CopyRequest, MeasureRequest


def measure(request: CopyRequest) -> Any:
    """Return the launch of this copy, in company of the others.

    Raises:
        ResNetBenchError: as the room raises it that measures cases of its executor.
    """
    cores.bind_to(request.cores)
    company = Company(request.way, HostClock(), origin_s=request.origin_s)
    alone = MeasureRequest.room(request.case)
    module, _, function = alone.partition(":")
    return getattr(importlib.import_module(f"resnet_bench.child.{module}"), function)(request, company)
