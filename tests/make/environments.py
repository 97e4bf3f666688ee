"""The machine that tests measure on."""

from resnet_bench.records import DeviceState, Environment, Identity, MachineState

IDENTITY = Identity(
    device="cpu",
    device_name="Example CPU",
    device_memory_bytes=None,
    cpu_name="Example CPU",
    physical_cores=2,
    logical_cores=2,
    memory_bytes=8 * 2**30,
    system="Linux",
    python="3.11.7",
    torch="2.13.0",
    cuda=None,
    cudnn=None,
    driver=None,
)
STATE = MachineState(hostname="h", governor=None, cpu_clock_max_hz=None, packages={}, state=DeviceState())


def environment(name="e1", *, identity=IDENTITY, state=STATE):
    return Environment(id=name, identity=identity, state=state)
