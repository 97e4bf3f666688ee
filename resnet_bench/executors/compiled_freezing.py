"""The network compiled by torch.compile with its weights as constants: folded, and laid out for the kernels once."""

from resnet_bench.errors import UnsupportedError
from resnet_bench.executors.compiled import Compiled
from resnet_bench.executors.protocol import Executes
from resnet_bench.records import Case, Mode


class CompiledFreezing(Compiled):
    """Inference alone: weights that are constants cannot be trained."""

    def supports(self, case: Case) -> None:
        """Inference, where compiling is not switched off.

        Raises:
            UnsupportedError: it is not so.
        """
        if case.mode is Mode.TRAINING:
            raise UnsupportedError(f"{case.executor} is for inference: frozen weights cannot be trained.")
        super().supports(case)


EXECUTOR: Executes = CompiledFreezing(options={"freezing": True})
