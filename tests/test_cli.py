"""What a user meets at the command line: exit codes, one line for every mistake, and no torch where none is needed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_bench import cli

ROOT = Path(__file__).parents[1]

WITHOUT_TORCH = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused!r}:
            raise ImportError(f"{{name}} was imported")
sys.meta_path.insert(0, Refuse())
from resnet_bench.cli import run
sys.exit(run({arguments!r}))
"""


def run_refusing(refused: set[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    code = WITHOUT_TORCH.format(refused=refused, arguments=list(arguments))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("list",), ("run", "--dry-run"), ("run", "--help"), ("compare", "--help"), ("profile", "resnet50")],
)
def test_torch_and_pandas_are_not_imported_where_nothing_is_measured(arguments):
    done = run_refusing({"torch", "torchvision", "pandas"}, *arguments)
    assert done.returncode == 0, done.stderr


def test_refusing_torch_does_refuse_it():
    done = run_refusing({"torch"}, "show", "resnet18")
    assert "torch was imported" in done.stderr


def test_every_room_but_those_that_measure_imports_without_torch():
    code = """
import sys, pkgutil, importlib
import resnet_bench
MEASURE = {"child", "profilers", "executors", "models", "__main__"}
for room in pkgutil.iter_modules(resnet_bench.__path__):
    if room.name in MEASURE:
        continue
    package = importlib.import_module(f"resnet_bench.{room.name}")
    for module in pkgutil.walk_packages(getattr(package, "__path__", ()), package.__name__ + "."):
        importlib.import_module(module.name)
assert "torch" not in sys.modules, "torch"
assert "pandas" not in sys.modules, "pandas"
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--dry-run", "--models", "resnet5"], ["resnet5", "resnet50"]),
        (["run", "--dry-run", "--batch-sizes", "0"], ["--batch-sizes '0'", "1 or more"]),
        (["run", "--dry-run", "--batch-sizes=-1"], ["--batch-sizes '-1'", "1 or more"]),
        (["run", "--dry-run", "--batch-sizes", "1,auto"], ["'1,auto'", "auto stands alone"]),
        (["run", "--dry-run", "--batch-sizes", "abc"], ["--batch-sizes 'abc'", "whole numbers"]),
        (["run", "--dry-run", "--image-sizes", "16"], ["16", "32"]),
        (["run", "--dry-run", "--precision", "fp61"], ["fp61", "fp16"]),
        (["run", "--dry-run", "--launches", "0"], ["--launches"]),
        (["run", "absent.toml"], ["absent.toml"]),
        (["run", "--print-suite", "standart"], ["standart", "standard"]),
        (["run", "--resume", "/nonexistent"], ["/nonexistent", "not a run directory"]),
        (["report", "/nonexistent"], ["/nonexistent"]),
        (["run", "--dry-run", "--time-limit", "nan"], ["--time-limit", "finite"]),
        (["run", "--dry-run", "--launches", "1.5"], ["--launches", "1.5", "whole number"]),
        (["run", "--dry-run", "--seed", "1.5"], ["--seed", "1.5", "whole number"]),
        (["profile", "resnet18", "--batch-size", "1.5"], ["--batch-size", "1.5", "whole number"]),
        (["run", "--resume", "x", "--models", "resnet34"], ["--resume", "no other flag"]),
        (["list", "--format", "jsn"], ["--format 'jsn': expected one of text, ", "Did you mean 'json'?"]),
        (
            ["profile", "resnet18", "--optimizer", "adm"],
            ["--optimizer 'adm': expected one of sgd, momentum, adam, or adamw."],
        ),
        (["show", "resnet18", "--num-classes", "1.5"], ["--num-classes '1.5': expected a whole number."]),
        (["profile", "resnet18", "--memory", "100"], ["--memory: '100'", "size"]),
        (["history", "--min-change", "3", "x"], ["--min-change: '3'", "share"]),
        (["calibrate", "--budget", "soon"], ["--budget: 'soon'", "time"]),
        (["ab", ".", "--band", "wide"], ["--band: 'wide'", "share"]),
        (["ab", ".", "--budget", "soon"], ["--budget: 'soon'", "time"]),
        (["list", "rasnet*", "vgg*"], ["no model is called like 'rasnet*' or 'vgg*'."]),
        (["run", "--dry-run", "--models", "timm:resnet*"], ["'timm:resnet*': patterns", "one by one"]),
        (["rnu"], ["rnu", "run"]),
        (["run", "resnet18"], ["'resnet18' is no suite file", "--models resnet18"]),
        (["run", "resnet5"], ["--models resnet5"]),
        (["run", "torchvision:resnet50"], ["--models torchvision:resnet50"]),
        (["run", "--modles", "x"], ["--modles", "--models"]),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(capsys, arguments, words):
    assert cli.run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    for word in words:
        assert word in captured.err


@pytest.mark.parametrize("module", ["cyclopts", "traceback"])
def test_an_interruption_while_it_is_loaded_is_one_line(module):
    """The library takes the interruption for its own fault, or for its user's."""
    hook = f"""
import sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
for known in [name for name in sys.modules if name.partition(".")[0] == {module!r}]:
    del sys.modules[known]
sys.meta_path.insert(0, Interrupt())
from resnet_bench.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", hook], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted.\n")


def test_an_interruption_that_a_library_took_for_its_own_fault_is_one(monkeypatch, capsys):
    def app(*_, **__):
        raise ImportError("numpy could not be imported") from KeyboardInterrupt()

    monkeypatch.setattr(cli, "app", app)
    assert cli.run(["list"]) == 130
    assert capsys.readouterr().err == "error: interrupted.\n"


@pytest.mark.parametrize("raised", [GeneratorExit(), type("Odd", (BaseException,), {"__str__": lambda _: 1 / 0})()])
def test_no_exception_passes_the_door(monkeypatch, capsys, raised):
    monkeypatch.setattr(cli, "app", lambda *_, **__: (_ for _ in ()).throw(raised))
    assert cli.run(["list"]) == 70
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("descriptors", [8, 10, 12])
def test_few_file_descriptors_are_one_line(tmp_path, descriptors):
    run = ("run", "--models", "cifar_resnet20", "--batch-sizes", "1", "--launches", "1", "--device", "cpu")
    command = f"ulimit -n {descriptors}; exec {sys.executable} -m resnet_bench {' '.join(run)} -o {tmp_path / 'run'}"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=120)
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert (done.returncode, len(errors)) in {(2, 1), (3, 1)}, done.stderr
    assert "oo many" in errors[0] or "ulimit" in errors[0] or "no answer" in errors[0]
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("device", "words"), [("cuda:97", "here are: cpu"), ("gpu", "unknown device 'gpu'")])
def test_a_device_that_is_not_there_names_those_that_are(tmp_path, capsys, device, words):
    assert cli.run(["run", "--device", device, "-o", str(tmp_path / "run")]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.slow
def test_an_output_folder_that_cannot_be_written_is_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.run(["run", "--models", "resnet18", "-o", str(tmp_path / "file" / "run")]) == 2
    assert "cannot write" in capsys.readouterr().err
