"""What is asked of a foreign model before it is measured: its code runs, so it runs in a process of its own."""

from resnet_bench.records import Mode, Optimizer, Precision, Profile, Record, Update
from resnet_bench.wire.request import Request

# What changes a profile and not what fits.
NOT_OF_A_BATCH = frozenset({"batch_size", "counters", "by_running"})


class Costed(Record, frozen=True, kw_only=True, tag="costed"):
    """A static profile, and the largest batch size whose predicted memory fits, where that was asked."""

    profile: Profile
    largest_batch_size: int | None


class CostRequest(Request[Costed], frozen=True, kw_only=True, tag="cost"):
    """Make the whole static profile of one model, `counters` of other tools beside it."""

    answered_by = "describe:cost"
    answers = (Costed,)
    what = "the static profile"

    model: str
    arguments: str = ""
    mode: Mode
    precision: Precision | None = None
    batch_size: int
    image_size: int | None = None
    input: str = ""
    optimizer: Optimizer
    update: Update = Update.FOREACH
    counters: tuple[str, ...]
    by_running: bool = False
    memory_bytes: int | None

    @property
    def limit_s(self) -> float:
        """Half an hour."""
        return 1800.0


class Shown(Record, frozen=True, kw_only=True, tag="shown"):
    """The module tree, as torch prints it."""

    tree: str


class ShowRequest(Request[Shown], frozen=True, kw_only=True, tag="show"):
    """Build one model without data, and print it."""

    answered_by = "describe:show"
    answers = (Shown,)
    what = "the module tree"

    model: str
    arguments: str = ""
    num_classes: int | None

    @property
    def limit_s(self) -> float:
        """Half an hour."""
        return 1800.0
