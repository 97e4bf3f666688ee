"""What a made-up run is made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from resnet_bench.records import Executor, MemoryFormat, Mode, Precision
from tests.make.device import MODELS

HOSTILE = "</script><img src=x onerror=alert(1)>"


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What to make up. `noise` is the spread between launches; samples spread by a quarter of it more."""

    seed: int = 7
    run_id: str = "20261101-120000-cpu"
    device: str = "cpu"
    models: Sequence[str] = tuple(MODELS)
    modes: Sequence[Mode] = (Mode.INFERENCE,)
    batch_sizes: Sequence[int] = (1, 4)
    image_size: int = 224
    precisions: Sequence[Precision] = (Precision.FP32,)
    memory_formats: Sequence[MemoryFormat] = (MemoryFormat.CONTIGUOUS,)
    executors: Sequence[Executor] = (Executor.EAGER,)
    machines: Sequence[str] = ("",)
    launches: int = 2
    samples: int = 24
    noise: float = 0.01
    speed: float = 1.0
    memory_limit: int | None = None
    revision: str = "4f2a9c1e0b7d4c5a8e6f1234567890abcdef1234"
    troubles: bool = False

    def where(self, machine: str) -> str:
        """Return the environment of a machine."""
        return f"e{self.machines.index(machine) + 1}"
