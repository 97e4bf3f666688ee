"""What a launcher promises: typed answers, errors of their class, one environment for every child."""

import os
import socket
from pathlib import Path

import msgspec
import pytest

from resnet_bench import cli, errors
from resnet_bench.errors import DeviceError, InternalError, UnsupportedError, UsageError
from resnet_bench.records.live import Side
from resnet_bench.runner import run
from resnet_bench.runner.launchers import fork_server, local, process, table
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.storage import run_directory
from resnet_bench.wire.messages import CeilingsRequest, Failed, MeasureRequest, ProbeRequest, Profiled
from tests.runner.instant import Machine

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", [DeviceError, UnsupportedError, errors.ModelError, errors.StoreError])
def test_an_error_keeps_its_class_on_the_way(kind):
    said = msgspec.json.decode(msgspec.json.encode(Failed.of(kind("why"))), type=Failed).exception()
    assert (type(said), str(said), said.exit_code) == (kind, "why", kind.exit_code)


def test_an_error_of_another_release_is_still_one_line():
    assert type(Failed(error="NewError", message="why").exception()) is errors.ResNetBenchError


def test_an_answer_out_of_turn_is_a_fault_of_ours(monkeypatch):
    answer = process.Ended(0, msgspec.json.encode(Profiled(profiles=())), "")
    monkeypatch.setattr(local, "run_child", lambda *_, **__: answer)
    with pytest.raises(InternalError, match=r"a child answered a ProbeRequest with a Profiled.*Please report"):
        LocalLauncher().ask(ProbeRequest(device="cpu"))


def test_an_unknown_launcher_is_told_what_there_is():
    with pytest.raises(UsageError, match=r"--launcher 'locla': expected one of local\. Did you mean 'local'\?"):
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
        process.run_child("module", b"", limit_s=1, threads=2)
    with pytest.raises(Started):
        fork_server.Server(Side(label="a", root=str(ROOT)), threads=2)
    launch, server = ({name: value for name, value in env.items() if name != "PYTHONPATH"} for env in seen)
    assert launch.pop("TORCHINDUCTOR_CACHE_DIR") != server.pop("TORCHINDUCTOR_CACHE_DIR")
    assert launch == server
    assert (launch["OMP_NUM_THREADS"], launch["OMP_WAIT_POLICY"], launch["KMP_BLOCKTIME"]) == ("2", "PASSIVE", "0")


@pytest.mark.slow
def test_a_run_of_our_own_architectures_starts_two_processes_before_its_first_launch(monkeypatch, tmp_path):
    """One finds the machine, one makes the static profiles; a third only where no ceilings are known."""
    monkeypatch.chdir(tmp_path)
    machine = Machine().install(monkeypatch)
    case = ("--models", "cifar_resnet20", "--batch-sizes", "1", "--launches", "1")
    assert cli.run(["run", *case, "-o", "run"]) == 0
    before = machine.asked[: machine.asked.index(MeasureRequest)]
    assert [kind.__name__ for kind in before if kind is not CeilingsRequest] == ["ProfileRequest"]


@pytest.mark.slow
def test_measured_layers_of_a_foreign_model_take_a_process_for_the_machine_and_one_for_the_layers(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    started = []
    real = local.run_child

    def counted(module, line, **options):
        started.append(msgspec.json.decode(line)["type"])
        return real(module, line, **options)

    monkeypatch.setattr(local, "run_child", counted)
    command = ["profile", "--measured", "tests.runner.faulty:tiny", "--image-size", "32", "--device", "cpu"]
    assert cli.run(command) == 0
    assert started == ["probe", "ceilings", "layers"]
    started.clear()
    assert cli.run(command) == 0
    assert started == ["probe", "layers"]
    assert "The roofline allows" in capsys.readouterr().out


def test_the_wire_of_a_live_comparison_is_typed():
    from resnet_bench.wire.live import Elapsed, Iterate

    ours, theirs = socket.socketpair()
    child = fork_server.Child(Side(label="it", root="."), None, 0, ours, open(os.devnull, "rb"))  # noqa: SIM115, PTH123
    theirs.sendall(msgspec.json.encode(Elapsed(elapsed_s=1.0, cpu_s=None)) + b"\n")
    assert child.ask(Iterate(count=3)).elapsed_s == 1.0
    assert msgspec.json.decode(theirs.recv(100), type=Iterate).count == 3


class TwoMachines(Machine):
    """Launches go to two machines in turn."""

    def machines(self, device):
        (one,) = super().machines(device)
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


def test_resume_reads_the_launches_once(monkeypatch, tmp_path):
    machine = Machine().install(monkeypatch)
    case = ("--models", "cifar_resnet20", "--batch-sizes", "1", "--launches", "2")
    assert cli.run(["run", *case, "-o", str(tmp_path / "run")]) == 0
    read, real = [], Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path.name) or real(path))
    run.resume(tmp_path / "run", launcher=machine)
    assert read.count(run_directory.LAUNCHES_NAME) == 1
