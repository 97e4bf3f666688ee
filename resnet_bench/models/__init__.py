"""The networks: `resnet50()`, `create_model("resnet50_v1")`, `ResNet`. torch is imported when a name is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from resnet_bench import specs

if TYPE_CHECKING:
    from resnet_bench.models.blocks import BasicBlock, Bottleneck
    from resnet_bench.models.parts import PadShortcut
    from resnet_bench.models.preact_blocks import PreActBasicBlock, PreActBottleneck
    from resnet_bench.models.registry import create_model
    from resnet_bench.models.resnet import PreActResNet, ResNet

_HOMES = {
    "BasicBlock": "blocks",
    "Bottleneck": "blocks",
    "PadShortcut": "parts",
    "PreActBasicBlock": "preact_blocks",
    "PreActBottleneck": "preact_blocks",
    "PreActResNet": "resnet",
    "ResNet": "resnet",
    "create_model": "registry",
}

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "PadShortcut",
    "PreActBasicBlock",
    "PreActBottleneck",
    "PreActResNet",
    "ResNet",
    "create_model",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in specs.names():
        return import_module(f"{__name__}.registry").builder(name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted((*__all__, *specs.names()))
