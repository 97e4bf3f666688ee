"""`ab` in repositories of other people: only the model's code comes from the revisions, whatever else they hold."""

import json
import subprocess

import pytest

from resnet_bench import cli
from resnet_bench.git.changes import binaries_differ
from tests.make import git
from tests.make.projects import PYPROJECT, backend

pytestmark = pytest.mark.usefixtures("brief_turns")

NET = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(*[torch.nn.Conv2d(3, 3, 3, padding=1) for _ in range({layers})])

    def forward(self, images):
        return self.layers(images)

def build():
    return Net()
"""
TORCHVISION = """
import torch
from torchvision.models.resnet import BasicBlock
from resnet_bench.specs import names

def build():
    assert "resnet18" in names()
    return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), *[BasicBlock(8, 8) for _ in range({layers})])
"""
VENDORED = (
    """
import resnet_bench
assert resnet_bench.WHOSE == "vendored"
"""
    + NET
)


def repository(root, model, *, at="mynet/model.py", beside=()):
    """Write two commits: a network of 1 layer, and of 8."""
    git(root, "init", "-q", "-b", "main")
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.hooksPath=/dev/null")
    for name, text in beside:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for layers in (1, 8):
        (root / at).parent.mkdir(parents=True, exist_ok=True)
        (root / at).write_text(model.replace("{layers}", str(layers)))
        git(root, "add", "-A")
        subprocess.run(["git", *identity, "commit", "-q", "-m", f"{layers}"], cwd=root, check=True)
    return root


def ab(capsys, root, *arguments):
    code = cli.run(["ab", "HEAD~1", "HEAD", "--repository", str(root), "--image-size", "32", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def decided(capsys, root, *arguments):
    """Return the ratio that was found; eight layers are slower than one by far."""
    code, out, err = ab(capsys, root, "--budget", "240s", "--format", "json", *arguments)
    assert out, err
    (outcome,) = json.loads(out)
    assert (code, outcome["decision"]["verdict"]) == (1, "regressed")
    return outcome["decision"]["ratio"]


@pytest.mark.slow
def test_a_plain_one_with_a_namespace_package(tmp_path, capsys):
    repository(tmp_path, NET)  # mynet has no __init__.py
    assert decided(capsys, tmp_path, "--models", "mynet.model:build") > 1.5


@pytest.mark.slow
def test_one_with_a_src_layout(tmp_path, capsys):
    repository(tmp_path, NET, at="src/mynet/model.py", beside=[("src/mynet/__init__.py", "")])
    assert decided(capsys, tmp_path, "--models", "mynet.model:build") > 1.5


@pytest.mark.slow
def test_one_that_only_its_own_installation_can_import(tmp_path, capsys):
    beside = [
        ("pyproject.toml", PYPROJECT),
        ("backend.py", backend("mynet", source="python")),
        ("python/mynet/__init__.py", ""),
    ]
    repository(tmp_path, NET, at="python/mynet/model.py", beside=beside)
    assert decided(capsys, tmp_path, "--models", "mynet.model:build", "--install") > 1.5


@pytest.mark.slow
def test_one_whose_model_imports_torchvision_and_resnet_bench_itself(tmp_path, capsys):
    repository(tmp_path, TORCHVISION)
    assert decided(capsys, tmp_path, "--models", "mynet.model:build") > 1.5


@pytest.mark.slow
def test_one_that_vendors_a_package_called_resnet_bench(tmp_path, capsys):
    repository(tmp_path, VENDORED, beside=[("resnet_bench/__init__.py", 'WHOSE = "vendored"\n')])
    assert decided(capsys, tmp_path, "--models", "mynet.model:build") > 1.5


CONFIGURED = """
import json, pathlib, torch

def build():
    layers = json.loads(pathlib.Path(__file__).with_name("net.json").read_text())
    return torch.nn.Sequential(*[torch.nn.Conv2d(3, 3, 3, padding=1) for _ in range(layers)])
"""


def test_equal_code_is_unchanged_without_measuring_and_a_file_that_the_model_opens_is_code(tmp_path, capsys):
    repository(tmp_path, "{layers}", at="mynet/net.json", beside=[("mynet/model.py", CONFIGURED)])
    (tmp_path / "README").write_text("A commit of words.")
    ignoring_hooks = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.hooksPath=/dev/null")
    git(tmp_path, "add", "-A")
    git(tmp_path, *ignoring_hooks, "commit", "-q", "-m", "words")
    code, out, err = ab(capsys, tmp_path, "--models", "mynet.model:build", "--format", "json")
    (outcome,) = json.loads(out)
    assert (code, outcome["decision"]["verdict"], outcome["turns"]) == (0, "unchanged", [])
    assert outcome["decision"]["reason"] == "not measured: both sides read the same code (2 files of the repository)"
    assert "launch pair" not in err

    asked = ("--repository", str(tmp_path), "--image-size", "32", "--models", "mynet.model:build", "--budget", "1s")
    assert cli.run(["ab", "HEAD~2", "HEAD~1", *asked, "--format", "json"]) == 3
    (outcome,) = json.loads(capsys.readouterr().out)
    assert len(outcome["turns"]) == 1


@pytest.mark.parametrize(
    ("name", "content", "differ"), [("net.pt", b"a\0b", True), ("a b.png", b"a\0b", False), ("x.py", b"x", False)]
)
def test_a_binary_file_may_be_a_network_that_python_does_not_open(tmp_path, name, content, differ):
    repository(tmp_path, NET)
    (tmp_path / name).write_bytes(content)
    git(tmp_path, "add", "-A")
    assert binaries_differ(tmp_path, "HEAD", ".") is differ
    git(tmp_path, "-c", "user.name=t", "-c", "user.email=t@e.org", "commit", "-q", "--no-verify", "-m", "more")
    assert binaries_differ(tmp_path, "HEAD~1", "HEAD") is differ
    assert not binaries_differ(tmp_path, ".", ".")


SUITE = """
[[sweep]]
models = ["mynet.model:build"]
batch_sizes = [2]
image_sizes = [{sizes}]
threads = [{threads}]
"""


def test_a_suite_says_what_is_compared_with_its_image_sizes(tmp_path, capsys, monkeypatch):
    repository(tmp_path, NET)
    monkeypatch.chdir(tmp_path)
    suite = tmp_path / "suite.toml"
    suite.write_text(SUITE.format(sizes="40, 48", threads="1"))
    asked = ("ab", "HEAD", ".", "--suite", "suite.toml")
    assert cli.run([*asked, "--format", "json"]) == 0
    compared = [it["matchup"]["contender"] for it in json.loads(capsys.readouterr().out)]
    assert [(it["image_size"], it["batch_size"], it["threads"]) for it in compared] == [(40, 2, 1), (48, 2, 1)]

    for more, said in (
        (("--image-size", "96"), "--suite says what is compared; leave --image-size out"),
        (("--case-a", "executor=compile"), "leave --case-a and --case-b out"),
    ):
        assert cli.run([*asked, *more]) == 2
        assert said in capsys.readouterr().err
    assert cli.run(["ab", "HEAD", ".", "--suite", "absent.toml"]) == 2
    assert "absent.toml" in capsys.readouterr().err
    suite.write_text(SUITE.format(sizes="40", threads="1, 2"))
    assert cli.run([*asked]) == 2
    assert "processes of 2 kinds (threads, allocator)" in capsys.readouterr().err
    suite.write_text(SUITE.format(sizes="40", threads="1") + "copies = [2]\n")
    assert cli.run([*asked]) == 2
    assert "cases of several processes at once" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [(), ("--models", "resnet50"), ("--models", "torchvision:resnet18")])
def test_a_model_that_is_not_the_repositorys_own_is_asked_for_in_words(tmp_path, capsys, arguments):
    repository(tmp_path, NET)
    code, out, err = ab(capsys, tmp_path, *arguments)
    assert (code, out) == (2, "")
    assert "both sides would be the same installed code. Name one of its own: --models package.module:callable." in err
    assert len(err.splitlines()) == 1


def test_a_package_that_lies_elsewhere_is_told_where_it_is_looked_for(tmp_path, capsys):
    repository(tmp_path, NET, at="python/json/model.py")
    code, _, err = ab(capsys, tmp_path, "--models", "json:loads")
    assert code == 2
    assert "looked for in the repository's folder and in src/, and with --install where the project puts it" in err


@pytest.mark.slow
def test_two_configurations_of_an_installed_model_compare_in_any_repository(tmp_path, capsys):
    repository(tmp_path, NET)
    configurations = ("--case-a", "image_size=32", "--case-b", "image_size=96", "--models", "resnet18")
    code = cli.run(["ab", *configurations, "--repository", str(tmp_path), "--budget", "240s", "--format", "json"])
    (outcome,) = json.loads(capsys.readouterr().out)
    assert (code, outcome["decision"]["verdict"]) == (1, "regressed")
