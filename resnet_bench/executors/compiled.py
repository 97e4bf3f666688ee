"""The network compiled by torch.compile with its default settings."""

import torch

from resnet_bench.executors.iteration import prepared
from resnet_bench.executors.protocol import Executes, Placed, Prepared
from resnet_bench.records import Case


class Compiled:
    """Runs what torch.compile makes of the module in one of its modes."""

    def __init__(self, mode: str) -> None:
        self._mode = mode

    def supports(self, case: Case) -> None:
        """Everything: what the compiler cannot do, it says itself."""

    def prepare(self, placed: Placed) -> Prepared:
        """Return the compiled module's iteration; it is compiled when it first runs."""
        return prepared(placed, torch.compile(placed.network, mode=self._mode))


EXECUTOR: Executes = Compiled("default")
