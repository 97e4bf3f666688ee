"""What a parent asks of a child process and what the child answers: one JSON line each way."""

from resnet_bench.records import (
    Case,
    Ceilings,
    Environment,
    Launch,
    LayerProfile,
    Mode,
    Precision,
    Profile,
    Protocol,
    Record,
    Skip,
    Transfer,
)
from resnet_bench.specs import Spec


class ProbeRequest(Record, frozen=True, kw_only=True, tag="probe"):
    """Find the device ("auto" for the first accelerator, else the CPU) and describe the machine."""

    device: str


class ProfileSubject(Record, frozen=True, kw_only=True):
    """One static profile to make; `model` is a registry or external name, or the user's own spec."""

    model: Spec | str
    mode: Mode
    precision: Precision
    batch_size: int
    image_size: int


class ProfileRequest(Record, frozen=True, kw_only=True, tag="profile"):
    """Make static profiles, fvcore's and torch's own counts beside ours; never in a process that times."""

    subjects: tuple[ProfileSubject, ...]


class MeasureRequest(Record, frozen=True, kw_only=True, tag="measure"):
    """Measure one launch of one case."""

    case: Case
    index: int
    attempt: int
    model: Spec | str
    protocol: Protocol


class LayersRequest(Record, frozen=True, kw_only=True, tag="layers"):
    """Time the layers of one case, and write a trace of a few iterations where a file is named."""

    case: Case
    model: Spec | str
    protocol: Protocol
    budget_s: float
    trace: str | None = None


class CeilingsRequest(Record, frozen=True, kw_only=True, tag="ceilings"):
    """Measure a device's ceilings; `budget_s` is of each precision's products, its convolutions, and all copies."""

    device: str
    threads: int
    precisions: tuple[Precision, ...]
    budget_s: float
    attempts: int


class TrialRequest(Record, frozen=True, kw_only=True, tag="trial"):
    """Try whether a case fits: two iterations, with at most `memory_limit_bytes` beyond what torch itself takes."""

    case: Case
    model: Spec | str
    memory_limit_bytes: int | None
    transfer: Transfer = Transfer.EXCLUDED


class Tried(Record, frozen=True, kw_only=True, tag="tried"):
    """The case fits; its second iteration took `iteration_s`."""

    iteration_s: float
    peak_allocated_bytes: int | None


class Probed(Record, frozen=True, kw_only=True, tag="probed"):
    """The device found, and the machine."""

    device: str
    environment: Environment


class Profiled(Record, frozen=True, kw_only=True, tag="profiled"):
    """Profiles in the order asked for; `refusals` are (model, why) of those that cannot be made."""

    profiles: tuple[Profile, ...]
    refusals: tuple[tuple[str, str], ...] = ()


class Failed(Record, frozen=True, kw_only=True, tag="failed"):
    """The child could not do what was asked, for a reason the user can mend."""

    message: str
    exit_code: int


Request = ProbeRequest | ProfileRequest | MeasureRequest | TrialRequest | LayersRequest | CeilingsRequest
Answer = Probed | Profiled | Failed | Tried | Launch | Skip | LayerProfile | Ceilings
