"""A case made ready in this process, for a launch, a trial, layers and a live comparison alike. Imports torch.

Whoever measures a case loads it here, and refuses here what does not compute the network.
"""

import os
import statistics
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import torch
from torch import nn

from resnet_bench.errors import DisagreesError, UnsupportedError, UsageError
from resnet_bench.machine import environment, variables
from resnet_bench.models.outputs import leaves, refuse_unrun
from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.devices import find, float32, instruments
from resnet_bench.profilers.gauge import Gauge
from resnet_bench.profilers.sampler import warm_up
from resnet_bench.profilers.steady import settle
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Allocator, Case, Protocol, Transfer, Warmup
from resnet_bench.specs import Spec
from resnet_bench.specs.arithmetic import arithmetic
from resnet_bench.words import listed

# From 2**16 down to where half precision has no smaller number.
_MOST_SKIPPED = 40


def nothing() -> None:
    """Do nothing."""


class Loaded(NamedTuple):
    """A workload with the clock of its device."""

    workload: Workload
    clock: Clock

    def gauge(self) -> Gauge | None:
        """Return what reads the device's state while it works; None for the host, which has no queue."""
        return Gauge(self.workload, self.clock) if self.workload.instruments.kind.accelerator else None

    def warm_up(
        self, protocol: Protocol, gauge: Gauge | None = None, *, once_stable: Callable[[], None] = nothing
    ) -> Warmup:
        """Iterate until stable; on a device with a queue then until it is in the state that the protocol asks for.

        `once_stable` is done between the two: what lets the device come to rest goes before it is kept busy.

        Raises:
            UnsupportedError, DisagreesError: what is computed is not the network, or not in the case's arithmetic; or
                the loss scaler skips every step.
        """
        iterate = self.workload.iterate
        found = warm_up(
            iterate,
            self.clock,
            min_iterations=protocol.warmup_min_iterations,
            budget_s=protocol.warmup_budget_s,
            until_complete=self.until_it_steps,
        )
        once_stable()
        if gauge is not None:
            iteration_s = statistics.median(found.iteration_s[-3:])
            steady = settle(iterate, self.clock, gauge, protocol, iteration_s=iteration_s)
            if steady.queued_s:
                found = msgspec.structs.replace(found, queued_s=steady.queued_s, stopped_by=steady.stopped_by)
        refuse_another_computation(iterate(), self.workload.case)
        return found

    def until_it_steps(self) -> int:
        """Iterate until the optimizer steps; return how many steps the loss scaler has skipped.

        Raises:
            UnsupportedError: it skips them all.
        """
        prepared = self.workload.prepared
        skipped, before = prepared.skipped_steps(), None
        while skipped is not None and skipped != before:
            if skipped > _MOST_SKIPPED:
                raise UnsupportedError(f"the loss scaler skipped {skipped} steps in a row: no scale of the loss fits.")
            self.workload.iterate()
            skipped, before = prepared.skipped_steps(), skipped
        return skipped or 0


def load(
    case: Case,
    model: str | Spec | nn.Module,
    *,
    seed: int,
    transfer: Transfer = Transfer.EXCLUDED,
    calibration: str = "",
    artifacts: str = "",
) -> Loaded:
    """Build a case's workload on its device, with its threads; both folders are as `Task` has them.

    Raises:
        DeviceError: the device is not, or no longer, here.
        UsageError: a variable of the environment falsifies what is measured on it.
        UnsupportedError: the case cannot run on this device.
    """
    refuse_falsifying_variables(find(case.device))
    _refuse_another_allocator(case)
    torch.set_num_threads(case.threads or environment.default_threads())
    workload = Workload(case, model, seed=seed, transfer=transfer, calibration=calibration, artifacts=artifacts)
    return Loaded(workload, workload.instruments.clock(workload.device))


def refuse_falsifying_variables(device: str) -> None:
    """Refuse an environment in which figures of a device are not what they are called.

    Raises:
        UsageError: it is so.
    """
    for sentence in variables.falsifying(os.environ, instruments(device).kind.falsifiers):
        raise UsageError(sentence)


def _refuse_another_allocator(case: Case) -> None:
    """Refuse a fixed allocator where the system's C library is not glibc, whose variables are what fixes it."""
    if case.allocator is Allocator.FIXED and not environment.has_glibc():
        raise UnsupportedError("allocator = fixed: only glibc's allocator can be fixed, and this system has another.")


def refuse_another_computation(output: object, case: Case) -> None:
    """Refuse an output, of any structure, that is not there or not finite, and float32 that a model lets torch round.

    Raises:
        UnsupportedError: it is so.
        DisagreesError: it is not finite, and computed otherwise than in eager float32.
    """
    refuse_unrun(output)
    computes = arithmetic(case.precision)
    altered = float32.altered(tensor_float=computes.tensor_float)
    if altered and computes.computes == "float32":
        raise UnsupportedError(
            f"{case.precision} was not computed: the model's code set torch's switches while it ran ("
            f"{listed(altered)}); take that out of it, or ask for --precision tf32 where the device has it."
        )
    found = (leaf for leaf in leaves(output) if isinstance(leaf, torch.Tensor) and leaf.is_floating_point())
    if not all(bool(torch.isfinite(leaf).all()) for leaf in found):
        refusal = UnsupportedError if case == case.plain else DisagreesError
        raise refusal(f"the output of {case.executor} in {case.precision} is not finite (inf or NaN).")
