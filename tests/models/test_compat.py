"""torchvision works whichever torch build is there, and operators are declared only where they are missing."""

import subprocess
import sys

import pytest

from resnet_bench.models import compat


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_torchvision_imports_in_a_fresh_process() -> None:
    run(
        "from resnet_bench.models.compat import torchvision_models;"
        "assert 'resnet50' in torchvision_models().list_models(); import torchvision.ops"
    )


@pytest.mark.slow
def test_operators_are_declared_where_the_extension_does_not_load() -> None:
    run(
        "from resnet_bench.models import compat; import torch; compat._extension_loads = lambda: False;"
        "assert compat.declare_missing_operators() is not None;"
        "assert hasattr(torch.ops.torchvision, 'nms') and hasattr(torch.ops.torchvision, 'qnms')"
    )


def test_nothing_is_declared_where_it_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "_extension_loads", lambda: True)
    assert compat.declare_missing_operators.__wrapped__() is None
