"""A user's own module, named in a fresh process: where it is looked for, and what it may import itself."""

import subprocess
import sys

import pytest

NET = """
{first}
from torch import nn

def build():
    return nn.Conv2d(3, 4, 3, bias=False)
"""


def profile(folder, *models):
    command = [sys.executable, "-m", "resnet_bench", "profile", *models, "--image-size", "32", "--format", "csv"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("layout", ["", "src"])
def test_it_is_looked_for_here_and_in_src(tmp_path, layout):
    (tmp_path / layout / "mynet").mkdir(parents=True)
    (tmp_path / layout / "mynet" / "model.py").write_text(NET.format(first=""))
    done = profile(tmp_path, "mynet.model:build")
    assert done.returncode == 0, done.stderr
    assert ",Conv2d," in done.stdout


@pytest.mark.slow
def test_it_may_import_torchvision_before_anybody_else_does(tmp_path):
    (tmp_path / "mynet.py").write_text(NET.format(first="import torchvision"))
    for models in (("mynet:build", "torchvision:resnet18"), ("torchvision:resnet18", "mynet:build")):
        done = profile(tmp_path, *models)
        assert done.returncode == 0, done.stderr
