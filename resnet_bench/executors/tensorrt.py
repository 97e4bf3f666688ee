"""TensorRT, as ONNX Runtime's provider of it runs the exported graph: its row of providers is all that differs."""

from resnet_bench.executors.onnx_runtime import OnnxRuntime
from resnet_bench.executors.protocol import Converts

EXECUTOR: Converts = OnnxRuntime()
