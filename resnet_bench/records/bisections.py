"""What a search for the commit that made something slower found."""

from enum import StrEnum

from resnet_bench.records.base import Record
from resnet_bench.records.live import Decision


class StepRuling(StrEnum):
    """What a commit was to the search: slower than the good one, not slower, or left out."""

    SLOWER = "slower"
    NOT_SLOWER = "not slower"
    SKIPPED = "skipped"


class BisectionStep(Record, frozen=True, kw_only=True):
    """One commit, measured against the good one; `detail` says why it was left out."""

    revision: str
    subject: str
    ruling: StepRuling
    decision: Decision | None
    detail: str = ""


class BisectionResult(Record, frozen=True, kw_only=True):
    """The steps in their order, and the commits of which one made it slower: one, unless others had to be skipped.

    `change` is that commit measured against its parent, None where several are left or that could not be measured.
    """

    good: str
    bad: str
    whole: Decision
    steps: tuple[BisectionStep, ...]
    candidates: tuple[str, ...]
    subjects: tuple[str, ...]
    change: Decision | None
