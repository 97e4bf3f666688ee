"""A case that a runtime beside torch has loaded: `Prepared`, as runtimes without torch give it. Never torch."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resnet_bench.errors import DisagreesError, UnsupportedError, text_of
from resnet_bench.executors.inputs import input_of
from resnet_bench.executors.table import refuse_missing
from resnet_bench.machine.devices import HOST, kind_of
from resnet_bench.records import INT8_TYPES, Case, Executed, MemoryFormat, Mode, Precision, RuntimeRan
from resnet_bench.specs.arithmetic import arithmetic
from resnet_bench.words import listed

_FLOAT32 = "float32"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A loaded artefact with its input.

    Attributes:
        iterate: runs one iteration, and returns the first output (N, ...).
        compute: the same of other images (N, C, H, W).
        read_back: what the runtime says that it ran; asked after the samples, it may run more.
        weights_bytes: of the artefact, whose weights are nearly all of it.
    """

    iterate: Callable[[], NDArray[Any]]
    compute: Callable[[NDArray[np.float32]], NDArray[Any]]
    read_back: Callable[[], Executed]
    weights_bytes: int
    step: None = None
    modules: None = None
    graph_peak_bytes: None = None

    def running(self) -> AbstractContextManager[None]:
        """Nothing has to be held."""
        return nullcontext()

    def outputs(self, images: NDArray[np.float32]) -> NDArray[Any]:
        """Return what one iteration computes of other images."""
        return self.compute(images)

    def alive_bytes(self) -> None:
        """Return None: the runtime's allocator does not tell."""

    def plain(self) -> None:
        """Return None: the network is not there."""

    def skipped_steps(self) -> None:
        """Return None: nothing is trained."""

    def compiled(self) -> None:
        """Return None: what the runtime makes of a graph is made as it is loaded."""

    def executed(self) -> Executed:
        """Read back what really ran."""
        return self.read_back()


def imported(runtime: str) -> Any:
    """Import a runtime that is installed.

    Raises:
        UnsupportedError: it cannot be imported, with the last line of why.
    """
    try:
        return import_module(runtime)
    except Exception as error:  # noqa: BLE001 - a library that is missing, another numpy: whatever it raises
        said = (text_of(error).strip().splitlines() or [""])[-1]
        raise UnsupportedError(
            f"{runtime} is installed here and broken, so reinstall it: {type(error).__name__}: {said}"
        ) from None


def refuse_another_shape(case: Case, built: tuple[int | None, ...], wanted: tuple[int, ...]) -> None:
    """Refuse an artefact that was built for another batch, or for images of another size; None is any.

    Raises:
        UnsupportedError: with both shapes.
    """
    serves = len(built) == len(wanted) and all(its in {None, it} for its, it in zip(built, wanted, strict=True))
    if not serves:
        raise UnsupportedError(
            f"the artefact of {case.executor} was built for an input of {_shape(built)}, and the case has "
            f"{_shape(wanted)}: an artefact serves the batch size that it was converted for."
        )


def _shape(sizes: Sequence[int | None]) -> str:
    return "x".join("any" if it is None else str(it) for it in sizes)


def refuse_otherwise(case: Case, ran: RuntimeRan) -> None:
    """Refuse what ran by another provider than the one asked for, or in other types than the case's.

    Raises:
        UnsupportedError: it was another provider.
        DisagreesError: it was another type.
    """
    refuse_fallback(case, ran)
    refuse_other_types(case, ran)


def refuse_fallback(case: Case, ran: RuntimeRan) -> None:
    """Refuse a run of which operators fell back to a provider that nobody asked for: the first is the one asked for.

    Raises:
        UnsupportedError: with the operators.
    """
    fallen = [it for it in ran.operators if it.provider in ran.providers[1:]]
    if fallen:
        said = listed([f"{it.count} {it.operator} by {it.provider}" for it in fallen])
        raise UnsupportedError(f"{case.executor} fell back from {ran.providers[0]}: it ran {said}.")


def refuse_other_types(case: Case, ran: RuntimeRan) -> None:
    """Refuse products that ran in another type than float32 under its name, and int8 of which nothing ran in int8.

    Raises:
        DisagreesError: with the operators.
    """
    if case.precision is Precision.INT8 and ran.macs_share(INT8_TYPES) == 0:
        raise DisagreesError(f"{case.executor} did not compute int8: it ran no product in it.")
    if arithmetic(case.precision).computes != _FLOAT32:
        return
    others = [it for it in ran.operators if it.macs and it.dtype != _FLOAT32]
    if others:
        said = listed([f"{it.count} {it.operator} in {it.dtype}" for it in others])
        raise DisagreesError(f"{case.executor} did not compute {case.precision}: it ran {said}.")


def refuse_undeployable(case: Case, precisions: tuple[Precision, ...], devices: tuple[str, ...] = (HOST,)) -> None:
    """Refuse what no runtime for inference takes, kinds of device that are not this one's, and other precisions.

    Raises:
        UnsupportedError: in words, and what to ask for instead.
    """
    refuse_missing(case.executor)
    if case.mode is Mode.TRAINING:
        raise UnsupportedError(f"{case.executor} runs inference only; use --executor compile for training.")
    if kind_of(case.device).name not in devices:
        known = listed(["the CPU" if it == HOST else it.upper() for it in devices])
        raise UnsupportedError(f"{case.executor} is measured on {known} only, not on {case.device}.")
    if case.precision not in precisions:
        raise UnsupportedError(f"{case.executor} has no {case.precision} here: ask for {listed(precisions)}.")
    if case.memory_format is not MemoryFormat.CONTIGUOUS:
        raise UnsupportedError(
            f"{case.executor} chooses how activations lie in memory by itself; leave --memory-format contiguous."
        )
    if not input_of(case).is_one_batch_of_numbers:
        raise UnsupportedError(f"{case.executor} takes models of one tensor of fractions, not {input_of(case)}.")
