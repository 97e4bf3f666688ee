"""Everything that is planned, measured and concluded, as frozen records with one schema version.

Base units, with the unit in the field's name. Nothing is rounded or dropped; "unavailable" is None, never 0.
A `Launch` is one fresh process and the unit of replication; its samples stay in time order inside it.
"""

from enum import StrEnum
from typing import Any

import msgspec

SCHEMA_VERSION = 1


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all records; `frozen` and `kw_only` stand on each class again because type checkers ask for it."""


# --- what is to be measured -------------------------------------------------------------------------------


class Mode(StrEnum):
    """What one iteration does: a forward pass, or forward, backward and optimizer step."""

    INFERENCE = "inference"
    TRAINING = "training"


class Precision(StrEnum):
    """Arithmetic asked for; `Executed` says what really ran. fp32 never means TF32."""

    FP32 = "fp32"
    TF32 = "tf32"
    FP16 = "fp16"
    BF16 = "bf16"
    AMP_FP16 = "amp_fp16"
    AMP_BF16 = "amp_bf16"


class MemoryFormat(StrEnum):
    """Layout of activations and weights."""

    CONTIGUOUS = "contiguous"
    CHANNELS_LAST = "channels_last"


class Executor(StrEnum):
    """How the model is executed."""

    EAGER = "eager"
    COMPILE = "compile"
    COMPILE_MAX_AUTOTUNE = "compile-max-autotune"
    CUDA_GRAPH = "cuda_graph"


class Transfer(StrEnum):
    """Whether an iteration includes the copy of its input from host to device."""

    EXCLUDED = "excluded"
    INCLUDED = "included"


class Case(Record, frozen=True, kw_only=True):
    """One cell of a sweep; two measurements compare only where their cases are equal."""

    model: str
    mode: Mode = Mode.INFERENCE
    batch_size: int
    image_size: int
    precision: Precision = Precision.FP32
    memory_format: MemoryFormat = MemoryFormat.CONTIGUOUS
    executor: Executor = Executor.EAGER
    device: str
    threads: int

    @property
    def key(self) -> str:
        """One word, stable across runs: resnet18/inference/b4/224px/fp32/contiguous/eager/cpu/t1."""
        return "/".join(
            (
                self.model,
                self.mode,
                f"b{self.batch_size}",
                f"{self.image_size}px",
                self.precision,
                self.memory_format,
                self.executor,
                self.device,
                f"t{self.threads}",
            )
        )


class Protocol(Record, frozen=True, kw_only=True):
    """How a launch measures; part of what must agree before two numbers may be compared.

    `target_interval` is the relative half-width of the median's 99 % interval at which sampling stops;
    `repeats` is how often a disturbed launch is measured again.
    """

    launches: int
    target_interval: float
    min_samples: int
    max_samples: int
    sampling_budget_s: float
    throughput_budget_s: float
    warmup_min_iterations: int
    warmup_budget_s: float
    sample_min_s: float = 0.01
    time_limit_s: float = 600.0
    repeats: int = 0
    transfer: Transfer = Transfer.EXCLUDED
    seed: int = 0


# --- what one process measured ----------------------------------------------------------------------------


class StopReason(StrEnum):
    """Why warm-up or sampling ended."""

    STABLE = "stable"
    INTERVAL = "interval"
    BUDGET = "budget"
    MAXIMUM = "maximum"


class TimingProtocol(StrEnum):
    """isolated: synchronise every iteration (latency). back_to_back: queue, then synchronise (throughput)."""

    ISOLATED = "isolated"
    BACK_TO_BACK = "back_to_back"


class Samples(Record, frozen=True, kw_only=True):
    """Elapsed times of samples of `iterations_per_sample` iterations each, in time order.

    `elapsed_s` is the host's clock from the first call to the end of the last synchronisation;
    `device_elapsed_s` is what the device's own events say of the same samples, where it has them.
    """

    protocol: TimingProtocol
    iterations_per_sample: int
    elapsed_s: tuple[float, ...]
    device_elapsed_s: tuple[float, ...] | None = None
    stopped_by: StopReason

    @property
    def iteration_s(self) -> tuple[float, ...]:
        """Seconds per iteration, one value per sample."""
        return tuple(elapsed / self.iterations_per_sample for elapsed in self.elapsed_s)


class Warmup(Record, frozen=True, kw_only=True):
    """Iterations before sampling; the first one (allocation, autotuning, compilation) apart."""

    first_iteration_s: float
    iteration_s: tuple[float, ...]
    stopped_by: StopReason


class Phases(Record, frozen=True, kw_only=True):
    """Training iterations timed in parts, in a pass of its own: seconds per iteration."""

    forward_s: tuple[float, ...]
    backward_s: tuple[float, ...]
    optimizer_s: tuple[float, ...]


class Compilation(Record, frozen=True, kw_only=True):
    """Cold compilation in a process that compiled nothing before."""

    compile_s: float
    graphs: int
    graph_breaks: int


class Memory(Record, frozen=True, kw_only=True):
    """Bytes; `allocated` is tensors, `reserved` the allocator's cache, `rss` the process."""

    weights_bytes: int | None = None
    peak_allocated_bytes: int | None = None
    peak_reserved_bytes: int | None = None
    warmup_peak_allocated_bytes: int | None = None
    peak_rss_bytes: int | None = None
    device_process_bytes: int | None = None
    device_total_bytes: int | None = None


class Energy(Record, frozen=True, kw_only=True):
    """From the device's energy counter over a window of its own."""

    energy_j: float
    window_s: float
    images: int


class DeviceState(Record, frozen=True, kw_only=True):
    """What the machine was like at one moment."""

    load_average: float | None = None
    cpu_clock_hz: float | None = None
    sm_clock_hz: float | None = None
    memory_clock_hz: float | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    throttle_reasons: tuple[str, ...] = ()


class Contention(Record, frozen=True, kw_only=True):
    """What else used the machine while the launch sampled; `disturbances` says in words what was too much."""

    other_cpu_share: float | None = None
    foreign_gpu_processes: int | None = None
    disturbances: tuple[str, ...] = ()


class Executed(Record, frozen=True, kw_only=True):
    """What really ran, read back from the process after sampling."""

    parameter_dtype: str
    autocast_dtype: str | None
    tf32_matmul: bool | None
    tf32_convolution: bool | None
    cudnn_benchmark: bool | None
    deterministic: bool
    threads: int
    interop_threads: int
    wait_policy: str | None
    batch_norm_statistics: str


class Launch(Record, frozen=True, kw_only=True, tag="launch"):
    """What one fresh process measured of one case."""

    case: Case
    index: int
    attempt: int = 0
    environment: str
    started_at: str
    duration_s: float
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


class SkipReason(StrEnum):
    """Why a launch gave no measurement. The first two are results; the others leave the run incomplete."""

    OUT_OF_MEMORY = "out_of_memory"
    UNSUPPORTED = "unsupported"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    INTERRUPTED = "interrupted"


class Skip(Record, frozen=True, kw_only=True, tag="skip"):
    """A launch that could not run: never a missing row, never NaN."""

    case: Case
    index: int
    reason: SkipReason
    detail: str
    environment: str | None = None


# --- the static profile -----------------------------------------------------------------------------------


class Layer(Record, frozen=True, kw_only=True):
    """One module call of the network. Shapes include the batch; counts are for the whole batch."""

    name: str
    type: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int
    macs: int
    flops: int
    other_flops: int
    activations: int
    bytes_read: int
    bytes_written: int
    arithmetic_intensity: float | None


class Optimizer(StrEnum):
    """What a training step keeps for every weight: sgd nothing, momentum one number, adam two."""

    SGD = "sgd"
    MOMENTUM = "momentum"
    ADAM = "adam"


class PredictedMemory(Record, frozen=True, kw_only=True):
    """Predicted bytes of one iteration, convolution workspace and the allocator's rounding excluded.

    `activations_bytes` is what the backward pass keeps, or in inference the peak of live activations. At a training
    step's peak some gradients are not there yet, some activations have gone (`absent_bytes`), and gradients of
    activations are on their way (`temporary_bytes`), so that `peak_bytes` = weights + buffers + input + gradients +
    optimizer + activations + temporary - absent.
    """

    weights_bytes: int
    buffers_bytes: int
    input_bytes: int
    gradients_bytes: int
    optimizer_bytes: int
    activations_bytes: int
    temporary_bytes: int = 0
    absent_bytes: int = 0
    peak_bytes: int


class Profile(Record, frozen=True, kw_only=True):
    """The exact static cost of a model at one batch size, image size, mode and precision.

    `macs`, `flops` and `other_flops` are of the forward pass, whatever the mode; `training_flops` is forward and
    backward. `weighted_layers` counts convolutions and linear layers, projections included. `buffers` are elements.

    `macs` counts convolution and linear layers; `flops` is 2 x `macs`. `fvcore_count` and
    `torch_counter_flops` are what those tools say, under their own conventions.
    """

    model: str
    mode: Mode
    precision: Precision
    batch_size: int
    image_size: int
    parameters: int
    trainable_parameters: int
    buffers: int
    parameter_bytes: int
    predicted_memory: PredictedMemory | None
    macs: int
    flops: int
    other_flops: int
    training_flops: int
    fvcore_count: int | None
    torch_counter_flops: int | None
    activations: int
    activation_bytes: int
    weighted_layers: int
    layers: tuple[Layer, ...] = ()
    uncounted_operators: tuple[str, ...] = ()


# --- the machine and the run ------------------------------------------------------------------------------


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


# --- conclusions ------------------------------------------------------------------------------------------


class Interval(Record, frozen=True, kw_only=True):
    """A two-sided confidence interval."""

    low: float
    high: float
    confidence: float


class Summary(Record, frozen=True, kw_only=True):
    """One noisy metric of one measurement in base units; the interval treats launches as the replicates."""

    metric: str
    median: float
    interval: Interval | None
    mad: float
    p50: float
    p90: float
    p95: float
    p99: float | None
    launches: int
    samples: int
    launch_medians: tuple[float, ...]


class Verdict(StrEnum):
    """The outcome of a comparison."""

    IMPROVED = "improved"
    REGRESSED = "regressed"
    UNCHANGED = "unchanged"
    INCONCLUSIVE = "inconclusive"
    NOT_COMPARABLE = "not comparable"


class CaseDigest(Record, frozen=True, kw_only=True):
    """What a comparison needs of one measured case: exact values, summaries, and what really ran where."""

    case: Case
    environments: tuple[str, ...]
    executed: tuple[Executed, ...]
    exact: dict[str, int]
    summaries: tuple[Summary, ...]


class BandSource(StrEnum):
    """Where the width of a noise band comes from."""

    DEFAULT = "default"
    BASELINE = "baseline"
    CALIBRATION = "calibration"
    FLAG = "flag"


class Band(Record, frozen=True, kw_only=True):
    """Relative change of a metric that two measurements of identical code may show beyond launch noise."""

    metric: str
    width: float
    source: BandSource


class Digest(Record, frozen=True, kw_only=True):
    """One or more runs of the same suite reduced to what a comparison needs; a baseline file holds one."""

    schema: int = SCHEMA_VERSION
    name: str
    created_at: str
    runs: tuple[str, ...]
    commit: Commit | None
    protocol: Protocol
    identities: dict[str, Identity]
    bands: tuple[Band, ...] = ()
    cases: tuple[CaseDigest, ...]
    skips: tuple[Skip, ...] = ()
    missing: tuple[Case, ...] = ()


class Difference(Record, frozen=True, kw_only=True):
    """Something that must agree before numbers may be compared and does not; `allowed` by --across."""

    kind: str
    field: str
    baseline: str
    contender: str
    allowed: bool
    cases: int


class Comparison(Record, frozen=True, kw_only=True):
    """One metric of one case on both sides. Ratios are contender / baseline; `band` is None for exact metrics.

    `detectable` is the relative change that these launches would find in 95 of 100 such comparisons.
    """

    case: Case
    contender_case: Case
    metric: str
    baseline: float | None
    contender: float | None
    ratio: float | None
    interval: Interval | None
    baseline_summary: Summary | None = None
    contender_summary: Summary | None = None
    band: float | None = None
    detectable: float | None = None
    more_launches: int | None = None
    verdict: Verdict
    reason: str


class GeometricMean(Record, frozen=True, kw_only=True):
    """Geometric mean of the ratios of one metric over the comparable cases."""

    metric: str
    ratio: float
    cases: int


class VerdictTable(Record, frozen=True, kw_only=True):
    """Two digests compared: every metric of every case has a row with a verdict and its reason."""

    schema: int = SCHEMA_VERSION
    baseline: str
    contender: str
    differences: tuple[Difference, ...]
    bands: tuple[Band, ...]
    comparisons: tuple[Comparison, ...]
    means: tuple[GeometricMean, ...]
    counts: dict[str, int]
    warnings: tuple[str, ...] = ()
