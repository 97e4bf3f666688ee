"""The engines themselves, each started by a test: ssh, Slurm and Ray give what this machine gives, after a loss too."""

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from resnet_bench import cli
from resnet_bench.records import SkipReason
from resnet_bench.runner.launchers import table
from resnet_bench.storage import run_directory
from tests.runner.services.ray import VARIABLES, needs_ray, ray_nodes
from tests.runner.services.slurm import slurm
from tests.runner.services.sshd import host
from tests.runner.services.started import until

pytestmark = [pytest.mark.engines, pytest.mark.timeout(1200)]  # services and processes start beside other tests

ROOT = Path(__file__).parents[2]
# Four cases: two are measured, two are skips.
SUITE = """\
device = "cpu"

[protocol]
launches = 1
min_samples = 2
max_samples = 3
sampling_budget_s = 0.1
throughput_budget_s = 0.1
warmup_budget_s = 0.1
reference = "off"
repeats = 0

[[sweep]]
models = ["cifar_resnet20"]
batch_sizes = [1, 2]
executors = ["eager", "cuda_graph"]
threads = [1]

"""
PYTHON = f'python = "{sys.executable}"\nenvironment = {{ PYTHONPATH = "{ROOT}" }}\n'


def told(run, machine=""):
    """Return what must be equal wherever the suite is measured: cases, counts, skips, profiles and identity."""
    cases = [(it.case, len(it.launches)) for it in run.measurements if it.case.machine == machine]
    skips = [(it.case, it.reason, it.detail) for it in run.skips if it.case.machine == machine]
    return (
        {(it.executor, it.batch_size, it.threads, it.image_size, count) for it, count in cases},
        {(it.executor, it.batch_size, reason, detail) for it, reason, detail in skips},
        [case for case in run.missing if case.machine == machine],
        [it.identity for it in run.header.environments],
        run.header.protocol,
        run.header.profiles,
    )


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """Return what this machine gives."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "suite.toml").write_text(SUITE)
    assert cli.run(["run", str(folder / "suite.toml"), "-o", str(folder / "run")]) == 0
    run = run_directory.load(folder / "run")
    assert (len(run.measurements), len(run.skips), run.missing) == (2, 2, ())
    return told(run)


class Sweep:
    """A run of the suite in a process of its own."""

    def __init__(self, folder, tables, variables):
        (folder / "suite.toml").write_text(SUITE + tables)
        self.directory, self._log = folder / "run", folder / "run.log"
        command = [sys.executable, "-m", "resnet_bench", "run", folder / "suite.toml", "-o", self.directory]
        with self._log.open("wb") as log:
            environment = os.environ | variables
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def measured(self, machine):
        """Wait until something was measured on a machine."""
        lines = self.directory / run_directory.LAUNCHES_NAME
        said = f'"machine":"{machine}"' if machine else '"case"'
        until("nothing was measured", lambda: lines.exists() and said in lines.read_text(), self._log, 400.0)

    def ended(self):
        """Wait for its end, and return its exit code and its record."""
        try:
            code = self._process.wait(400)
        except subprocess.TimeoutExpired:
            self._process.kill()
            pytest.fail(self._log.read_text()[-3000:])
        print(self._log.read_text())
        return code, run_directory.load(self.directory)


def interrupted(run, machine=""):
    return [it for it in run.skips if it.reason is SkipReason.INTERRUPTED and it.case.machine == machine]


def test_a_host_that_goes_away_and_comes_back_gives_what_this_machine_gives(tmp_path, here):
    bench = host(tmp_path)
    tables = f'[[machine]]\nname = "b"\nlauncher = "ssh"\nhost = "bench"\noptions = ["-F", "{bench.config}"]\n{PYTHON}'
    with bench.running():
        sweep = Sweep(tmp_path, tables, {})
        sweep.measured("")
    code, run = sweep.ended()
    assert code == 3
    assert interrupted(run)
    with bench.running():
        assert cli.run(["run", "--resume", str(sweep.directory)]) == 0
    assert told(run_directory.load(sweep.directory)) == here


def test_two_nodes_of_which_one_is_lost_and_comes_back_give_what_this_machine_gives(tmp_path, here, monkeypatch):
    node = '[[machine]]\nname = "{0}"\nlauncher = "slurm"\nconstraint = "{0}"\ngres = "gpu:1"\nwait_s = {1}\n'
    # A node that is there is waited for, however long Slurm takes to clear it; one that is lost would be too.
    tables = "".join(f"{node.format(*it)}{PYTHON}\n" for it in (("h100", 120), ("a100", 15)))
    with slurm(tmp_path) as cluster:
        sweep = Sweep(tmp_path, tables, cluster.variables)
        sweep.measured("a100")
        cluster.kill_node("fake2")
        code, run = sweep.ended()
        assert code == 3
        assert told(run, "h100") == here
        assert interrupted(run, "a100")
        cluster.start_node("fake2")
        until("the node is not back", cluster.is_idle, tmp_path / "slurmctld.log")
        for name, value in cluster.variables.items():
            monkeypatch.setenv(name, value)
        assert cli.run(["run", "--resume", str(sweep.directory)]) == 0
    run = run_directory.load(sweep.directory)
    assert [told(run, name) for name in ("h100", "a100")] == [here, here]


def test_two_nodes_of_ray_of_which_one_is_lost_and_comes_back_give_what_this_machine_gives(
    tmp_path, here, monkeypatch, capsys
):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    machine = '[[machine]]\nname = "{0}"\nlauncher = "ray"\naddress = "{1}"\nresources = {{ {0} = 1 }}\n'
    with ray_nodes(tmp_path) as cluster:
        tables = "".join(f"{machine.format(name, cluster.address)}{PYTHON}\n" for name in ("h100", "a100"))
        sweep = Sweep(tmp_path, tables, {})
        sweep.measured("a100")
        cluster.kill_node("a100")
        code, run = sweep.ended()
        assert code == 3
        assert told(run, "h100") == here
        assert interrupted(run, "a100")
        said = {why for it in run.measurements for launch in it.launches for why in launch.warnings}
        assert any(why.startswith("the launcher's own processes used") for why in said)
        # What the lost node alone had, nobody has now.
        (tmp_path / "suite.toml").write_text(f"{SUITE}{machine.format('a100', cluster.address)}")
        assert cli.run(["run", str(tmp_path / "suite.toml"), "-o", str(tmp_path / "none")]) == 2
        assert "has 1 of 'a100'; resources there: CPU, h100" in capsys.readouterr().err
        cluster.start_node("a100")
        assert cli.run(["run", "--resume", str(sweep.directory)]) == 0
    run = run_directory.load(sweep.directory)
    assert [told(run, name) for name in ("h100", "a100")] == [here, here]


def test_a_ray_of_its_own_listens_on_this_machine_alone_and_ends_with_its_launcher(monkeypatch):
    needs_ray()
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with table.opened("ray") as fleet:
        (found,) = fleet.machines("cpu")
        assert found.device == "cpu"
        family = psutil.Process().children(recursive=True)
        assert any("raylet" in it.name() for it in family)
        open_to = [it.laddr.ip for process in family for it in connections(process) if it.status == "LISTEN"]
        assert {it.removeprefix("::ffff:") for it in open_to} == {"127.0.0.1"}
    _, left = psutil.wait_procs(family, timeout=30)
    assert not left


def connections(process):
    """Return a process's connections, none of one that has ended meanwhile: Ray starts some for a moment."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.net_connections("inet")
    return []


ASKED = """\
import os
from resnet_bench.records import Mode
from resnet_bench.runner.launchers.local import LocalLauncher
from tests.make import launch_request
for name in ("says_its_node", "one_dies"):
    os.environ["FAULTY_SAYS"] = name
    asked = launch_request(f"tests.runner.faulty:{name}", mode=Mode.TRAINING, world_size=2, nodes=2)
    answer = LocalLauncher().ask(asked)
    print(len(answer.ranks) if hasattr(answer, "ranks") else f"{answer.reason}: {answer.detail}")
"""


def test_ranks_on_two_nodes_train_together_and_one_that_dies_ends_both(tmp_path):
    with slurm(tmp_path) as cluster:
        environment = os.environ | cluster.variables | {"PYTHONPATH": str(ROOT)}
        command = ["salloc", "--quiet", "--nodes=2", sys.executable, "-c", ASKED]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=250)
        until("a node is busy", cluster.is_idle, tmp_path / "slurmctld.log")
    assert done.returncode == 0, done.stderr
    ranks, skip = done.stdout.splitlines()
    assert ranks == "2"
    assert sorted((tmp_path / "says_its_node").read_text().split()[:6]) == ["0", "1", "fake1", "fake2", "on", "on"]
    assert re.fullmatch(r"crashed: rank [01] of 2: the process ended with status 9 and no answer", skip)
