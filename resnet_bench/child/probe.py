"""Which device there is, and what this machine is. Imports torch."""

import os

import msgspec

from resnet_bench.machine import variables
from resnet_bench.profilers.devices import collect, find, instruments
from resnet_bench.wire.answers import Probed
from resnet_bench.wire.messages import ProbeRequest, ProfileRequest


def probe(request: ProbeRequest) -> Probed:
    """Find the device asked for, and profile what is asked with it.

    Raises:
        DeviceError: it is not here.
    """
    device = find(request.device)
    falsified = variables.falsifying(os.environ, instruments(device).kind.falsifiers)
    found = Probed(device=device, environment=collect(device), falsified=falsified)
    if not request.subjects:
        return found
    from resnet_bench.child.profile import profile  # noqa: PLC0415 - the counters take as long to load as torch

    return msgspec.structs.replace(found, profiled=profile(ProfileRequest(subjects=request.subjects)))
