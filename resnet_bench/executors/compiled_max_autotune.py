"""The network compiled by torch.compile, which tries out several kernels for each operator."""

from resnet_bench.executors.compiled import Compiled
from resnet_bench.executors.protocol import Executes

# Without CUDA graphs, which are an executor of their own.
EXECUTOR: Executes = Compiled("max-autotune-no-cudagraphs")
