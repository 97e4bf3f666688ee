"""The asv suite: what it pins, what it must not do at import, and the undocumented parts of asv that it rests on."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONFIGURATION = json.loads((ROOT / "asv.conf.json").read_text())


def constraints():
    lines = (line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#"))
    return dict(line.split("==") for line in lines)


def test_the_matrix_pins_every_runtime_dependency_as_constraints_do():
    from asv.util import ParsedPipDeclaration
    from packaging.version import Version

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.match(r"[A-Za-z0-9_.-]+", text)[0] for text in project["dependencies"]} | {"asv_runner"}
    pinned = {name.removeprefix("pip+"): versions for name, versions in CONFIGURATION["matrix"]["req"].items()}
    assert set(pinned) == wanted
    for name, (version,) in pinned.items():
        # asv cuts 0.1.5.post20221221 down to 0.1.5; without the last point it is the same version and stays whole.
        asked = ParsedPipDeclaration(f"{name} {version}").specification
        assert Version(asked.removeprefix("==")) == Version(constraints()[name]), name


def test_the_build_pins_its_backend_and_the_install_leaves_torch_alone():
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert requires == ["hatchling"]
    assert f"hatchling=={constraints()['hatchling']}" in CONFIGURATION["build_command"][0]
    assert all("--no-deps" in command for command in CONFIGURATION["install_command"])
    assert (CONFIGURATION["environment_type"], CONFIGURATION["launch_method"]) == ("virtualenv", "spawn")


def test_the_suites_models_are_the_registry_and_its_devices_the_same_everywhere():
    from benchmarks import engine
    from resnet_bench import specs

    assert specs.names() == engine.REGISTRY
    assert engine.DEVICES == ("cpu", "cuda")


def test_importing_the_suite_computes_and_probes_nothing():
    code = (
        "import importlib, pathlib, sys\n"
        "for path in pathlib.Path('benchmarks').glob('[a-z]*.py'): importlib.import_module(f'benchmarks.{path.stem}')\n"
        "print(sorted({'torch', 'pynvml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_every_benchmark_that_asv_finds_has_a_version_of_its_own():
    from asv_runner.discovery import disc_benchmarks

    found = {benchmark.name: benchmark.version for benchmark in disc_benchmarks(str(ROOT / "benchmarks"))}
    assert {"latency.Latency.track_latency", "startup.Import.timeraw_package", "static.Static.track_macs"} <= set(found)
    hashes = [name for name, version in found.items() if len(version) == 64]  # what asv makes of the source
    assert hashes == []


SUITE = """
from asv_runner.benchmarks.mark import SkipNotImplemented

SETUPS = []

class Probe:
    params = ["good", "absent", "skipped", "broken"]
    version = "7"

    def setup(self, what):
        SETUPS.append(what)
        if what == "absent":
            raise NotImplementedError

    def track_samples(self, what):
        if what == "skipped":
            raise SkipNotImplemented("not here")
        if what == "broken":
            raise RuntimeError
        return {"samples": [3.0, 1.0, 2.0, 4.0, 5.0], "number": 1}

    track_samples.unit = "seconds"
    track_samples.rounds = 2

class Single:
    version = "1"

    def setup(self):
        SETUPS.append(1)

    def track_setups(self):
        return len(SETUPS)

    def track_none(self):
        raise RuntimeError

    def track_processes(self):
        import os
        return {"samples": [float(os.getpid())] * 2, "number": 1}

    track_processes.rounds = 3
"""


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    """A project of one file, measured by asv in this environment; returns its results folder and one result file."""
    folder = tmp_path_factory.mktemp("asv")
    (folder / "benchmarks").mkdir()
    (folder / "benchmarks" / "__init__.py").touch()
    (folder / "benchmarks" / "probe.py").write_text(SUITE)
    settings = {"version": 1, "project": "probe", "repo": ".", "branches": ["main"], "benchmark_dir": "benchmarks"}
    settings |= {"results_dir": "results", "environment_type": "existing", "launch_method": "spawn"}
    (folder / "asv.conf.json").write_text(json.dumps(settings))
    record = {"machine": "box", "os": "Linux", "arch": "x", "cpu": "c", "num_cpu": "2", "ram": "8", "gpu": "H200"}
    (folder / ".asv-machine.json").write_text(json.dumps({"box": record, "version": 1}))
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "One"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True)
    command = [sys.executable, "-m", "asv", "run", "--python=same", "--machine", "box", "--record-samples"]
    done = subprocess.run(
        [*command, "--set-commit-hash", revision.stdout.strip()],
        cwd=folder,
        env=os.environ | {"HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr  # asv's word for "a benchmark failed"
    (path,) = (folder / "results" / "box").glob(f"{revision.stdout[:8]}-*.json")
    return folder / "results", json.loads(path.read_text())


def fields(content, name):
    row = content["results"][f"probe.{name}"]
    return dict(zip(content["result_columns"], row, strict=False))


@pytest.mark.slow
def test_asv_takes_samples_of_a_tracked_benchmark_for_its_own(probed):
    found = fields(probed[1], "Probe.track_samples")
    assert found["samples"][0] == [3.0, 1.0, 2.0, 4.0, 5.0] * 2  # both rounds, in time order, no boundary
    assert found["result"][0] == 3.0
    assert found["stats_repeat"][0] == 10
    assert found["stats_q_25"][0] < 3.0 < found["stats_q_75"][0]
    assert found["stats_ci_99_a"][0] <= 3.0 <= found["stats_ci_99_b"][0]


@pytest.mark.slow
def test_asv_writes_nan_for_skipped_and_null_for_failed_and_cuts_rows(probed):
    _, absent, skipped, broken = fields(probed[1], "Probe.track_samples")["result"]
    assert absent != absent  # noqa: PLR0124 - NaN
    assert skipped != skipped  # noqa: PLR0124
    assert broken is None
    assert "stats_repeat" not in fields(probed[1], "Single.track_setups")
    assert fields(probed[1], "Single.track_none")["result"] is None


@pytest.mark.slow
def test_asv_sets_a_tracked_benchmark_up_once_a_process(probed):
    assert fields(probed[1], "Single.track_setups")["result"] == [1]


@pytest.mark.slow
def test_asvs_rounds_are_fresh_processes_one_after_the_other(probed):
    ((first, one, second, two, third, three),) = fields(probed[1], "Single.track_processes")["samples"]
    assert (first, second, third) == (one, two, three)
    assert len({first, second, third}) == 3


@pytest.mark.slow
def test_asv_keeps_versions_and_whatever_a_machine_record_says(probed):
    folder, content = probed
    assert content["version"] == 2
    assert content["params"]["gpu"] == "H200"
    assert json.loads((folder / "box" / "machine.json").read_text())["gpu"] == "H200"
    assert fields(content, "Probe.track_samples")["version"] == "7"
    assert json.loads((folder / "benchmarks.json").read_text())["probe.Probe.track_samples"]["rounds"] == 2


@pytest.mark.slow
def test_our_reader_takes_asvs_own_file(probed):
    from resnet_bench.interop import asv_read

    results = asv_read.read(probed[0])
    (row,) = (row for row in results.files[0].rows if row.benchmark == "probe.Probe.track_samples")
    assert row.values[0].value == 3.0
    assert row.cases == ("good", "absent", "skipped", "broken")
    assert results.units["probe.Probe.track_samples"] == "seconds"
    assert dict(results.files[0].identity)["gpu"] == "H200"


def test_asvs_step_detection_is_called_as_our_benchmark_calls_it():
    from benchmarks.change_points import asvs

    assert asvs([1.0] * 15 + [2.0] * 15) == (1, [15])
    assert asvs([1.0] * 30) == (0, [])


def test_a_card_that_torch_cannot_use_is_skipped_and_not_a_failed_benchmark(monkeypatch):
    from benchmarks import engine
    from resnet_bench.errors import DeviceError
    from resnet_bench.runner.launchers.local import LocalLauncher

    def refuse(*_):
        raise DeviceError("1 NVIDIA device cannot be used by torch, which was built without CUDA.")

    monkeypatch.setattr("resnet_bench.machine.nvml.device_count", lambda: 1)
    monkeypatch.setattr(LocalLauncher, "machines", refuse)
    with pytest.raises(NotImplementedError, match="built without CUDA"):
        engine.skip_without("resnet18", "cuda")
    engine.skip_without("resnet18", "cpu")
