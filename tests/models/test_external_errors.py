"""A user's module that cannot be imported, or built from, says its last line, and the file and line it came from."""

import pytest
import torch

from resnet_bench.errors import ModelError, UnknownModelError
from resnet_bench.models import external

MODULES = {
    "misspelt": ("import torch\n\nx = torch.nn.Lineer(1)\n", r"AttributeError: .*Lineer.* \(misspelt.py, line 3\)$"),
    "unfinished": ("def f(:\n    pass\n", r"SyntaxError: .* \(unfinished.py, line 1\)$"),
    "lacking": ("\n\n\nimport nosuchthing\n", r"ModuleNotFoundError: .*nosuchthing.* \(lacking.py, line 4\)$"),
    "leaving": ("import sys\nsys.exit('bye')\n", r"sys\.exit\(bye\) was called \(leaving.py, line 2\)$"),
    "of_two": ("raise ValueError('one\\ntwo')\n", r"ValueError: one \(of_two.py, line 1\)$"),
    "latin": (b"x = '\xe9'\n", r"SyntaxError: .* \(latin.py, line \d\)$"),
    "zero": (b"x = 1\0\n", r"(SyntaxError|ValueError): "),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_cannot_be_imported_says_where(folder, name):
    content, words = MODULES[name]
    (folder / f"{name}.py").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UnknownModelError, match=words) as caught:
        external.look_up(f"{name}:build")
    assert str(caught.value).startswith(f"'{name}:build': module '{name}' cannot be imported: ")
    assert "\n" not in str(caught.value)


def test_a_module_that_is_not_there_is_of_no_line():
    with pytest.raises(UnknownModelError, match=r"No module named 'not_here'$"):
        external.look_up("not_here:build")


def test_a_model_that_cannot_be_built_says_where(folder):
    (folder / "models_of_mine.py").write_text("def build():\n    x = 1\n    return x[0]\n")
    with pytest.raises(ModelError, match=r"raised TypeError: .*subscriptable \(models_of_mine.py, line 3\)$"):
        external.build("models_of_mine:build", device=torch.device("meta"))


def test_ctrl_c_in_a_users_module_is_the_users(folder):
    (folder / "stopped.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        external.look_up("stopped:build")
