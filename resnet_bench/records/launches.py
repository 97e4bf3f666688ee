"""What one fresh process measured, or why it could not."""

from collections.abc import Collection
from enum import StrEnum

from resnet_bench.records.base import Record
from resnet_bench.records.bounds import (
    Count,
    Decibel,
    Duration,
    Index,
    NonNegativeCount,
    NonNegativeNumber,
    NonNegativeSeconds,
    Share,
)
from resnet_bench.records.groups import Communication, Copy, Rank
from resnet_bench.records.load import UnderLoad
from resnet_bench.records.memory import Memory
from resnet_bench.records.plan import Case
from resnet_bench.records.samples import Phases, Samples, Warmup


class Compilation(Record, frozen=True, kw_only=True):
    """Cold compilation in a process that compiled nothing before."""

    compile_s: Duration
    graphs: NonNegativeCount
    graph_breaks: NonNegativeCount


class Energy(Record, frozen=True, kw_only=True):
    """From the device's energy counter over a window of its own."""

    energy_j: NonNegativeNumber
    window_s: Duration
    images: Count


class DeviceState(Record, frozen=True, kw_only=True):
    """What the machine was like at one moment."""

    load_average: NonNegativeNumber | None = None
    cpu_clock_hz: NonNegativeNumber | None = None
    sm_clock_hz: NonNegativeNumber | None = None
    memory_clock_hz: NonNegativeNumber | None = None
    temperature_c: float | None = None
    power_w: NonNegativeNumber | None = None
    power_limit_w: NonNegativeNumber | None = None
    throttle_reasons: tuple[str, ...] = ()


class Contention(Record, frozen=True, kw_only=True):
    """What else used the machine while the launch sampled; `disturbances` says in words what was too much."""

    other_cpu_share: NonNegativeNumber | None = None
    foreign_gpu_processes: NonNegativeCount | None = None
    disturbances: tuple[str, ...] = ()


class Conversion(Record, frozen=True, kw_only=True):
    """How a network became the artefact that a runtime loads: in a process of its own, which is not measured.

    `convert_s` is what the exporter took, None where an earlier launch of the case had made it; `load_s` is what the
    measured process took to load it; `sha256` is of its files.
    """

    convert_s: Duration | None
    artifact_bytes: NonNegativeCount
    sha256: str
    load_s: NonNegativeSeconds


# Signed and unsigned: activations after a rectifier have no sign.
INT8_TYPES = frozenset({"int8", "uint8"})
FLOAT_TYPES = frozenset({"float64", "float32", "float16", "bfloat16"})


class RanOperators(Record, frozen=True, kw_only=True):
    """How many operators of one kind ran, by which provider, in which type; `macs` are theirs together."""

    operator: str
    provider: str
    dtype: str
    count: Count
    macs: NonNegativeCount = 0


class RuntimeRan(Record, frozen=True, kw_only=True):
    """What a runtime beside torch says that it ran.

    `settings` are its own, read back.
    """

    name: str
    version: str
    providers: tuple[str, ...]
    operators: tuple[RanOperators, ...]
    settings: tuple[tuple[str, str], ...] = ()

    def count_of(self, dtypes: Collection[str]) -> int:
        """Return how many operators ran in one of the types."""
        return sum(it.count for it in self.operators if it.dtype in dtypes)

    def macs_share(self, dtypes: Collection[str]) -> float | None:
        """Return the share of all MACs that ran in one of the types, None where the runtime tells of no MACs."""
        total = sum(it.macs for it in self.operators)
        return sum(it.macs for it in self.operators if it.dtype in dtypes) / total if total else None


class Executed(Record, frozen=True, kw_only=True):
    """What really ran, read back from the process after sampling: of every executor, of torch, or of another runtime.

    What torch alone can tell is None where it did not run; `runtime` is what another runtime says, or torch's own of a
    network whose operators it chose. `variables` are the environment's that change it, `weights` says in words which
    were loaded.
    """

    parameter_dtype: str
    threads: Index
    interop_threads: Index | None
    batch_norm_statistics: str = ""
    weights: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    runtime: RuntimeRan | None = None
    autocast_dtype: str | None = None
    tf32_matmul: bool | None = None
    tf32_convolution: bool | None = None
    cudnn_benchmark: bool | None = None
    cudnn_deterministic: bool | None = None
    deterministic: bool | None = None
    wait_policy: str | None = None
    kmp_blocktime: str | None = None
    proc_bind: str | None = None


class Agreement(Record, frozen=True, kw_only=True):
    """How close a case's logits are to eager float32's, over seeded images; in training its gradients.

    `sqnr_db` is 10 log10 of the power of eager float32's logits less their mean over the images, by the power of the
    difference; None where nothing differs. `top1_agreement` is the share of images with the same largest logit; of how
    many distinct `classes` says what that is worth. In training the two powers are of all gradients together, there are
    no classes, and `loss_error` is the loss's difference as a share of it.
    `max_relative_error` is over the largest of the centred logits.
    """

    images: Count
    max_error: NonNegativeNumber
    sqnr_db: Decibel | None
    top1_agreement: Share | None = None
    classes: Count | None = None
    loss_error: NonNegativeNumber | None = None
    max_relative_error: NonNegativeNumber | None = None


class Launch(Record, frozen=True, kw_only=True, tag="launch"):
    """What one fresh process measured of one case; `run` is the id of the run that it was made for.

    `before` and `after` are of an idle device, `load` is of the one that worked. `skipped_steps` are steps that the
    loss scaler skipped among the samples; None without one. `busy_threads` are the process's that worked while it
    sampled, of a runtime with threads of its own and where the system tells.
    Where a case has `copies`, they are in their order, warm-up and samples are those of the slowest by its latency, and
    memory is that of all together. Where it has a world size, so it is of its `ranks`, each sample lasted as long as on
    the slowest of them, and `communication` is theirs.
    """

    case: Case
    index: Index
    attempt: Index = 0
    environment: str
    started_at: str
    duration_s: Duration
    warmup: Warmup
    isolated: Samples
    back_to_back: Samples
    phases: Phases | None = None
    compilation: Compilation | None = None
    memory: Memory
    energy: Energy | None = None
    before: DeviceState
    after: DeviceState
    contention: Contention
    executed: Executed
    warnings: tuple[str, ...] = ()
    run: str = ""
    agreement: Agreement | None = None
    load: UnderLoad | None = None
    skipped_steps: NonNegativeCount | None = None
    conversion: Conversion | None = None
    busy_threads: NonNegativeCount | None = None
    copies: tuple[Copy, ...] = ()
    ranks: tuple[Rank, ...] = ()
    communication: Communication | None = None


class SkipReason(StrEnum):
    """Why a launch gave no measurement. The first two are results; the others leave the run incomplete."""

    OUT_OF_MEMORY = "out_of_memory"
    UNSUPPORTED = "unsupported"
    DISAGREES = "disagrees"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    INTERRUPTED = "interrupted"


class Skip(Record, frozen=True, kw_only=True, tag="skip"):
    """A launch that could not run: never a missing row, never NaN."""

    case: Case
    index: Index
    reason: SkipReason
    detail: str
    environment: str | None = None
    run: str = ""
