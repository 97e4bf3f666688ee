"""What is known on one machine of how long layers take: distinct layers, as they were timed inside of networks.

Nothing is averaged before it is kept: an observation has the time of every occurrence of its layer in one network.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from resnet_bench.records.base import SCHEMA_VERSION, Record
from resnet_bench.records.bounds import NonNegativeCount, NonNegativeSeconds, PositiveSeconds, SchemaNumber, Size
from resnet_bench.records.ceilings import Ceilings
from resnet_bench.records.layer_times import TimedBy
from resnet_bench.records.nominals import Nominal
from resnet_bench.records.plan import Allocator, Case, Executor, MemoryFormat, Mode, Optimizer, Precision
from resnet_bench.records.runs import Identity
from resnet_bench.records.samples import Samples


class LayerWay(Record, frozen=True, kw_only=True):
    """How layers were run: two libraries of different ways say nothing of one another. Fields are those of `Case`."""

    device: str
    threads: int
    mode: Mode
    precision: Precision
    memory_format: MemoryFormat
    executor: Executor
    allocator: Allocator
    optimizer: Optimizer

    @classmethod
    def of(cls, case: Case) -> "LayerWay":
        """Return how a case is run; an optimizer is part of it in training alone."""
        said = {name: getattr(case, name) for name in cls.__struct_fields__}
        return cls(**said if case.mode is Mode.TRAINING else said | {"optimizer": Optimizer.MOMENTUM})


class LayerShape(Record, frozen=True, kw_only=True):
    """What tells one layer from another: operator, shapes with the batch, MACs, and which operator ran before it.

    Stride and groups follow from shapes and MACs. `after` is the context: a convolution that reads what the layer
    before it has just written finds other caches than one that reads what three others ran over since.
    """

    operator: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    macs: NonNegativeCount
    after: str = ""

    @property
    def anywhere(self) -> "LayerShape":
        """The same layer, whatever ran before it."""
        return LayerShape(
            operator=self.operator, input_shape=self.input_shape, output_shape=self.output_shape, macs=self.macs
        )


class LayerObservation(Record, frozen=True, kw_only=True):
    """One distinct layer in one network: seconds of each of its occurrences, in the order in which they ran.

    `backward_s` is empty for inference, `launch_s` (what the host took to start it) where that was not measured.
    `flops` and `moved_bytes` are of one occurrence in an iteration, None where no closed form is known.
    """

    shape: LayerShape
    forward_s: Annotated[tuple[NonNegativeSeconds, ...], Meta(min_length=1)]
    backward_s: tuple[NonNegativeSeconds, ...] = ()
    launch_s: tuple[NonNegativeSeconds, ...] = ()
    flops: NonNegativeCount | None = None
    moved_bytes: NonNegativeCount | None = None


class LayerSource(Record, frozen=True, kw_only=True):
    """One network whose layers were timed: its distinct layers, and what of an iteration lay outside of all of them.

    `outside_s` is what lay between and around the layers; `whole_s` is the same iteration without instruments,
    `parameters` is what the optimizer updates, 0 for inference. `samples` are such iterations one by one, with the
    reference in turns with them: `whole_s` is of the quickest alone, and a run tells the median. None of older ones.
    """

    model: str
    batch_size: Size
    measured_at: str
    timed_by: TimedBy
    whole_s: PositiveSeconds
    outside_s: NonNegativeSeconds
    outside_backward_s: NonNegativeSeconds = 0.0
    outside_launch_s: NonNegativeSeconds = 0.0
    optimizer_s: NonNegativeSeconds | None = None
    parameters: NonNegativeCount = 0
    disturbances: tuple[str, ...] = ()
    samples: Samples | None = None
    layers: tuple[LayerObservation, ...]

    @property
    def calls(self) -> int:
        """How many layers ran in an iteration."""
        return sum(len(it.forward_s) for it in self.layers)


class LayerLibrary(Record, frozen=True, kw_only=True):
    """All that is known of one machine's layers, run in one way; sources in the order in which they were measured.

    `ceilings` are of that machine, None where they were not measured: with them stands what the layers may take on
    another one. `nominal` is its nominal speed, None where no run has made one.
    """

    schema: SchemaNumber = SCHEMA_VERSION
    identity: Identity
    environment: str
    way: LayerWay
    sources: Annotated[tuple[LayerSource, ...], Meta(min_length=1)]
    ceilings: Ceilings | None = None
    nominal: Nominal | None = None

    @property
    def shapes(self) -> frozenset[LayerShape]:
        """Every distinct layer that was ever timed."""
        return frozenset(it.shape for source in self.sources for it in source.layers)


class MeasuredLatency(Record, frozen=True, kw_only=True):
    """What a run measured of one case, kept to judge predictions by: the median of its launches.

    `at_nominal_s` is the same at the speed of `nominal`, None where no reference tells it; `architecture` is the table
    of a model of the suite's own, empty for one that a name is enough for. `disturbed`
    says that something else used the machine in half of the launches or more.
    """

    case: Case
    run: str
    measured_at: str
    latency_s: PositiveSeconds
    launches: NonNegativeCount
    at_nominal_s: PositiveSeconds | None = None
    nominal: Nominal | None = None
    architecture: dict[str, Any] = msgspec.field(default_factory=dict)
    disturbed: bool = False


class MeasuredLatencies(Record, frozen=True, kw_only=True):
    """The latest measurement of every case that was run on one machine."""

    schema: SchemaNumber = SCHEMA_VERSION
    identity: Identity
    environment: str
    measured: tuple[MeasuredLatency, ...]
