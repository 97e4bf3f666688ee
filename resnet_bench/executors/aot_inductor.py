"""The network compiled ahead of time by torch's own compiler into a package, which a fresh process loads and runs.

The package holds code for this processor and the weights; torch's libraries run it, with torch's threads.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resnet_bench.errors import UnsupportedError, in_words
from resnet_bench.executors.deployed import Deployed, refuse_undeployable
from resnet_bench.executors.inputs import input_of, random_inputs
from resnet_bench.executors.protocol import Batches, BatchSizes, Converts, Prepared, several
from resnet_bench.machine import variables
from resnet_bench.records import Case, Executed, Precision

if TYPE_CHECKING:
    from torch import Tensor, nn

_MODEL = "model.pt2"


class AotInductor:
    """Exports by torch.export, compiles for the case's batch size, and runs on the host."""

    def supports(self, case: Case) -> None:
        """Inference in float32 on the CPU.

        Raises:
            UnsupportedError: any other case.
        """
        refuse_undeployable(case, (Precision.FP32,))

    def name_kernels(self) -> None:
        """Its kernels are compiled already."""

    def convert(
        self,
        case: Case,
        network: "nn.Module",
        images: "Tensor",
        folder: Path,
        *,
        calibration: Batches = (),  # noqa: ARG002 - for int8
        sizes: BatchSizes = BatchSizes.ONE,
    ) -> None:
        """Export and compile the network.

        Raises:
            UnsupportedError: torch.export or the compiler refuses it.
        """
        import torch  # noqa: PLC0415 - as the runtimes beside it
        from torch._inductor import aoti_compile_and_package  # noqa: PLC0415 - a second of imports

        try:
            with torch.no_grad():
                example = (several(images, sizes),)
                of_any = ({0: torch.export.Dim("batch")},) if sizes is BatchSizes.ANY else None
                exported = torch.export.export(network, example, dynamic_shapes=of_any)
                aoti_compile_and_package(exported, package_path=str(folder / _MODEL))
        except Exception as error:  # noqa: BLE001 - whatever exporter, compiler, or the model under them raises
            raise UnsupportedError(f"torch.export or its compiler refuses '{case.model}': {in_words(error)}") from None

    def opened(self, case: Case, folder: Path, *, seed: int) -> Prepared:
        """Load the package, with the case's threads."""
        import torch  # noqa: PLC0415 - as the runtimes beside it
        from torch._inductor import aoti_load_package  # noqa: PLC0415 - a second of imports

        torch.set_num_threads(case.threads)
        path = folder / _MODEL
        runner = aoti_load_package(str(path))
        (given,) = random_inputs(input_of(case), case.batch_size, seed=seed)
        images = torch.from_numpy(given)

        def compute(others: NDArray[np.float32]) -> NDArray[Any]:
            found: NDArray[Any] = runner(torch.from_numpy(others)).numpy()
            return found

        return Deployed(
            iterate=lambda: runner(images),
            compute=compute,
            read_back=_executed,
            weights_bytes=path.stat().st_size,
        )


EXECUTOR: Converts = AotInductor()


def _executed() -> Executed:
    import torch  # noqa: PLC0415 - as the runtimes beside it

    return Executed(
        parameter_dtype="float32",
        deterministic=torch.are_deterministic_algorithms_enabled(),
        threads=torch.get_num_threads(),
        interop_threads=torch.get_num_interop_threads(),
        wait_policy=os.environ.get("OMP_WAIT_POLICY"),
        kmp_blocktime=os.environ.get("KMP_BLOCKTIME"),
        proc_bind=os.environ.get("OMP_PROC_BIND"),
        variables=variables.telling(os.environ),
    )
