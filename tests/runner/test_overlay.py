"""A side's own environment: its project built and installed over the invoking one, without any network."""

import subprocess

import pytest

from resnet_bench.errors import UsageError
from resnet_bench.runner.overlay import installed
from tests import make
from tests.make.projects import PYPROJECT, backend


@pytest.mark.slow
def test_the_project_is_importable_beside_the_packages_of_the_invoking_environment(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "backend.py").write_text(backend("tinynet", source="src"))
    (tmp_path / "src" / "tinynet.py").write_text("import msgspec")
    with installed(make.side("it", tmp_path)) as side:
        command = [side.python, "-c", "import importlib.metadata as m, tinynet; print(m.version('tinynet'))"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "1.0\n", done.stderr


def test_a_project_that_does_not_build_is_one_line(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "backend.py").write_text("raise RuntimeError('no compiler')")
    with pytest.raises(UsageError) as caught, installed(make.side("it", tmp_path)):
        pass
    assert str(caught.value).startswith("it: pip install failed: ")
    assert len(str(caught.value).splitlines()) == 1
