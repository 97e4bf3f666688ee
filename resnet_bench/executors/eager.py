"""The network as it is, operator by operator."""

from resnet_bench.executors.iteration import prepared
from resnet_bench.executors.protocol import Executes, Placed, Prepared
from resnet_bench.records import Case


class Eager:
    """Runs the module itself."""

    def supports(self, case: Case) -> None:
        """Everything."""

    def prepare(self, placed: Placed) -> Prepared:
        """Return the module's own iteration."""
        return prepared(placed, placed.network)


EXECUTOR: Executes = Eager()
