"""The network as it is, operator by operator."""

from resnet_bench.executors.iteration import prepared
from resnet_bench.executors.placed import placed
from resnet_bench.executors.protocol import Executes, Prepared, Task
from resnet_bench.records import Case


class Eager:
    """Runs the module itself."""

    def supports(self, case: Case) -> None:
        """Everything."""

    def name_kernels(self) -> None:
        """Operators have their names."""

    def prepare(self, task: Task) -> Prepared:
        """Return the module's own iteration."""
        there = placed(task)
        return prepared(there, there.network, modules=there.network)


EXECUTOR: Executes = Eager()
