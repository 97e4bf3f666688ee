"""What a launcher promises: typed answers, errors of their class, one environment for every child."""

import os
import socket
from pathlib import Path

import msgspec
import pytest

from resnet_bench import cli
from resnet_bench import records as r
from resnet_bench.analysis.digest import digest
from resnet_bench.errors import InternalError, UsageError
from resnet_bench.runner import run
from resnet_bench.runner.launchers import fork_server, local, process, table
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.runner.launchers.variables import FIXED_ALLOCATOR, child_variables
from resnet_bench.specs import reference
from resnet_bench.storage import reading, run_directory
from resnet_bench.wire.answers import Profiled
from resnet_bench.wire.messages import ProbeRequest
from resnet_bench.wire.setting import ChildSetting
from tests import make
from tests.runner.instant import Machine

ROOT = Path(__file__).parents[2]


def test_an_answer_out_of_turn_is_a_fault_of_ours(monkeypatch):
    answer = process.Ended(0, msgspec.json.encode(Profiled(profiles=())), "")
    monkeypatch.setattr(local, "run_child", lambda *_, **__: answer)
    with pytest.raises(InternalError, match=r"a child answered a ProbeRequest with a Profiled.*Please report"):
        LocalLauncher().ask(ProbeRequest(device="cpu"))


def test_an_unknown_launcher_is_told_what_there_is():
    with pytest.raises(UsageError, match=r"--launcher 'locla': expected one of local, .*\. Did you mean 'local'\?"):
        table.launcher("locla")


def test_every_child_gets_the_same_variables(monkeypatch):
    """A launch's and those of a live comparison's servers, whose children inherit theirs."""
    seen = []

    class Started(Exception):  # noqa: N818 - ends the start where the variables are known
        pass

    def start(*_, env, **__):
        seen.append(env)
        raise Started

    monkeypatch.setattr(process.subprocess, "Popen", start)
    with pytest.raises(Started):
        process.run_child("module", b"", limit_s=1, setting=ChildSetting(threads=2))
    with pytest.raises(Started):
        fork_server.Server(make.side(), ChildSetting(threads=2))
    launch, server = ({name: value for name, value in env.items() if name != "PYTHONPATH"} for env in seen)
    for cache in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
        assert launch.pop(cache) != server.pop(cache)
    assert launch == server
    assert (launch["OMP_NUM_THREADS"], launch["OMP_WAIT_POLICY"], launch["KMP_BLOCKTIME"]) == ("2", "PASSIVE", "0")
    assert launch["OMP_PROC_BIND"] == "true"


@pytest.fixture
def started(monkeypatch, tmp_path):
    """Return the kinds of request for which this machine starts processes, in order."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kinds = []
    real = local.run_child

    def counted(module, line, **options):
        kinds.append(msgspec.json.decode(line)["type"])
        return real(module, line, **options)

    monkeypatch.setattr(local, "run_child", counted)
    return kinds


@pytest.mark.slow
def test_a_run_of_our_own_architectures_starts_one_process_before_its_first_launch(started, tmp_path):
    """It finds the machine and makes the static profiles; a second only where no ceilings are known."""
    case = ("--models", "cifar_resnet20", "--batch-sizes", "1", "--launches", "1", "--device", "cpu")
    assert cli.run(["run", *case, "-o", str(tmp_path / "one")]) == 0
    assert started == ["probe", "ceilings", "measure"]
    assert run_directory.load(tmp_path / "one").measurements[0].profile.parameters == 269_722
    started.clear()
    assert cli.run(["run", *case, "-o", str(tmp_path / "two")]) == 0
    assert started == ["probe", "measure"]


@pytest.mark.slow
def test_a_foreign_model_is_profiled_by_itself_and_what_cannot_be_profiled_is_said_in_the_run(started, tmp_path):
    models = "cifar_resnet20,tests.runner.faulty:tiny,tests.runner.faulty:unprofilable"
    case = ("--models", models, "--image-sizes", "32", "--batch-sizes", "1", "--launches", "1", "--device", "cpu")
    assert cli.run(["run", *case, "-o", str(tmp_path / "run")]) == 0
    before = ["probe", "look_up", "profile", "profile"]
    assert [kind for kind in started if kind != "ceilings"] == [*before, *["measure"] * 3]
    found = run_directory.load(tmp_path / "run")
    assert [it.profile is None for it in found.measurements] == [False, False, True]
    assert [why for why in found.warnings if why.startswith("no static profile: ")]


def test_nothing_that_was_compiled_elsewhere_reaches_a_launch(monkeypatch, tmp_path):
    monkeypatch.setenv("TRITON_CACHE_DIR", "/home/somebody/.triton")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "/home/somebody/inductor")
    monkeypatch.setenv("TORCHINDUCTOR_FX_GRAPH_REMOTE_CACHE", "1")
    given = child_variables(ChildSetting(), scratch=tmp_path)
    assert Path(given["TRITON_CACHE_DIR"]).is_relative_to(tmp_path)
    assert Path(given["TORCHINDUCTOR_CACHE_DIR"]).is_relative_to(tmp_path)
    assert given["TORCHINDUCTOR_FX_GRAPH_REMOTE_CACHE"] == "0"


def test_a_falsified_environment_ends_a_run_before_it_begins_and_a_dry_run_too(monkeypatch, tmp_path, capsys):
    class Falsified(Machine):
        def machines(self, device, subjects=()):
            (one,) = super().machines(device, subjects)
            return (msgspec.structs.replace(one, falsified=("the environment has X=1: it lies; unset X to measure.",)),)

    Falsified().install(monkeypatch)
    monkeypatch.setattr("resnet_bench.commands.run.known_without_torch", lambda _: None)
    case = ("--models", "cifar_resnet20", "--batch-sizes", "1", "-o", str(tmp_path / "run"))
    for more in ((), ("--dry-run",)):
        assert cli.run(["run", *case, *more]) == 2
        assert "the environment has X=1: it lies; unset X to measure." in capsys.readouterr().err
    assert not (tmp_path / "run" / run_directory.HEADER_NAME).exists()


@pytest.mark.slow
def test_a_launch_keeps_the_variables_that_change_it_and_a_falsifying_one_is_a_mistake(monkeypatch):
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    request = make.launch_request("tests.runner.faulty:tiny")
    assert ("ATEN_CPU_CAPABILITY", "default") in LocalLauncher().ask(request).executed.variables
    monkeypatch.setenv("ONEDNN_DEFAULT_FPMATH_MODE", "BF16")
    with pytest.raises(UsageError, match="ONEDNN_DEFAULT_FPMATH_MODE=BF16: float32 would be rounded"):
        LocalLauncher().ask(request)


def test_a_fixed_allocator_and_bound_threads_are_variables_of_the_child(tmp_path):
    fixed = child_variables(ChildSetting(threads=1, allocator=r.Allocator.FIXED), scratch=tmp_path)
    assert {name: fixed[name] for name in FIXED_ALLOCATOR} == FIXED_ALLOCATOR
    assert "OMP_PROC_BIND" not in fixed
    shipped = child_variables(ChildSetting(threads=2), scratch=tmp_path)
    assert not set(FIXED_ALLOCATOR) & set(shipped)
    assert shipped["OMP_PROC_BIND"] == "true"


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two threads need two cores")
def test_threads_that_are_bound_to_cores_leave_the_machine_what_it_is(tmp_path):
    """The main thread is bound too, and would count one core; corrected figures are then of elapsed time."""
    case = ("--models", "cifar_resnet20", "--batch-sizes", "1", "--threads", "2", "--launches", "3", "--device", "cpu")
    assert cli.run(["run", *case, "-o", str(tmp_path / "run")]) == 0
    found = run_directory.load(tmp_path / "run")
    (known,) = found.header.environments
    assert {launch.environment for launch in found.measurements[0].launches} == {known.id}
    assert [ceilings.environment for ceilings in found.header.ceilings] == [known.id]
    latency = digest(found).cases[0].summaries[0]
    assert latency.corrected.correction.reference == reference.version(2, r.Allocator.FIXED)
    assert latency.corrected.correction.spread_cpu is None


@pytest.mark.slow
def test_a_fixed_allocator_meets_no_page_faults(tmp_path):
    """Activations of 12 MiB are mapped anew for each iteration where the allocator is as it is shipped."""
    case = ("--models", "resnet18", "--image-sizes", "224", "--batch-sizes", "4", "--launches", "1", "--device", "cpu")
    assert cli.run(["run", *case, "--allocator", "shipped,fixed", "-o", str(tmp_path / "run")]) == 0
    shipped, fixed = run_directory.load(tmp_path / "run").measurements
    assert fixed.case.allocator is r.Allocator.FIXED
    assert fixed.case.key == f"{shipped.case.key}/fixed"
    (before,), (after,) = shipped.launches, fixed.launches
    faults = [it.isolated.page_faults / len(it.isolated.elapsed_s) for it in (before, after)]
    assert faults[0] > 1000
    assert faults[1] < faults[0] / 2  # what the heap grows by at first
    for launch in (before, after):
        assert launch.isolated.reference.version == reference.version(1, launch.case.allocator)


@pytest.mark.slow
def test_measured_layers_take_one_process(started, capsys):
    """Two where a model of another package has to be asked first what goes into it and what it computes in."""
    here = ["profile", "--measured", "--device", "cpu"]
    assert cli.run([*here, "cifar_resnet20"]) == 0
    assert started == ["layers", "ceilings"]
    for said in (["--input", "3x32x32"], ["--image-size", "32"]):
        started.clear()
        assert cli.run([*here, "tests.runner.faulty:tiny", *said]) == 0
        assert started == ["look_up", "layers"]
        assert "The roofline allows" in capsys.readouterr().out


@pytest.mark.slow
def test_launches_that_are_forked_compile_into_folders_of_their_own(monkeypatch, tmp_path):
    from resnet_bench.wire.live import Prepare

    monkeypatch.setenv("FAULTY_SAYS", str(tmp_path / "said"))
    case = make.case("tests.runner.faulty:says_its_caches", batch_size=1, image_size=8)
    side = make.side("it", str(ROOT))
    with fork_server.Server(side, ChildSetting(threads=1)) as server:
        for _ in range(2):
            child = server.fork(side, answer_limit_s=200)
            child.ask(Prepare(root=str(ROOT), package=side.package, case=case, seed=0))
            child.end()
    said = [folder for line in (tmp_path / "said").read_text().splitlines() for folder in line.split()]
    assert len(set(said)) == 4


def test_the_wire_of_a_live_comparison_is_typed():
    from resnet_bench.wire.live import Elapsed, Iterate

    ours, theirs = socket.socketpair()
    child = fork_server.Child(make.side("it", "."), None, 0, ours, open(os.devnull, "rb"))  # noqa: SIM115, PTH123
    theirs.sendall(msgspec.json.encode(Elapsed(elapsed_s=1.0, cpu_s=None)) + b"\n")
    assert child.ask(Iterate(count=3)).elapsed_s == 1.0
    assert msgspec.json.decode(theirs.recv(100), type=Iterate).count == 3


class TwoMachines(Machine):
    """Launches go to two machines in turn."""

    def machines(self, device, subjects=()):
        (one,) = super().machines(device, subjects)
        other = msgspec.structs.replace(one.environment, id="e2")
        return (one, msgspec.structs.replace(one, environment=other))

    def measure(self, request):
        made = super().measure(request)
        return msgspec.structs.replace(made, environment=f"e{len(self.requests) % 2 + 1}")


def test_a_run_may_hold_several_machines_and_is_resumed_on_them(monkeypatch, tmp_path):
    machine = TwoMachines().install(monkeypatch)
    case = ("--models", "cifar_resnet20", "--batch-sizes", "1", "--launches", "4")
    assert cli.run(["run", *case, "-o", str(tmp_path / "run")]) == 0
    found = run_directory.load(tmp_path / "run")
    assert [it.id for it in found.header.environments] == ["e1", "e2"]
    assert {launch.environment for launch in found.measurements[0].launches} == {"e1", "e2"}
    path = tmp_path / "run" / run_directory.LAUNCHES_NAME
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    machine.requests.clear()
    assert cli.run(["run", "--resume", str(tmp_path / "run")]) == 0
    assert len(machine.requests) == 1


def test_a_launch_of_a_machine_that_the_run_does_not_know_is_a_skip_and_the_run_stays_whole(monkeypatch, tmp_path):
    class Changing(Machine):
        def measure(self, request):
            made = super().measure(request)
            return msgspec.structs.replace(made, environment="e7") if len(self.requests) == 2 else made

    Changing().install(monkeypatch)
    case = ("--models", "cifar_resnet20", "--batch-sizes", "1", "--launches", "4")
    assert cli.run(["run", *case, "-o", str(tmp_path / "run")]) in {0, 3}
    found = run_directory.load(tmp_path / "run")
    assert len(found.measurements[0].launches) == 3
    line = (tmp_path / "run" / run_directory.LAUNCHES_NAME).read_text().splitlines()[1]
    assert "the machine was another one in this launch ('e7')" in line


def test_resume_reads_the_launches_once(monkeypatch, tmp_path):
    machine = Machine().install(monkeypatch)
    case = ("--models", "cifar_resnet20", "--batch-sizes", "1", "--launches", "2")
    assert cli.run(["run", *case, "-o", str(tmp_path / "run")]) == 0
    read, real = [], reading.opened
    monkeypatch.setattr(reading, "opened", lambda path, **more: read.append(path.name) or real(path, **more))
    run.resume(tmp_path / "run", launcher=machine)
    assert read.count(run_directory.LAUNCHES_NAME) == 1
