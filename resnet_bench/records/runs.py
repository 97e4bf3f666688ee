"""The machine, and a run as it is written and read back."""

from enum import StrEnum
from typing import Any

from resnet_bench.records.base import SCHEMA_VERSION, Record
from resnet_bench.records.ceilings import Ceilings
from resnet_bench.records.launches import DeviceState, Launch, Skip
from resnet_bench.records.layer_times import LayerProfile
from resnet_bench.records.plan import Case, Protocol
from resnet_bench.records.profiles import Profile


class Identity(Record, frozen=True, kw_only=True):
    """What must agree before two numbers may be compared."""

    device: str
    device_name: str
    device_memory_bytes: int | None
    cpu_name: str
    physical_cores: int
    logical_cores: int
    memory_bytes: int
    system: str
    python: str
    torch: str
    cuda: str | None
    cudnn: str | None
    driver: str | None


class MachineState(Record, frozen=True, kw_only=True):
    """What may differ between two comparable runs, but explains their noise."""

    hostname: str
    governor: str | None
    cpu_clock_max_hz: float | None
    packages: dict[str, str]
    state: DeviceState


class Environment(Record, frozen=True, kw_only=True):
    """A machine as measured on; `id` is a short digest of the identity and ties launches to it."""

    id: str
    identity: Identity
    state: MachineState


class Commit(Record, frozen=True, kw_only=True):
    """The revision that was measured; `dirty` when the working tree had uncommitted changes."""

    revision: str
    branch: str | None
    committed_at: str
    subject: str
    dirty: bool


class LayerScope(StrEnum):
    """Whose layers a run times after its launches: nobody's, or each model's and variant's at its largest batch."""

    NONE = "none"
    LARGEST_BATCH = "largest_batch"


class Header(Record, frozen=True, kw_only=True):
    """`run.json`: everything about a run but its launches. `models` are the suite's own specs, as plain tables."""

    schema: int = SCHEMA_VERSION
    id: str
    created_at: str
    preset: str
    protocol: Protocol
    seed: int
    commit: Commit | None
    environments: tuple[Environment, ...]
    cases: tuple[Case, ...]
    models: tuple[dict[str, Any], ...] = ()
    profiles: tuple[Profile, ...]
    ceilings: tuple[Ceilings, ...] = ()
    layers: LayerScope = LayerScope.NONE


class Measurement(Record, frozen=True, kw_only=True):
    """A case with its static profile and its launches; `superseded` are disturbed ones that were repeated."""

    case: Case
    profile: Profile | None
    launches: tuple[Launch, ...]
    superseded: tuple[Launch, ...] = ()


class Run(Record, frozen=True, kw_only=True):
    """A suite's execution as it was read back: every planned case is measured, skipped, or missing."""

    header: Header
    measurements: tuple[Measurement, ...]
    skips: tuple[Skip, ...]
    missing: tuple[Case, ...]
    warnings: tuple[str, ...] = ()
    layers: tuple[LayerProfile, ...] = ()
