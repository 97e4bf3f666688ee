"""What every question to a child process has: the type of its answer, how long that may take, how the child starts."""

from typing import ClassVar, Generic, TypeVar

from resnet_bench.records import Record
from resnet_bench.wire.setting import ChildSetting

AnswerT = TypeVar("AnswerT")

# The exit status of a child whose way to answer was closed (EX_IOERR of sysexits.h).
NO_WAY_TO_ANSWER = 74


class Request(Record, Generic[AnswerT], frozen=True, kw_only=True):
    """A question to a child.

    `answers` are the types that AnswerT stands for, `answered_by` the module and function of `child` that answer it,
    `what` names it in messages.
    """

    answered_by: ClassVar[str]
    answers: ClassVar[tuple[type[Record], ...]]
    what: ClassVar[str]

    @property
    def limit_s(self) -> float:
        """Seconds after which the child is given up."""
        raise NotImplementedError

    @property
    def child_setting(self) -> ChildSetting:
        """What the process is started with."""
        return ChildSetting()
