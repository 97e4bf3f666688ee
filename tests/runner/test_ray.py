"""The Ray launcher without Ray: what it promises, whatever comes of a task. `test_engines.py` has Ray itself."""

import contextlib
import json
import os
import sys
from pathlib import Path

import psutil
import pytest

from resnet_bench import cli
from resnet_bench.records import Skip, SkipReason
from resnet_bench.storage import run_directory
from tests.runner import stub_machine

CASES = 'device = "cpu"\n[[sweep]]\nmodels = ["cifar_resnet20"]\nbatch_sizes = [1, 2]\n'
HAS = {"h100": {"CPU": 8.0, "h100": 1.0}, "a100": {"CPU": 8.0, "a100": 1.0}}


@pytest.fixture
def ray(tmp_path, monkeypatch):
    """Give a cluster of two nodes, whose far ends measure nothing, and a suite of two cases on both."""

    class Ray:
        machines = tmp_path / "machines"
        run = tmp_path / "run"
        suite = tmp_path / "suite.toml"
        nodes = tmp_path / "nodes.json"

        def has(self, **more):
            labels = {name: {"card": name} for name in HAS}
            known = [{"Alive": True, "Resources": HAS[name], "Labels": labels[name]} for name in HAS]
            self.nodes.write_text(json.dumps({"nodes": known} | more))

        def table(self, name, more=""):
            python = tmp_path / f"python-{name}"
            far_end = f"{sys.executable} -S {stub_machine.__file__} {self.machines} {name}"
            python.write_text(f'#!/bin/sh\nexec {far_end} "$@"\n')
            python.chmod(0o755)
            wanted = "" if "labels" in more else f"resources = {{ {name} = 1 }}\n"
            return f'[[machine]]\nname = "{name}"\nlauncher = "ray"\npython = "{python}"\n{wanted}{more}\n'

        def start(self, *tables, launches=1):
            self.suite.write_text(CASES + "\n".join(tables))
            return cli.run(["run", str(self.suite), "-o", str(self.run), "--launches", str(launches)])

        def fault(self, name, said):
            (self.machines / f"{name}.fault").write_text(said)

        def loaded(self):
            return run_directory.load_with_entries(self.run)

    monkeypatch.setenv("SIMULATED_RAY", str(Ray.nodes))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "instead_of_ray"), prepend=os.pathsep)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    stub_machine.prepared(Ray.machines, *HAS)
    found = Ray()
    found.has()
    return found


def drivers():
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            found += [process] if any("ray_driver" in it for it in process.cmdline()) else []
    return found


def test_each_node_measures_every_case_and_the_driver_ends_with_the_run(ray):
    assert ray.start(ray.table("h100"), ray.table("a100", 'labels = { card = "a100" }')) == 0
    found, entries = ray.loaded()
    cases = {(it.case.machine, it.case.batch_size) for it in entries}
    assert cases == {(name, size) for name in HAS for size in (1, 2)}
    assert len(entries) == 4
    assert {it.environment for it in entries} == {"id-h100", "id-a100"}
    assert found.header.fleet[1].machine.labels == {"card": "a100"}
    assert drivers() == []
    assert "ray" not in sys.modules


def test_what_nobody_has_is_refused_in_a_line_before_the_first_launch(ray, capsys):
    assert ray.start(ray.table("h100"), ray.table("b200")) == 2
    said = capsys.readouterr().err
    why = "none of the 2 nodes of this Ray has 1 of 'b200'; resources there: CPU, a100, h100."
    assert f"error: machine 'b200': {why}" in said
    assert ray.start(ray.table("h100", 'labels = { card = "b200" }')) == 2
    assert "has label card=b200" in capsys.readouterr().err
    assert not ray.run.exists()
    assert not (ray.machines / "h100.launches").exists()


FAULTS = {
    "dies": "the process died of SIGKILL",
    "dies_aloud": "srun: error: Node failure on n2",
    "silent": "the process ended with status 0 and no answer",
    "half": "and no answer",
    "garbled": "what came is garbled",
    "other_number": "no answer",
    "other_case": "what came is the answer to something else",
}


def test_whatever_happens_to_a_task_is_a_skip_and_resume_picks_it_up(ray):
    ray.fault("a100", "\n".join(f"{fault} {2 * number}" for number, fault in enumerate(FAULTS, start=1)))
    assert ray.start(ray.table("h100"), ray.table("a100"), launches=7) == 3
    found, entries = ray.loaded()
    skips = [it for it in entries if isinstance(it, Skip)]
    assert {(it.case.machine, it.reason) for it in skips} == {("a100", SkipReason.INTERRUPTED)}
    assert len(skips) == len(FAULTS)
    for skip, words in zip(skips, FAULTS.values(), strict=True):
        assert words in skip.detail
    assert cli.run(["run", "--resume", str(ray.run)]) == 0
    found, _ = ray.loaded()
    assert (found.skips, {len(it.launches) for it in found.measurements}) == ((), {7})


def test_a_node_that_is_lost_is_a_skip_with_its_reason(ray):
    ray.has(dies=4)  # the first find the machine, and look for ceilings
    assert ray.start(ray.table("h100")) == 3
    _, entries = ray.loaded()
    (lost,) = (it for it in entries if isinstance(it, Skip))
    assert lost.reason is SkipReason.INTERRUPTED
    assert "NodeDiedError: the node it was running on is dead or unavailable." in lost.detail
    assert cli.run(["run", "--resume", str(ray.run)]) == 0


@pytest.mark.parametrize(
    ("has", "said"),
    [
        ({"busy": True}, "machine 'h100' gave no answer: no node was free within 1 s"),
        ({"init_fails": "no GCS"}, "gave no answer: Ray cannot be reached: ConnectionError: no GCS"),
    ],
)
def test_a_cluster_that_has_no_room_or_cannot_be_reached_is_said_in_a_line(ray, has, said, capsys):
    ray.has(**has)
    assert ray.start(ray.table("h100", "wait_s = 1")) == 3
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert said in errors[0]
    assert not ray.run.exists()


def test_without_ray_it_says_what_installs_it(ray, tmp_path, monkeypatch, capsys):
    (tmp_path / "ray.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    assert ray.start(ray.table("h100")) == 2
    said = capsys.readouterr().err
    needs = "launcher 'ray' needs Ray, which is not installed here: pip install 'resnet-bench[ray]'.\n"
    assert said == f"error: machine 'h100': {needs}"
