"""What is to be measured: a case and the protocol it is measured by."""

from enum import StrEnum

import msgspec

from resnet_bench.records.base import Record
from resnet_bench.records.bounds import Count, Duration, Index, NonNegativeCount, NonNegativeNumber, Size

# The devices whose cases have CPU threads: the host, and what may turn out to be it.
AUTO, HOST = "auto", "cpu"


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
    FP64 = "fp64"
    FP8 = "fp8"
    INT8 = "int8"


class MemoryFormat(StrEnum):
    """How activations and weights lie in memory."""

    CONTIGUOUS = "contiguous"
    CHANNELS_LAST = "channels_last"


class Allocator(StrEnum):
    """How the host's memory allocator is set: as it is shipped, or so that it never gives memory back."""

    SHIPPED = "shipped"
    FIXED = "fixed"


class Executor(StrEnum):
    """How the model is executed."""

    EAGER = "eager"
    COMPILE = "compile"
    COMPILE_MAX_AUTOTUNE = "compile-max-autotune"
    CUDA_GRAPH = "cuda_graph"
    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"
    FOLDED = "folded"
    COMPILE_FREEZING = "compile-freezing"
    TENSORRT = "tensorrt"
    AOT_INDUCTOR = "aot_inductor"


class Optimizer(StrEnum):
    """What a training step updates with: sgd keeps nothing for a weight, momentum one number, adam and adamw two."""

    SGD = "sgd"
    MOMENTUM = "momentum"
    ADAM = "adam"
    ADAMW = "adamw"


class Transfer(StrEnum):
    """Whether an iteration includes the copy of its input from host to device."""

    EXCLUDED = "excluded"
    INCLUDED = "included"


class ReferenceUse(StrEnum):
    """Whether a fixed reference is timed in turns with the iterations; auto is on where it is known to help."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


def host_threads(device: str, threads: int) -> int:
    """Return how many CPU threads are part of what is measured on a device: none on an accelerator."""
    return int(threads) if device in {AUTO, HOST} else 0


class State(StrEnum):
    """How an accelerator is measured: sustained, once its clocks and power are steady; burst, before they are."""

    SUSTAINED = "sustained"
    BURST = "burst"


class Scaling(StrEnum):
    """What the batch of several ranks is: weak for that of each rank, strong for that of all of them together."""

    WEAK = "weak"
    STRONG = "strong"


class Case(Record, frozen=True, kw_only=True):
    """One cell of a sweep; two measurements compare only where their cases are equal.

    `machine` is empty but in a run that joins several machines, where it keeps their measurements apart. `threads` are
    the CPU's; on an accelerator they are no part of a case and 0, whoever names some: the host only queues its work.
    `input` is empty for square RGB images of `image_size`, and else all that is said in `records.inputs`; `arguments`
    are those that the model is built with, as `records.arguments` spells them; `weights` is empty for random ones.
    `copies` is how many processes run the case at once on its device, `world_size` how many ranks train one network
    together, spread over so many `nodes`; threads are those of each process. `scaling` is weak where there is one rank.
    """

    model: str
    mode: Mode = Mode.INFERENCE
    batch_size: Size
    image_size: Index
    precision: Precision = Precision.FP32
    memory_format: MemoryFormat = MemoryFormat.CONTIGUOUS
    executor: Executor = Executor.EAGER
    device: str
    threads: Index
    machine: str = ""
    allocator: Allocator = Allocator.SHIPPED
    arguments: str = ""
    weights: str = ""
    optimizer: Optimizer = Optimizer.MOMENTUM
    input: str = ""
    copies: Size = 1
    world_size: Size = 1
    scaling: Scaling = Scaling.WEAK
    nodes: Size = 1

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "threads", host_threads(self.device, self.threads))

    @property
    def words(self) -> dict[str, str]:
        """Each field as one word; one that later releases added, and the machine, only where it says something."""
        said = (name for name in (*ALWAYS_SAID, *self.later) if name != "threads" or self.threads)
        return {name: _word(name, getattr(self, name)) for name in said}

    @property
    def later(self) -> tuple[str, ...]:
        """Fields that later releases added, and the machine, where they say something."""
        return tuple(
            it for it in self.__struct_fields__ if it not in ALWAYS_SAID and getattr(self, it) != _DEFAULTS[it]
        )

    @property
    def processes(self) -> int:
        """How many processes run it at once."""
        return self.copies * self.world_size

    @property
    def processes_of_node(self) -> int:
        """How many of them run on each node."""
        return -(-self.processes // self.nodes)

    @property
    def batch_of_rank(self) -> int:
        """Images a batch of one rank."""
        return self.batch_size if self.scaling is Scaling.WEAK else self.batch_size // self.world_size

    @property
    def images_an_iteration(self) -> int:
        """Images of all ranks together; of copies, which are no one iteration, those of one."""
        return self.batch_of_rank * self.world_size

    def with_batch_size(self, batch_size: int) -> "Case":
        """Return the same case at another batch size."""
        return msgspec.structs.replace(self, batch_size=batch_size)

    @property
    def plain(self) -> "Case":
        """The same question asked of eager float32, by which other ways of computing it are checked."""
        return msgspec.structs.replace(
            self, precision=Precision.FP32, memory_format=MemoryFormat.CONTIGUOUS, executor=Executor.EAGER
        )

    @property
    def key(self) -> str:
        """One word, stable across runs: resnet18/inference/b4/224px/fp32/contiguous/eager/cpu/t1."""
        return "/".join(self.words.values())


_DEFAULTS = {field.name: field.default for field in msgspec.structs.fields(Case)}
# The fields of the first release stand in every key, so that keys stay what they were.
ALWAYS_SAID = (
    "model",
    "mode",
    "batch_size",
    "image_size",
    "precision",
    "memory_format",
    "executor",
    "device",
    "threads",
)
_SHORT = {"batch_size": "b{}", "image_size": "{}px", "threads": "t{}"}


def _word(name: str, value: str | int) -> str:
    if name in _SHORT:
        return _SHORT[name].format(value)
    if isinstance(value, str):
        return str(value) if name in ALWAYS_SAID else value.replace(" ", "-")
    return f"{name}{value}"


class Protocol(Record, frozen=True, kw_only=True):
    """How a launch measures; part of what must agree before two numbers may be compared.

    `target_interval` is the relative half-width of the median's 99 % interval at which sampling stops;
    `repeats` is how often a disturbed launch is measured again. `state`, `warmup_min_s` and `throughput_min_s` are of
    accelerators alone: a sustained launch keeps the device busy for so long at least before its samples, and then back
    to back. Runs of before there was a choice are bursts. `calibration` is the folder whose images int8 takes its
    ranges from, empty for seeded ones.
    """

    launches: Count
    target_interval: NonNegativeNumber
    min_samples: Count
    max_samples: Count
    sampling_budget_s: Duration
    throughput_budget_s: Duration
    warmup_min_iterations: NonNegativeCount
    warmup_budget_s: Duration
    sample_min_s: Duration = 0.01
    time_limit_s: Duration = 600.0
    repeats: NonNegativeCount = 0
    transfer: Transfer = Transfer.EXCLUDED
    seed: int = 0
    reference: ReferenceUse = ReferenceUse.OFF
    state: State = State.BURST
    warmup_min_s: Duration = 0.0
    throughput_min_s: Duration = 0.0
    calibration: str = ""


# On a device with a queue so many iterations at least make a back-to-back sample: it never waits for the host in one.
LEAST_QUEUED = 3
# The energy counter moves every 20 to 100 ms: over so long its step is a few per cent at most.
ENERGY_WINDOW_S = 2.0
# How many launches were made, the seed, the time limit and the reference change a number's certainty, not the number.
_CERTAINTY_ONLY = frozenset({"launches", "seed", "time_limit_s", "reference"})
PROTOCOL_FIELDS = tuple(name for name in Protocol.__struct_fields__ if name not in _CERTAINTY_ONLY)
