"""What a live comparison asks of a side's process, and of the server that forks it: a JSON line each way."""

from typing import ClassVar, Generic, TypeVar

import msgspec

from resnet_bench.records import Agreement, Case, Record
from resnet_bench.records.live import PackageFrom

AnswerT = TypeVar("AnswerT")

# The longest message to or from the server; those to and from sides have no limit.
MESSAGE_BYTES = 4096


class LiveRequest(Record, Generic[AnswerT], frozen=True, kw_only=True):
    """A question to a side's process; `answer` is the type of its answer."""

    answer: ClassVar[type[Record]]


class Ready(Record, frozen=True, kw_only=True, tag="ready"):
    """The model is warm; `iteration_s` is what one iteration lasts, `source` the file that its code came from.

    `read` has the SHA-256 of every file of the revision that the process has read so far, by its place there. `core` is
    that of the CPU which a case of one thread ran on, None of others and where the system binds nothing to cores.
    """

    iteration_s: float
    source: str
    core: int | None = None
    read: dict[str, str] = msgspec.field(default_factory=dict)


class Elapsed(Record, frozen=True, kw_only=True, tag="elapsed"):
    """Seconds of the iterations asked for, and of the CPU that one thread of a CPU case got in them."""

    elapsed_s: float
    cpu_s: float | None


class Refused(Record, frozen=True, kw_only=True, tag="refused"):
    """The side cannot measure the case; the message is one line for the user, `unsupported` says that none could."""

    message: str
    unsupported: bool = False


class Prepare(LiveRequest[Ready], frozen=True, kw_only=True, tag="prepare"):
    """Build the case's model from the code below `root` and warm it up; `package` says whose package it meets.

    `artifacts` is the folder in which launches of the side share what the case is converted to, "" for none.
    """

    answer = Ready

    root: str
    package: PackageFrom
    case: Case
    seed: int
    artifacts: str = ""


class Iterate(LiveRequest[Elapsed], frozen=True, kw_only=True, tag="iterate"):
    """Run iterations and time them together."""

    answer = Elapsed

    count: int


class BoundToCore(Record, frozen=True, kw_only=True, tag="bound"):
    """The process stays on its core."""


class Bind(LiveRequest[BoundToCore], frozen=True, kw_only=True, tag="bind"):
    """Run on this core of the CPU alone until something else is prepared."""

    answer = BoundToCore

    core: int


class Compared(Record, frozen=True, kw_only=True, tag="compared"):
    """How close the case's output is to eager float32's, None for that itself; `said` is why it could not be told."""

    agreement: Agreement | None = None
    said: tuple[str, ...] = ()


class Compare(LiveRequest[Compared], frozen=True, kw_only=True, tag="compare"):
    """Hold the output of what was prepared against eager float32's, of the same weights and images."""

    answer = Compared


class Fork(Record, frozen=True, kw_only=True, tag="fork"):
    """To the server: fork a child; its conversation and its error output come as file descriptors."""


class Reap(Record, frozen=True, kw_only=True, tag="reap"):
    """To the server: wait for a child."""

    pid: int


class Forked(Record, frozen=True, kw_only=True, tag="forked"):
    """The child's process id."""

    pid: int


class Reaped(Record, frozen=True, kw_only=True, tag="reaped"):
    """The child's exit code, negative for a signal."""

    code: int
