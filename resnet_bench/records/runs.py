"""The machine, and a run as it is written and read back."""

from enum import StrEnum
from typing import Any

from resnet_bench.records.base import SCHEMA_VERSION, Record
from resnet_bench.records.bounds import (
    Count,
    Duration,
    Index,
    NonNegativeCount,
    NonNegativeNumber,
    NonNegativeSeconds,
    PositiveSeconds,
    SchemaNumber,
    ShardNumber,
    Share,
    Size,
)
from resnet_bench.records.ceilings import Ceilings
from resnet_bench.records.launches import DeviceState, Launch, Skip
from resnet_bench.records.layer_times import LayerProfile
from resnet_bench.records.machines import Machine, case_names
from resnet_bench.records.nominals import Nominal
from resnet_bench.records.plan import Case, Protocol
from resnet_bench.records.profiles import Profile


class Identity(Record, frozen=True, kw_only=True):
    """What must agree before two numbers may be compared; `memory_bytes` is a class (`machine.identity`)."""

    device: str
    device_name: str
    device_memory_bytes: NonNegativeCount | None
    cpu_name: str
    physical_cores: Count
    logical_cores: Count
    memory_bytes: NonNegativeCount
    system: str
    python: str
    torch: str
    cuda: str | None
    cudnn: str | None
    driver: str | None
    hip: str | None = None
    power_limit_w: NonNegativeNumber | None = None
    ecc: bool | None = None
    persistence: bool | None = None
    mig: str | None = None


class MachineState(Record, frozen=True, kw_only=True):
    """What may differ between two comparable runs, but explains their noise; `memory_bytes` is exact.

    `cores` are those that the process was confined to, such as 0-3, empty where it may use all. `cpu_flags` are the
    instructions for int8, bfloat16 and wide vectors that the processor has here, None where that is not told.
    """

    hostname: str
    governor: str | None
    cpu_clock_max_hz: NonNegativeNumber | None
    packages: dict[str, str]
    state: DeviceState
    memory_bytes: NonNegativeCount | None = None
    cores: str = ""
    cpu_flags: tuple[str, ...] | None = None


class Environment(Record, frozen=True, kw_only=True):
    """A machine as measured on; `id` is a short digest of the identity and ties launches to it."""

    id: str
    identity: Identity
    state: MachineState

    @property
    def memory_bytes(self) -> int:
        """The memory that the system says it has; of its class where that is all that is known."""
        return self.state.memory_bytes or self.identity.memory_bytes


class FleetMember(Record, frozen=True, kw_only=True):
    """A machine of a run, and what it was when the run found it: `device` is named as it was found there."""

    machine: Machine
    device: str
    environment: Environment


class Commit(Record, frozen=True, kw_only=True):
    """The revision that was measured; `dirty` when the working tree had uncommitted changes."""

    revision: str
    branch: str | None
    committed_at: str
    subject: str
    dirty: bool


class Shard(Record, frozen=True, kw_only=True):
    """The `index`-th of `count` parts of a suite; `positions` are those of its cases among all of the suite's."""

    index: ShardNumber
    count: ShardNumber
    positions: tuple[Index, ...]


class LayerScope(StrEnum):
    """Whose layers a run times after its launches: nobody's, or each model's and variant's at its largest batch."""

    NONE = "none"
    LARGEST_BATCH = "largest_batch"


class SearchStop(StrEnum):
    """What ended a search for the largest batch size."""

    OUT_OF_MEMORY = "out_of_memory"
    MEMORY_LIMIT = "memory_limit"
    TIME_LIMIT = "time_limit"
    MAXIMUM = "maximum"
    REFUSED = "refused"


class Trial(Record, frozen=True, kw_only=True):
    """One batch size tried in a process of its own; `iteration_s` is of its second iteration."""

    batch_size: Size
    fits: bool
    iteration_s: NonNegativeSeconds | None = None
    peak_allocated_bytes: NonNegativeCount | None = None
    detail: str = ""


class Attempt(Record, frozen=True, kw_only=True):
    """A line of `trials.jsonl`: a trial of `case`, why it did not fit, and `way`, what must agree to use it again."""

    case: Case
    way: str
    trial: Trial
    stop: SearchStop | None
    memory_limit_bytes: NonNegativeCount | None


class BatchSearch(Record, frozen=True, kw_only=True):
    """What `--batch-sizes auto` found: the trials of `case` (at batch size 1) in time order, and the largest that fits.

    `memory_limit_bytes` is the limit on the CPU, None where the device's own memory is the limit.
    """

    case: Case
    trials: tuple[Trial, ...]
    largest: Size | None
    stopped_by: SearchStop
    memory_limit_bytes: NonNegativeCount | None
    iteration_limit_s: Duration

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """The sizes to measure: every power of two that fits, and the largest; 1 where none does, which says why."""
        fitting = {trial.batch_size for trial in self.trials if trial.fits}
        powers = {size for size in fitting if size & (size - 1) == 0}
        return tuple(sorted(powers | {self.largest or 1}))


class ModelObject(Record, frozen=True, kw_only=True):
    """A model that a Python session gave as an object: its name in cases, its class or factory, and that one's code."""

    name: str
    type: str
    source: str = ""


class GivenAccuracy(Record, frozen=True, kw_only=True):
    """The top-1 accuracy, a fraction, that a suite gives of a model of its own."""

    model: str
    arguments: str = ""
    weights: str = ""
    accuracy: Share


class Price(Record, frozen=True, kw_only=True):
    """What an hour of a machine costs; `where` is the run or machine that it is of or a pattern, "" for all."""

    per_hour: float
    currency: str
    where: str = ""


class Foreseen(Record, frozen=True, kw_only=True):
    """The latency that was predicted of a case before it was measured, from this machine's layers, with its bounds.

    `nominal` is the speed of the machine that it is for, None where no reference told any.
    """

    case: Case
    latency_s: PositiveSeconds
    low_s: PositiveSeconds
    high_s: PositiveSeconds
    nominal: Nominal | None = None


class Header(Record, frozen=True, kw_only=True):
    """`run.json`: everything about a run but its launches. `models` are the suite's own specs, as plain tables.

    `unprofiled` are models without a static profile, and why. `shards` are the parts of a suite that it holds, empty
    for a whole one; `merged` are the runs that it joins. `objects` are models that came from a Python session,
    `note` is what its user says of it and `label` what they call it, "" for its directory; `accuracies` are what the
    suite gives of its models, `prices` what it says that hours of machines cost. `fleet` are the machines of a run
    that an engine started elsewhere, empty for one here.
    `foreseen` are latencies that were predicted before the run began. `nominals` are the speeds for which corrected
    figures are given; a run that was stopped may have none yet.
    """

    schema: SchemaNumber = SCHEMA_VERSION
    id: str
    label: str = ""
    created_at: str
    preset: str
    protocol: Protocol
    seed: int
    commit: Commit | None
    environments: tuple[Environment, ...]
    cases: tuple[Case, ...]
    models: tuple[dict[str, Any], ...] = ()
    profiles: tuple[Profile, ...]
    unprofiled: tuple[tuple[str, str], ...] = ()
    shards: tuple[Shard, ...] = ()
    merged: tuple[str, ...] = ()
    ceilings: tuple[Ceilings, ...] = ()
    layers: LayerScope = LayerScope.NONE
    searches: tuple[BatchSearch, ...] = ()
    objects: tuple[ModelObject, ...] = ()
    note: str = ""
    accuracies: tuple[GivenAccuracy, ...] = ()
    foreseen: tuple[Foreseen, ...] = ()
    prices: tuple[Price, ...] = ()
    fleet: tuple[FleetMember, ...] = ()
    nominals: tuple[Nominal, ...] = ()

    @property
    def members(self) -> dict[str, FleetMember]:
        """The machines of the fleet by what cases call them."""
        names = case_names(tuple(member.machine for member in self.fleet))
        return dict(zip(names, self.fleet, strict=True))


class Measurement(Record, frozen=True, kw_only=True):
    """A case with its static profile and its launches; `superseded` are disturbed ones that were repeated."""

    case: Case
    profile: Profile | None
    launches: tuple[Launch, ...]
    superseded: tuple[Launch, ...] = ()


class Run(Record, frozen=True, kw_only=True):
    """A suite's execution as it was read back: every planned case is measured, skipped, or missing.

    `set_aside` are those of the warnings that say which whole lines could not be read: what they held is missing.
    `directory` is the name of the folder that it was read from, "" where it was not.
    """

    header: Header
    measurements: tuple[Measurement, ...]
    skips: tuple[Skip, ...]
    missing: tuple[Case, ...]
    warnings: tuple[str, ...] = ()
    layers: tuple[LayerProfile, ...] = ()
    set_aside: tuple[str, ...] = ()
    directory: str = ""

    @property
    def name(self) -> str:
        """What its user calls it: its label, else the name of its directory."""
        return self.header.label or self.directory or self.header.id
