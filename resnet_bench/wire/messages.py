"""What a parent asks of a child process: one JSON line, and of which type its answer is."""

from typing import ClassVar

from resnet_bench.errors import DeviceError, ResNetBenchError, StoreError, UsageError
from resnet_bench.executors import table as executors
from resnet_bench.machine.environment import usual_allocator
from resnet_bench.records import (
    Case,
    Ceilings,
    Launch,
    Mode,
    Optimizer,
    Precision,
    Protocol,
    Record,
    Skip,
    Transfer,
    Update,
)
from resnet_bench.records.profiles import STATIC, ProfileKey
from resnet_bench.specs import Spec
from resnet_bench.wire.answers import Converted, Dissected, Failed, Fits, Known, Probed, Profiled
from resnet_bench.wire.descriptions import Costed, CostRequest, Shown, ShowRequest
from resnet_bench.wire.request import AnswerT, Request
from resnet_bench.wire.setting import ChildSetting, setting_of


class CaseRequest(Request[AnswerT], frozen=True, kw_only=True):
    """A question about one case: whatever happens to the child is an answer too, a `Skip` with its reason.

    `model` is a registry or external name, or the user's own spec. `mistakes` are errors that are none of the case's.
    """

    mistakes: ClassVar[tuple[type[ResNetBenchError], ...]] = (StoreError, UsageError)

    case: Case
    model: Spec | str
    index: int = 0

    @property
    def child_setting(self) -> ChildSetting:
        """The case's."""
        return setting_of(self.case)


class ProfileSubject(Record, frozen=True, kw_only=True):
    """One static profile to make; `model` is a registry or external name, or the user's own spec.

    `on_host` says that the case runs on the host too: what cannot be traced without running it may be run there once.
    """

    model: Spec | str
    mode: Mode
    precision: Precision
    batch_size: int
    image_size: int
    input: str = ""
    arguments: str = ""
    optimizer: Optimizer = Optimizer.MOMENTUM
    update: Update = Update.FOREACH
    on_host: bool = False

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name if isinstance(self.model, Spec) else self.model

    @property
    def key(self) -> ProfileKey:
        """What `profile_key` says of its profile."""
        return tuple(self.name if name == "model" else getattr(self, name) for name in STATIC)


class ProfileRequest(Request[Profiled], frozen=True, kw_only=True, tag="profile"):
    """Make static profiles, fvcore's and torch's own counts beside ours; never in a process that times."""

    answered_by = "profile:profile"
    answers = (Profiled,)
    what = "the static profiles"

    subjects: tuple[ProfileSubject, ...]

    @property
    def limit_s(self) -> float:
        """Half an hour for all of them."""
        return 1800.0


class Named(Record, frozen=True, kw_only=True):
    """A model as a case names it; a registry model only where its weights are to be looked for."""

    model: Spec | str
    arguments: str = ""
    weights: str = ""


class LookUpRequest(Request[Known], frozen=True, kw_only=True, tag="look_up"):
    """Find external models, weights, and functions that make inputs, and call none of these.

    Models are built without data, to see in which precision, and whether weights fit; where not `builds`, none is.
    """

    answered_by = "look_up:look_up"
    answers = (Known,)
    what = "the search for external models"

    models: tuple[Named, ...] = ()
    functions: tuple[str, ...] = ()
    builds: bool = True

    @property
    def limit_s(self) -> float:
        """Half an hour: they import what they like, and weights may have to be fetched; five minutes to build alone."""
        fetches = not self.builds or any(named.weights for named in self.models)
        return 1800.0 if fetches else 300.0


class ProbeRequest(Request[Probed], frozen=True, kw_only=True, tag="probe"):
    """Find the device ("auto" for the first accelerator, else the CPU) and describe the machine.

    `subjects` are profiled on the way, in the process that has loaded torch for it.
    """

    answered_by = "probe:probe"
    answers = (Probed,)
    what = "torch's view of the machine"

    device: str
    subjects: tuple[ProfileSubject, ...] = ()

    @property
    def limit_s(self) -> float:
        """Five minutes: a driver may take its time; half an hour more for profiles."""
        return 2100.0 if self.subjects else 300.0


class CeilingsRequest(Request[Ceilings], frozen=True, kw_only=True, tag="ceilings"):
    """Measure a device's ceilings; `budget_s` is of each precision's products, its convolutions, and all copies."""

    answered_by = "ceilings:ceilings"
    answers = (Ceilings,)
    what = "the ceilings"

    device: str
    threads: int
    precisions: tuple[Precision, ...]
    budget_s: float
    attempts: int

    @property
    def limit_s(self) -> float:
        """Ten minutes."""
        return 600.0

    @property
    def child_setting(self) -> ChildSetting:
        """The threads that the ceilings are of, and the allocator that cases have where nothing is said."""
        return ChildSetting(threads=self.threads or None, allocator=usual_allocator())


class ConvertRequest(CaseRequest[Converted | Skip], frozen=True, kw_only=True, tag="convert"):
    """Convert one case's network into an artefact in `folder`/artifact, and write what eager float32 computes there."""

    answered_by = "convert:convert"
    answers = (Converted, Skip)
    what = "a conversion"

    folder: str
    seed: int
    images: int
    calibration: str = ""

    @property
    def limit_s(self) -> float:
        """Half an hour."""
        return 1800.0


class MeasureRequest(CaseRequest[Launch | Skip], frozen=True, kw_only=True, tag="measure"):
    """Measure one launch of one case.

    `artifacts` is a folder, where it is measured, in which launches of the case share what it is converted to; empty,
    or not there, for a launch that converts by itself.
    """

    answers = (Launch, Skip)
    what = "a launch"

    attempt: int
    protocol: Protocol
    artifacts: str = ""

    @property
    def answered_by(self) -> str:  # type: ignore[override]
        """What measures one process, or what holds several together."""
        if self.case.world_size > 1:
            return "ranks:measure"
        return "copies:measure" if self.case.copies > 1 else self.room(self.case)

    @staticmethod
    def room(case: Case) -> str:
        """Return what measures one process of a case: what needs no torch meanwhile has a room of its own."""
        return "deployed:measure" if executors.facts(case.executor).converts else "measure:measure"

    @property
    def limit_s(self) -> float:
        """The protocol's."""
        return self.protocol.time_limit_s


class CopyRequest(MeasureRequest, frozen=True, kw_only=True, tag="copy"):
    """Measure one launch of one case in company: `number`, from 1, is which of its copies this one is.

    Attributes:
        cores: of the CPU that this process alone has, empty for none.
        way: the descriptor through which it hears of the others, once it is started.
        origin_s: a moment of the monotonic clock, the same for all.
    """

    answered_by = "copy:measure"
    what = "a copy"

    number: int
    cores: tuple[int, ...]
    way: int = -1
    origin_s: float


class LayersRequest(CaseRequest[Dissected | Skip], frozen=True, kw_only=True, tag="layers"):
    """Time the layers of one case, and write a trace of a few iterations where a file is named.

    The case's device may be named as users name it: the child finds it.
    """

    mistakes = (StoreError, UsageError, DeviceError)
    answered_by = "layers:dissect"
    answers = (Dissected, Skip)
    what = "the layers"

    protocol: Protocol
    budget_s: float
    trace: str | None = None

    @property
    def limit_s(self) -> float:
        """The protocol's."""
        return self.protocol.time_limit_s


class FitRequest(CaseRequest[Fits | Skip], frozen=True, kw_only=True, tag="fit"):
    """Try whether a case fits: two iterations, with at most `memory_limit_bytes` beyond what torch itself takes."""

    answered_by = "fit:fit"
    answers = (Fits, Skip)
    what = "a trial"

    memory_limit_bytes: int | None
    time_limit_s: float
    transfer: Transfer = Transfer.EXCLUDED

    @property
    def limit_s(self) -> float:
        """As asked for."""
        return self.time_limit_s


AnyRequest = (
    LookUpRequest
    | ProbeRequest
    | ProfileRequest
    | CostRequest
    | ShowRequest
    | MeasureRequest
    | CopyRequest
    | ConvertRequest
    | FitRequest
    | LayersRequest
    | CeilingsRequest
)
AnyAnswer = (
    Known | Probed | Profiled | Costed | Shown | Failed | Converted | Fits | Launch | Skip | Dissected | Ceilings
)
