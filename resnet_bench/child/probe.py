"""Which device there is, and what this machine is. Imports torch."""

from resnet_bench.profilers.devices import collect, find
from resnet_bench.wire.messages import Probed, ProbeRequest


def probe(request: ProbeRequest) -> Probed:
    """Find the device asked for.

    Raises:
        DeviceError: it is not here.
    """
    device = find(request.device)
    return Probed(device=device, environment=collect(device))
