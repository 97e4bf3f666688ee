"""A case made ready in this process, for a launch, a trial, layers and a live comparison alike. Imports torch.

Whoever measures a case loads it here, and refuses here what does not compute the network.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from resnet_bench.errors import UnsupportedError
from resnet_bench.machine import environment
from resnet_bench.profilers.clock import Clock
from resnet_bench.profilers.devices import find
from resnet_bench.profilers.sampler import warm_up
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Allocator, Case, Transfer, Warmup
from resnet_bench.specs import Spec


class Loaded(NamedTuple):
    """A workload with the clock of its device."""

    workload: Workload
    clock: Clock

    def warm_up(self, *, min_iterations: int, budget_s: float) -> Warmup:
        """Iterate until stable.

        Raises:
            UnsupportedError: the output is not finite, so that what is computed is not the network.
        """
        found = warm_up(self.workload.iterate, self.clock, min_iterations=min_iterations, budget_s=budget_s)
        refuse_unless_finite(self.workload.iterate(), self.workload.case)
        return found


def load(case: Case, model: str | Spec | nn.Module, *, seed: int, transfer: Transfer = Transfer.EXCLUDED) -> Loaded:
    """Build a case's workload on its device, with its threads.

    Raises:
        DeviceError: the device is not, or no longer, here.
        UnsupportedError: the case cannot run on this device.
    """
    find(case.device)
    _refuse_another_allocator(case)
    torch.set_num_threads(case.threads)
    workload = Workload(case, model, seed=seed, transfer=transfer)
    return Loaded(workload, workload.instruments.clock(workload.device))


def _refuse_another_allocator(case: Case) -> None:
    """Refuse a fixed allocator where the system's C library is not glibc, whose variables are what fixes it."""
    if case.allocator is Allocator.FIXED and not environment.has_glibc():
        raise UnsupportedError("allocator = fixed: only glibc's allocator can be fixed, and this system has another.")


def refuse_unless_finite(output: object, case: Case) -> None:
    """Refuse an output, of any structure, that holds an infinity or something that is no number.

    Raises:
        UnsupportedError: it does.
    """
    leaves = (leaf for leaf in tree_leaves(output) if isinstance(leaf, torch.Tensor) and leaf.is_floating_point())
    if not all(bool(torch.isfinite(leaf).all()) for leaf in leaves):
        raise UnsupportedError(f"the output in {case.precision} is not finite (inf or NaN).")
