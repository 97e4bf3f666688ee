"""torchvision beside a torch build it was not compiled for: its model code is plain Python and works all the same."""

import importlib.util
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@cache
def declare_missing_operators() -> Any:
    """Declare `torchvision::nms` and `qnms` where torchvision's compiled extension cannot be loaded.

    Without them `import torchvision` fails with "operator torchvision::nms does not exist" although no network needs
    them. Where the extension loads, nothing is declared. Returns the library that keeps the declarations alive, or
    None.
    """
    # Looking for the extension asks all finders, this one among them, which would declare the same again.
    sys.meta_path[:] = [it for it in sys.meta_path if not isinstance(it, _BeforeTorchvision)]
    if _extension_loads():
        return None
    library: Any = torch.library.Library("torchvision", "DEF")
    for schema in _OPERATORS:
        library.define(schema)
    return library


def prepare_for_torchvision() -> None:
    """Let the next `import torchvision`, whoever does it, find its operators declared; until then nothing is loaded."""
    if "torchvision" not in sys.modules and not any(isinstance(it, _BeforeTorchvision) for it in sys.meta_path):
        sys.meta_path.insert(0, _BeforeTorchvision())


class _BeforeTorchvision:
    """A finder that finds nothing: it is asked first, and leaves after the one import that it waits for."""

    def find_spec(self, name: str, _path: Sequence[str] | None = None, _target: object = None) -> None:
        """Declare what is missing before torchvision is imported."""
        if name == "torchvision":
            sys.meta_path.remove(self)
            declare_missing_operators()


def torchvision_models() -> Any:
    """Return the module `torchvision.models`, whichever torch build is installed."""
    declare_missing_operators()
    from torchvision import models  # noqa: PLC0415 - only after the operators are declared

    return models


def _extension_loads() -> bool:
    """Ask for the extension as torchvision itself does, before torchvision is imported."""
    if hasattr(torch.ops.torchvision, "nms"):
        return True
    package = importlib.util.find_spec("torchvision")
    if package is None or package.origin is None:
        return False
    for extension in Path(package.origin).parent.glob("_C.*"):
        try:
            torch.ops.load_library(str(extension))
        except OSError:
            return False
        return hasattr(torch.ops.torchvision, "nms")
    return False
