"""torchvision works whichever torch build is there, and operators are declared only where they are missing."""

import subprocess
import sys

import pytest


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_torchvision_imports_in_a_fresh_process() -> None:
    run(
        "from resnet_bench.models.compat import torchvision_models;"
        "assert 'resnet50' in torchvision_models().list_models(); import torchvision.ops"
    )


@pytest.mark.slow
def test_operators_are_declared_where_no_extension_is_found() -> None:
    run(
        "from resnet_bench.models import compat;"
        "import importlib.util, torch; importlib.util.find_spec = lambda *_: None;"
        "assert compat.declare_missing_operators() is not None;"
        "assert hasattr(torch.ops.torchvision, 'nms') and hasattr(torch.ops.torchvision, 'qnms')"
    )


@pytest.mark.slow
def test_nothing_is_declared_where_the_operators_are_there() -> None:
    run(
        "import torch; library = torch.library.Library('torchvision', 'DEF');"
        "library.define('nms(Tensor x) -> Tensor');"
        "from resnet_bench.models import compat; assert compat.declare_missing_operators() is None"
    )


def test_models_of_torchvision_are_there_after_a_users_module_was_prepared_for() -> None:
    run(
        "from resnet_bench.models import compat; compat.prepare_for_torchvision();"
        "assert 'resnet50' in compat.torchvision_models().list_models()"
    )
