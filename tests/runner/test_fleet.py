"""Sweeps over machines that commands reach: what every engine promises, and ways that spoil what is said on them."""

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from resnet_bench import cli
from resnet_bench.config import axes
from resnet_bench.errors import UsageError
from resnet_bench.records import Machine, Skip, SkipReason, remarks
from resnet_bench.runner import stations
from resnet_bench.runner.launchers import elsewhere, ssh, table
from resnet_bench.runner.launchers import fleet as fleets
from resnet_bench.storage import run_directory
from resnet_bench.wire.answers import Probed
from resnet_bench.wire.delivery import own_release
from resnet_bench.wire.messages import LookUpRequest as Looks
from tests import make
from tests.runner.stub_machine import prepared

ROOT = Path(__file__).parents[2]
CASES = '[[sweep]]\nmodels = ["cifar_resnet20", "cifar_resnet32"]\nbatch_sizes = [1, 2]\n'


@pytest.fixture
def fleet(tmp_path):
    """Give a suite of four cases on two machines, n1 and n2, and what runs it."""

    class Fleet:
        folder = tmp_path / "machines"
        run = tmp_path / "run"
        suite = tmp_path / "suite.toml"

        def start(self, *arguments):
            return cli.run(["run", str(self.suite), "--device", "cpu", "-o", str(self.run), *arguments])

        def resume(self):
            return cli.run(["run", "--resume", str(self.run)])

        def fault(self, name, said):
            (self.folder / f"{name}.fault").write_text(said)

        def launches(self, name):
            return len((self.folder / f"{name}.launches").read_bytes())

        def loaded(self):
            return run_directory.load_with_entries(self.run)

    Fleet.suite.write_text(CASES + prepared(Fleet.folder, "n1", "n2"))
    return Fleet()


def test_each_machine_measures_every_case_in_an_order_of_its_own(fleet, capsys):
    assert fleet.start("--launches", "2") == 0, capsys.readouterr().err
    found, entries = fleet.loaded()
    cases = {(it.case.machine, it.case.model, it.case.batch_size) for it in found.measurements}
    models = ("cifar_resnet20", "cifar_resnet32")
    assert cases == {(name, model, size) for name in ("n1", "n2") for model in models for size in (1, 2)}
    assert {(it.environment, it.case.machine) for it in entries} == {("id-n1", "n1"), ("id-n2", "n2")}
    assert all(len(it.launches) == 2 for it in found.measurements)
    assert [(it.machine.name, it.environment.id) for it in found.header.fleet] == [("n1", "id-n1"), ("n2", "id-n2")]
    assert [it.id for it in found.header.environments] == ["id-n1", "id-n2"]
    orders = [[(it.case.model, it.case.batch_size, it.index) for it in entries if it.case.machine == name] for name in
              ("n1", "n2")]  # fmt: skip
    for order in orders:  # rounds of one launch a case
        assert [index for *_, index in order] == [0] * 4 + [1] * 4
    assert {"n1", "n2"} <= set((fleet.run / "report.html").read_text().split('"'))


def test_the_order_on_each_machine_follows_from_the_seed(fleet):
    def order(seed, name):
        fleet.run = fleet.run.with_name(name)
        assert fleet.start("--launches", "2", "--seed", seed) == 0
        _, entries = fleet.loaded()
        return [(it.case, it.index) for it in entries if it.case.machine == "n1"]

    assert order("1", "a") == order("1", "b") != order("2", "c")


def test_machines_that_are_alike_stay_apart_by_their_names(fleet):
    fleet.suite.write_text(CASES + prepared(fleet.folder, "n1", "n2", alike=True))
    assert fleet.start("--launches", "1") == 0
    found, _ = fleet.loaded()
    assert [it.id for it in found.header.environments] == ["id"]
    assert len(found.measurements) == 8
    assert cli.run(["compare", str(fleet.run), str(fleet.run)]) == 0


def test_runs_of_fleets_are_merged_by_the_names_of_their_machines(fleet, capsys):
    whole = fleet.run
    for part in ("1/2", "2/2"):
        fleet.run = whole.with_name(part[0])
        assert fleet.start("--launches", "1", "--shard", part) == 0
    parts = [str(whole.with_name(name)) for name in "12"]
    assert cli.run(["merge", *parts, "-o", str(whole)]) == 0
    fleet.run = whole
    found, _ = fleet.loaded()
    assert sorted({it.case.machine for it in found.measurements}) == ["n1", "n2"]
    assert (len(found.measurements), found.missing, len(found.header.fleet)) == (8, (), 2)
    assert fleet.resume() == 2
    assert "joins runs of 2 machines" in capsys.readouterr().err
    prepared(fleet.folder, "n2", alike=True)
    fleet.run = whole.with_name("other")
    assert fleet.start("--launches", "1") == 0
    assert cli.run(["merge", parts[0], str(fleet.run), "-o", str(whole.with_name("none"))]) == 2
    assert "mean different machines by 'n2'" in capsys.readouterr().err


def test_what_comes_beside_an_answer_changes_nothing(fleet):
    fleet.fault("n1", "slowly always")
    fleet.fault("n2", "greeted always")
    assert fleet.start("--launches", "1") == 0
    found, _ = fleet.loaded()
    assert (len(found.measurements), found.skips) == (8, ())


FAULTS = {
    "garbled": "what came is garbled",
    "half": "and no answer",
    "other_number": "the process ended with status 0 and no answer",
    "silent": "the process ended with status 0 and no answer",
    "dies": "the process died of SIGKILL",
    "dies_aloud": "the process ended with status 143 and no answer: srun: error: Node failure on n2",
    "other_protocol": "has a resnet_bench that speaks another protocol (99)",
    "other_release": "has a resnet_bench 9.9 (files feed)",
    "other_case": "what came is the answer to something else",
    "elsewhere": "the machine was another one in this launch",
    "twice": "",
}


def test_whatever_happens_on_the_way_is_a_skip_and_resume_picks_it_up(fleet, capsys):
    # Every other launch of n2, so that it is not given up.
    fleet.fault("n2", "\n".join(f"{fault} {2 * number}" for number, fault in enumerate(FAULTS, start=1)))
    assert fleet.start("--launches", "6") == 3
    found, entries = fleet.loaded()
    skips = [it for it in entries if isinstance(it, Skip)]
    assert {it.case.machine for it in skips} == {"n2"}
    assert len(skips) == len(FAULTS) - 1
    for skip, (fault, words) in zip(skips, FAULTS.items(), strict=False):
        assert words in skip.detail
        assert skip.reason is (SkipReason.CRASHED if fault == "elsewhere" else SkipReason.INTERRUPTED)
    assert sum(len(it.launches) for it in found.measurements) == 48 - len(skips)
    assert f"--resume {fleet.run}" in capsys.readouterr().err
    fleet.fault("n2", "")
    assert fleet.resume() == 0
    found, _ = fleet.loaded()
    assert (found.skips, {len(it.launches) for it in found.measurements}) == ((), {6})
    assert [fleet.launches(name) for name in ("n1", "n2")] == [24, 24 + len(skips)]


def test_what_does_not_come_in_time_is_a_skip_and_resume_picks_it_up(fleet, monkeypatch):
    """No launch comes at all: a limit of seconds would cut off what starts late on a busy machine."""
    fleet.suite.write_text(CASES + prepared(fleet.folder, "n1") + "wait_s = 1\n")
    fleet.fault("n1", "sleeps every")
    with monkeypatch.context() as brief:
        brief.setattr(elsewhere, "WAY_S", 1.0)
        one = ("--models", "cifar_resnet20", "--batch-sizes", "1", "--launches", "1")
        assert fleet.start(*one, "--time-limit", "1") == 3
    found, _ = fleet.loaded()
    (skip,) = found.skips
    assert skip.reason is SkipReason.INTERRUPTED
    assert "none came within 3 s, 1 of them for a node" in skip.detail
    fleet.fault("n1", "")
    assert fleet.resume() == 0
    found, _ = fleet.loaded()
    assert (found.skips, fleet.launches("n1")) == ((), 2)


def test_a_clock_that_is_off_is_said_and_changes_nothing(fleet):
    fleet.fault("n2", "behind always")
    assert fleet.start("--launches", "1") == 0
    _, entries = fleet.loaded()
    said = {(it.case.machine, why) for it in entries for why in it.warnings}
    assert said == {("n2", remarks.clock(-301.0))}
    assert "is 5 min behind this machine's" in remarks.clock(-301.0)


def test_a_run_of_several_machines_is_resumed_on_all_of_them(fleet, capsys):
    fleet.fault("n1", "silent 1")
    assert fleet.start("--launches", "1") == 3
    assert cli.run(["run", "--resume", str(fleet.run), "--launcher", "n1"]) == 2
    assert "is of 2 machines; leave --launcher out to ask all of them" in capsys.readouterr().err
    assert fleet.resume() == 0


def test_a_machine_that_is_lost_is_given_up_while_the_others_go_on(fleet):
    fleet.fault("n2", "dies every")
    assert fleet.start("--launches", "2") == 3
    found, _ = fleet.loaded()
    assert {it.case.machine for it in found.measurements} == {"n1"}
    assert all(len(it.launches) == 2 for it in found.measurements)
    assert {it.case.machine for it in found.skips} == {"n2"}
    assert len(found.skips) == 4
    assert [fleet.launches(name) for name in ("n1", "n2")] == [8, 3]
    assert "machine 'n2' was given up after 3 launches without an answer" in {it.detail for it in found.skips}
    fleet.fault("n2", "silent always")  # it cannot be had: the run is left as it is, in words
    assert fleet.resume() == 3
    assert fleet.launches("n2") == 3
    fleet.fault("n2", "none 0")
    assert fleet.resume() == 0
    assert fleet.launches("n2") == 3 + 8


def living(folder):
    """Return the processes that were started for machines of a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(folder) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def until(is_so):
    deadline = time.monotonic() + 200
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_launches_end_with_their_parent_and_what_is_finished_is_saved(fleet, number, code):
    fleet.fault("n1", "sleeps every")
    fleet.fault("n2", "sleeps 2")
    arguments = ("run", fleet.suite, "--device", "cpu", "--launches", "1", "-o", fleet.run)
    parent = subprocess.Popen([sys.executable, "-m", "resnet_bench", *arguments], cwd=ROOT, stderr=subprocess.DEVNULL)
    counts = [(fleet.folder / f"{name}.launches", count) for name, count in (("n1", 1), ("n2", 2))]
    until(lambda: all(path.exists() and path.stat().st_size == count for path, count in counts))
    assert len(living(fleet.folder)) >= 2
    parent.send_signal(number)
    assert parent.wait(200) == code
    until(lambda: not living(fleet.folder))
    _, entries = fleet.loaded()
    assert [it.case.machine for it in entries if not isinstance(it, Skip)] == ["n2"]
    stopped = ["n1", "n2"] if number is signal.SIGINT else []
    assert sorted(it.case.machine for it in entries if isinstance(it, Skip)) == stopped
    for name in ("n1", "n2"):
        fleet.fault(name, "")
    assert fleet.resume() == 0
    found, _ = fleet.loaded()
    assert (len(found.measurements), found.skips) == (8, ())


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("silent", "machine 'n2'"),
        ("other_protocol", "machine 'n2' has a resnet_bench that speaks another protocol (99); here it is"),
        ("other_release", f"machine 'n2' has a resnet_bench 9.9 (files feed); here it is {own_release().words}"),
    ],
)
def test_a_machine_that_cannot_be_had_or_is_of_another_release_is_refused_before_the_first_launch(
    fleet, fault, said, capsys
):
    fleet.fault("n2", f"{fault} always")
    assert fleet.start("--launches", "1") in {2, 3}
    assert said in capsys.readouterr().err
    assert not (fleet.folder / "n1.launches").exists()
    assert not fleet.run.exists()


def test_a_run_is_not_resumed_on_a_machine_that_changed(fleet, capsys):
    fleet.fault("n2", "silent 1")
    assert fleet.start("--launches", "1") == 3
    prepared(fleet.folder, "n2", alike=True)
    assert fleet.resume() == 2
    assert "machine 'n2' was measured elsewhere: device_name was Card of n2, is Card" in capsys.readouterr().err


def test_a_dry_run_says_how_long_each_machine_takes(fleet, capsys):
    assert fleet.start("--launches", "3", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "8 cases x 3 launches = 24 processes" in said
    assert "on all machines together" in said
    for name in ("n1", "n2"):
        assert f"{name}: 12 launches, roughly" in said
    assert not (fleet.folder / "n1.launches").exists()


def test_a_dry_run_names_machines_beside_cases_and_says_which_of_them_lack_cores(fleet, capsys):
    cores = make.IDENTITY.logical_cores
    axes = ("--copies", f"1,{cores + 1}", "--threads", "1", "--batch-sizes", "1", "--models", "cifar_resnet20")
    assert fleet.start("--launches", "1", "--dry-run", *axes) == 0
    said = capsys.readouterr().out
    for name in ("n1", "n2"):
        assert f"{name}: cifar_resnet20 batch 1" in said
        assert f"{name}: skipped: {cores + 1} copies of 1 thread need {cores + 1} cores" in said
    assert fleet.start("--launches", "1", "--dry-run", *axes[:1], str(cores + 1), *axes[2:]) == 2
    assert "nothing is left to measure" in capsys.readouterr().err


def test_all_threads_are_those_of_each_machine(fleet, monkeypatch):
    def threads():
        found, _ = fleet.loaded()
        return {it.threads for it in found.header.cases}

    there = make.IDENTITY.logical_cores
    monkeypatch.setattr(axes.environment, "logical_cores", lambda: there + 5)
    assert fleet.start("--launches", "1", "--threads", "all") == 0
    assert threads() == {there}
    assert cli.run(["run", "--extend", str(fleet.run), "--threads", "1,all"]) == 0
    assert threads() == {1, there}


def test_machine_lists_what_a_suite_reaches(fleet, capsys):
    assert cli.run(["machine", "--suite", str(fleet.suite), "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert "cpu (Card of n1)" in said
    assert "cpu (Card of n2)" in said
    assert "id-n2" in said
    assert cli.run(["machine", "--launcher", "local"]) == 2


def test_a_single_machine_names_no_case(fleet):
    fleet.suite.write_text(CASES + prepared(fleet.folder, "n1"))
    assert fleet.start("--launches", "1") == 0
    found, _ = fleet.loaded()
    assert {it.case.machine for it in found.measurements} == {""}
    assert [it.machine.name for it in found.header.fleet] == ["n1"]


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ('launcher = "ssh"', "machine[0] has no name"),
        ('name = "a"', "machine[0] has no launcher"),
        ('name = "a"\nlauncher = "shh"', "'shh': expected one of local, ssh, slurm, ray, command. Did you mean 'ssh'?"),
        ('name = "a"\nlauncher = "local"', "machine 'a': launcher 'local' is this machine alone"),
        ('name = "a"\nlauncher = "ssh"', "machine 'a': launcher 'ssh' needs its host"),
        ('name = "a"\nlauncher = "ssh"\nhost = "-oProxyCommand=x"', "would be read as an option"),
        ('name = "a"\nlauncher = "ssh"\nhost = "b"\nslots = 2', "slots = 2: launcher 'ssh' runs one launch at a time"),
        ('name = "a"\nlauncher = "ssh"\nhost = "b"\ngres = "gpu"', "launcher 'ssh' has no gres"),
        ('name = "a"\nlauncher = "slurm"\nhots = "b"', "unknown key 'hots'. Did you mean 'host'?"),
        ('name = "a"\nlauncher = "slurm"\nslots = 0', "machine[0].slots = 0: expected a whole number of 1 or more"),
        ('name = "a/b"\nlauncher = "slurm"', "machine 'a/b': expected a name"),
        ('name = "a"\nlauncher = "slurm"\n[[machine]]\nname = "a"\nlauncher = "slurm"', "machine 'a' is there twice"),
        (
            'name = "a"\nlauncher = "ssh"\nhost = "h"\n[[machine]]\nname = "b"\nlauncher = "ssh"\nhost = "h"',
            "machine 'b' is host 'h', which machine 'a' is already; leave one out",
        ),
        ('name = "a"\nlauncher = "ray"\nhost = "b"', "launcher 'ray' has no host"),
        ('name = "a"\nlauncher = "slurm"\nlabels = { a = "b" }', "launcher 'slurm' has no labels"),
        ('name = "a"\nlauncher = "ray"\nresources = { a = 0 }', "machine[0].resources.a = 0: expected a finite amount"),
        ('name = "a"\nlauncher = "ray"\nlabels = ["a"]', "expected labels, such as"),
        ('name = "a"\nlauncher = "slurm"\nenvironment = { X = 1 }', "machine[0].environment"),
    ],
)
def test_a_wrong_table_is_one_line(tmp_path, capsys, tables, said):
    suite = tmp_path / "suite.toml"
    suite.write_text(f"{CASES}[[machine]]\n{tables}\n")
    assert cli.run(["run", str(suite), "-o", str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("text", ["ssh", "ssh:", "local:here", "command:a", "command"])
def test_a_flag_that_says_too_little_or_too_much_is_refused(text):
    with pytest.raises(UsageError):
        table.launcher(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ssh:,,", "--launcher ssh:,,: host 1 of 3 is empty."),
        ("ssh:a, ", "--launcher ssh:a, : host 2 of 2 is empty."),
        ("slurm:,a", "--launcher slurm:,a: constraint 1 of 2 is empty."),
    ],
)
def test_an_empty_name_among_machines_is_named(text, said):
    with pytest.raises(UsageError) as raised:
        table.launcher(text)
    assert str(raised.value) == said


def test_a_flag_names_machines_in_place_of_a_suites():
    suite = table.launcher("slurm", [elsewhere_machine("a", "ssh"), elsewhere_machine("b", "slurm")])
    assert [it.machine.name for it in suite.launchers.values()] == ["b"]
    named = table.launcher("slurm:h100,a100", [elsewhere_machine("b", "slurm")])
    assert {name: it.machine.constraint for name, it in named.launchers.items()} == {"h100": "h100", "a100": "a100"}


def elsewhere_machine(name, launcher, **said):
    return Machine(name=name, launcher=launcher, **({"host": name} if launcher == "ssh" else {}) | said)


@pytest.mark.parametrize("said", ["", "cpu", "cuda", "cuda:0"])
def test_launches_on_one_device_of_a_host_take_turns_whatever_word_its_row_has_for_it(monkeypatch, said):
    starter = ssh.SshLauncher(elsewhere_machine("a", "ssh", device=said))
    for device, name in (("cpu", "cpu"), ("cuda:0", "cuda-0")):
        request = make.launch_request("resnet18", device=device)
        probed = Probed(device=device, environment=make.environment("e"))
        monkeypatch.setattr(elsewhere.ElsewhereLauncher, "ask", lambda *_, found=probed: found)
        assert starter.lock(request) == name
        starter.machines(said or "auto")
        assert [starter.lock(it) for it in (request, Looks(models=()))] == [name, name]


def test_two_rows_that_turn_out_to_be_one_device_of_a_host_are_refused(monkeypatch):
    def found(devices):
        monkeypatch.setattr(fleets.Fleet, "found", lambda it, *_: {
            name: Probed(device=device, environment=make.environment("e"))
            for name, device in zip(it.launchers, devices, strict=True)
        })  # fmt: skip
        rows = [elsewhere_machine(name, "ssh", host="h", device=said) for name, said in (("a", ""), ("b", "cuda"))]
        return stations.found(table.launcher("", rows), "auto")

    assert [it.name for it in found(("cpu", "cuda:0"))] == ["a", "b"]
    with pytest.raises(UsageError, match="machine 'b' is device cuda:0 of host 'h', which machine 'a' is already"):
        found(("cuda:0", "cuda:0"))
