"""What an executor does: it refuses what it cannot run, and makes a case ready to iterate.

Nothing here is torch's at run time: a runtime that measures an artefact of its own never asks for the network.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from resnet_bench.records import Case, Executed, Transfer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from resnet_bench.executors.differentiated import Differentiated


class BatchSizes(StrEnum):
    """Which batch sizes an artefact serves: the one that it was converted for, or any."""

    ONE = "one"
    ANY = "any"


def several(images: "Tensor", sizes: BatchSizes) -> "Tensor":
    """Return the example that a network is traced with: of any size, two images at least, for one is taken as fixed."""
    return images.repeat(2, *(1 for _ in images.shape[1:])) if sizes is BatchSizes.ANY and len(images) == 1 else images


# Batches (N, ...) of one tensor each.
Batches: TypeAlias = "Sequence[NDArray[np.float32]]"


class TrainingStep(NamedTuple):
    """The three parts of a training iteration, callable in this order; what `forward` returns, `backward` takes.

    `gradients` returns the loss and the gradients of an iteration on other images (N, 3, H, W): of its own, or of a
    network in eager float32 with the same loss and targets. No weight moves by it.
    """

    forward: Callable[[], Any]
    backward: Callable[[Any], None]
    optimizer: Callable[[], None]
    gradients: "Callable[[NDArray[np.float32], nn.Module | None], Differentiated]"


class Task(NamedTuple):
    """What is to be made ready.

    Attributes:
        case: what is run.
        network: builds the network on the host, with weights of the seed.
        seed: of weights and input.
        device: where, by torch's name, which need not be the case's.
        transfer: whether an iteration includes the copy of its input to the device; excluded on the host.
        pinned: whether the host's copy of the input must be pinned, or a copy would wait.
        calibration: the folder whose images int8 takes its ranges from, "" for seeded ones.
        artifacts: the folder in which processes share what the case is converted to, "" for none.
    """

    case: Case
    network: "Callable[[], nn.Module]"
    seed: int
    device: str
    transfer: Transfer = Transfer.EXCLUDED
    pinned: bool = False
    calibration: str = ""
    artifacts: str = ""


class Graphs(NamedTuple):
    """What a compiler made of a network: how many graphs, and at how many places it could not go on."""

    graphs: int
    breaks: int


class Prepared(Protocol):
    """A case ready to iterate, inside its `running()`."""

    @property
    def iterate(self) -> Callable[[], Any]:
        """What runs one iteration and returns its output: logits of shape (N, classes), or the loss.

        A captured graph returns the same tensor each time, filled anew.
        """

    @property
    def step(self) -> TrainingStep | None:
        """The parts of a training iteration; None for inference."""

    @property
    def weights_bytes(self) -> int:
        """Bytes of the weights as they are held."""

    @property
    def modules(self) -> "nn.Module | None":
        """The network whose own modules run, so that marks can be set around their calls; None where none do."""

    def running(self) -> AbstractContextManager[None]:
        """Hold what must hold while it iterates; entering it for each iteration would be timed with it."""

    def outputs(self, images: "NDArray[np.float32]") -> Any:
        """Return what one iteration computes of other images (N, 3, H, W), and take its own input again afterwards."""

    def alive_bytes(self) -> int | None:
        """Return the bytes alive between iterations, None where the runtime cannot tell."""

    def plain(self) -> "tuple[nn.Module, Callable[[], Any]] | None":
        """Return the network, not compiled, and what runs it once, for its shapes; None where it is not there."""

    @property
    def graph_peak_bytes(self) -> int | None:
        """The most bytes that were alive while a graph was captured, which its replays hold; None without one."""

    def skipped_steps(self) -> int | None:
        """Return how many optimizer steps a loss scaler has skipped so far, None without one; asking waits for it."""

    def compiled(self) -> Graphs | None:
        """Return what the compiler made of the network by now, None without one."""

    def executed(self) -> Executed:
        """Read back what really ran."""


class Runs(Protocol):
    """What every executor tells of itself."""

    def supports(self, case: Case) -> None:
        """Refuse, in words, what no amount of trying would make run.

        Raises:
            UnsupportedError: the executor cannot run such a case.
        """

    def name_kernels(self) -> None:
        """Let what it makes name its kernels to torch's profiler; to be called before anything is prepared."""


class Executes(Runs, Protocol):
    """An executor that makes a case ready in the process that iterates it."""

    def prepare(self, task: Task) -> Prepared:
        """Make a case ready to iterate.

        Raises:
            UnsupportedError: the network cannot be run so.
        """


class Converts(Runs, Protocol):
    """An executor of an artefact: one process makes it with torch, others load and measure it."""

    def convert(
        self,
        case: Case,
        network: "nn.Module",
        images: "Tensor",
        folder: Path,
        *,
        calibration: "Batches" = (),
        sizes: BatchSizes = BatchSizes.ONE,
    ) -> None:
        """Write the artefact of a float32 network in eval mode, called with images (N, ...), and nothing else.

        Where the case asks for int8 the ranges of activations are those of `calibration`.

        Raises:
            UnsupportedError: it cannot be converted, with the operator where one is to blame.
        """

    def opened(self, case: Case, folder: Path, *, seed: int) -> Prepared:
        """Load an artefact, with the input of a seed; imports no torch unless the executor's row says so.

        Raises:
            UnsupportedError: the runtime would run it otherwise than asked.
        """
