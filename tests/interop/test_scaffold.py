"""`init` in repositories of other people: what it finds, what it writes, and that nothing is ever overwritten."""

import ast
import json
import os
import shlex
import subprocess
import sys
import sysconfig
import tomllib

import pytest
import yaml

from resnet_bench import asv, cli
from resnet_bench.analysis.verdicts import thresholds
from resnet_bench.config.suite_file import load_suite
from resnet_bench.interop.scaffold import write
from resnet_bench.interop.scaffold.look import look
from resnet_bench.runner.plan import expand
from tests.make import git

MODEL = """
from torch import nn

class SEResNet(nn.Module):
    def __init__(self, width=64):
        super().__init__()

class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()

def build() -> nn.Module:
    return SEResNet()

def build_model(width):
    return SEResNet(width)

def _resnet():
    return None
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    root = tmp_path / "myproject"
    (root / "src" / "mynet").mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "src" / "mynet" / "__init__.py").write_text("")
    (root / "src" / "mynet" / "model.py").write_text(MODEL)
    (root / "src" / "mynet" / "broken.py").write_text("def build(:")
    (root / "tests" / "nets.py").write_text("import torch\ndef build(): return None\n")
    (root / "pyproject.toml").write_text('[project]\nname = "mynet"\nversion = "1"\n')
    git(root, "init", "-q", "-b", "trunk")
    monkeypatch.chdir(root)
    return root


def contents(root):
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git/" not in str(path)
    }


def test_what_builds_a_network_without_arguments_is_found_and_nothing_is_imported(repository):
    (repository / "src" / "mynet" / "model.py").write_text("raise SystemExit\n" + MODEL)
    found = look(repository / "src")
    assert found.factories == ("mynet.model:build", "mynet.model:SEResNet")
    assert (found.root, found.branch, found.installable) == (repository, "trunk", True)


def test_every_file_is_written_and_valid(repository, capsys):
    assert cli.run(["init"]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [f"wrote {name}" for name in write.FILES]
    assert "model: mynet.model:build (also found: mynet.model:SEResNet; --model chooses)" in shown.err
    suite = load_suite(repository / write.SUITE)
    assert {(case.model, case.batch_size) for case in expand(suite, "cpu").cases} == {
        ("mynet.model:build", 1),
        ("mynet.model:build", 8),
    }
    assert len(thresholds.read(repository / write.THRESHOLDS).rules) == 3
    tomllib.loads((repository / write.SUITE).read_text())
    configuration = json.loads((repository / "asv.conf.json").read_text())
    assert (configuration["project"], configuration["branches"]) == ("myproject", ["trunk"])
    ast.parse((repository / "benchmarks" / "resnet.py").read_text())


def test_a_second_time_and_over_files_of_others_nothing_changes(repository, capsys):
    (repository / "asv.conf.json").write_text("mine")
    (repository / "thresholds.toml").symlink_to("nowhere")
    cli.run(["init"])
    before = contents(repository)
    assert before["asv.conf.json"] == b"mine"
    assert not (repository / "nowhere").exists()
    capsys.readouterr()
    assert cli.run(["init", "--model", "other:build"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [f"kept  {name}" for name in write.FILES]
    assert "the workflow uses" not in err  # of files that are as they were nothing is known
    assert "asv.conf.json installs" not in err
    assert contents(repository) == before


def test_a_repository_without_a_network_is_asked_for_one(tmp_path, capsys):
    assert cli.run(["init", str(tmp_path)]) == 2
    assert "name it: resnet-bench init --model package.module:callable" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert cli.run(["init", str(tmp_path), "--model", "resnet18"]) == 2
    assert cli.run(["init", str(tmp_path / "absent")]) == 2


def test_a_repository_that_pip_cannot_install_is_put_on_the_path_of_asvs_environment(repository, monkeypatch, capsys):
    (repository / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    (repository / "requirements.txt").write_text("timm\n")
    assert cli.run(["init", "--action", "o/r@v1"]) == 0
    assert "pip cannot install this repository" in capsys.readouterr().err
    configuration = json.loads((repository / "asv.conf.json").read_text())
    assert configuration["build_command"] == []
    assert configuration["install_command"] == [
        "in-dir={env_dir} python -m pip install -r {build_dir}/requirements.txt git+https://github.com/o/r@v1",
        "in-dir={env_dir} python -m resnet_bench.asv {build_dir}",
    ]
    measures = yaml.safe_load((repository / ".github" / "workflows" / "resnet-bench.yml").read_text())
    *_, requirements, action = measures["jobs"]["measure"]["steps"]
    assert requirements["run"] == "python -m pip install -r requirements.txt"
    assert action["with"]["install"] == "false"

    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(repository))
    asv.follow(str(repository))
    (path_file,) = repository.glob("*.pth")
    assert path_file.read_text().splitlines() == [str(repository), str(repository / "src")]


def test_what_is_written_and_not_to_be_committed_is_ignored_or_the_lines_are_said(repository, capsys):
    assert cli.run(["init"]) == 0
    assert "add to .gitignore" not in capsys.readouterr().err
    ignored = [".asv/env/x", "reports/a/run.json"]
    kept = ["reports/baselines/main.json", "reports/calibration.json", *write.FILES]
    told = subprocess.run(["git", "check-ignore", *ignored, *kept], cwd=repository, capture_output=True, text=True)
    assert told.stdout.splitlines() == ignored
    (repository / ".gitignore").write_text("build/\n")
    assert cli.run(["init"]) == 0
    said = "add to .gitignore: /reports/*  /.asv/  !/reports/baselines/  !/reports/calibration.json\n"
    assert said in capsys.readouterr().err
    (repository / ".gitignore").write_text("reports\n.asv\n")  # a folder that is ignored has nothing that is not
    assert cli.run(["init"]) == 0
    assert "not reports/ but /reports/*  !/reports/baselines/  !/reports/calibration.json" in capsys.readouterr().err


def test_hostile_names_of_folders_stay_data(tmp_path):
    root = tmp_path / 'a"b$model\\'
    root.mkdir()
    assert cli.run(["init", str(root), "--model", "m:build"]) == 0
    assert json.loads((root / "asv.conf.json").read_text())["project"] == 'a"b$model\\'


def test_the_first_workflow_measures_and_may_not_write_the_second_writes_and_never_checks_out(repository):
    cli.run(["init", "--action", "someone/resnet_bench@v1"])
    folder = repository / ".github" / "workflows"
    measures, comments = (yaml.safe_load((folder / f"resnet-bench{it}.yml").read_text()) for it in ("", "-comment"))
    assert measures["permissions"] == {"contents": "read"}
    steps = measures["jobs"]["measure"]["steps"]
    assert steps[-1]["uses"] == "someone/resnet_bench@v1"
    assert steps[-1]["with"] == {"models": "mynet.model:build", "install": "true"}
    assert comments["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert comments[True]["workflow_run"]["workflows"] == [measures["name"]]  # YAML reads `on` as true
    used = [step.get("uses", "") for step in comments["jobs"]["comment"]["steps"]]
    assert used == ["actions/download-artifact@v4", ""]


def test_the_asv_suite_is_found_by_asv_and_light_at_its_top(repository):
    cli.run(["init"])
    code = (
        "import sys\nfrom asv_runner.discovery import disc_benchmarks\n"
        "sys.path.insert(0, '.')\n"
        "found = {b.name: (b._params, b.unit, b.version) for b in disc_benchmarks('benchmarks')}\n"
        "print(found)\nprint(sorted({'torch', 'pandas', 'msgspec'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=repository)
    found, loaded = done.stdout.splitlines()
    model = ["mynet.model:build"]
    assert ast.literal_eval(found) == {
        "resnet.Cost.track_macs": ([model], "MACs", "1"),
        "resnet.Cost.track_parameters": ([model], "parameters", "1"),
        "resnet.Latency.track_latency": ([model, [1, 8]], "seconds", "1"),
        "resnet.Memory.track_peak_allocated": ([model, [1, 8]], "bytes", "1"),
    }
    assert loaded == "[]"


@pytest.mark.parametrize(
    ("noted", "installs"),
    [
        ({"url": "file:///home/me/my%20checkouts/resnet_bench", "dir_info": {}}, "/home/me/my checkouts/resnet_bench"),
        (
            {"url": "https://github.com/o/r.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "git+https://github.com/o/r@abc",
        ),
        ({}, "resnet-bench"),
    ],
)
def test_asv_installs_this_package_from_where_it_was_installed_here(repository, monkeypatch, noted, installs):
    class Noted:
        def read_text(self, _):
            return json.dumps(noted)

    monkeypatch.setattr(write.importlib.metadata, "distribution", lambda _: Noted())
    assert cli.run(["init", str(repository), "--model", "mynet.model:build"]) == 0
    configuration = json.loads((repository / "asv.conf.json").read_text())
    assert shlex.split(configuration["install_command"][0])[-1] == installs
    # asv takes the one wheel that is built; with dependencies there would be thirty, and none that it takes.
    assert "--no-deps" in configuration["build_command"][0]


def test_an_actions_place_is_where_asv_installs_from_too(repository):
    assert cli.run(["init", str(repository), "--action", "o/r@v1", "--model", "mynet.model:build"]) == 0
    assert json.loads((repository / "asv.conf.json").read_text())["install_command"][0].endswith(
        "{wheel_file} git+https://github.com/o/r@v1"
    )


def test_files_that_are_no_code_are_passed_over(tmp_path):
    (tmp_path / "deep.py").write_text("x = " + "1+" * 20_000 + "1\n")
    (tmp_path / "parts.py").write_text("import torch\ndef build()->" + "a." * 3000 + "b: ...\n")
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "endless.py").symlink_to("/dev/zero")
    (tmp_path / "net.py").write_text("import torch\ndef build_net() -> torch.nn.Module: ...\n")
    assert look(tmp_path).factories == ("net:build_net",)


@pytest.mark.parametrize("flag", ["--model=net:build\n::error::x", "--action=a/b@c\n  - run: evil", "--action=a b"])
def test_what_would_begin_a_line_of_its_own_in_a_workflow_is_refused(repository, flag, capsys):
    assert cli.run(["init", str(repository), flag]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (repository / ".github").exists()
