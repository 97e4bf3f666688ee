"""One child process, spawned and never forked, in its own process group and with a time limit.

Whatever happens to the child is an answer: a launch, or a skip with its reason. The parent never loads torch.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import msgspec

from resnet_bench import HOME
from resnet_bench.errors import DeviceError, IncompleteError, ResNetBenchError
from resnet_bench.records import Ceilings, Launch, LayerProfile, Skip, SkipReason
from resnet_bench.wire.messages import (
    Answer,
    CeilingsRequest,
    Failed,
    LayersRequest,
    MeasureRequest,
    Probed,
    ProbeRequest,
    Profiled,
    ProfileRequest,
    Request,
    TrialRequest,
    Tried,
)

PROBE_LIMIT_S = 300.0
PROFILE_LIMIT_S = 1800.0
CEILINGS_LIMIT_S = 600.0
WAIT_POLICY = "PASSIVE"

_answers = msgspec.json.Decoder(Answer)
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


class _TimeLimitError(Exception):
    pass


class _Outcome(msgspec.Struct, frozen=True):
    returncode: int
    answer: bytes
    errors: str


def probe(device: str) -> Probed:
    """Find the device and describe the machine, in a child that has torch.

    Raises:
        DeviceError: the device is not there.
        IncompleteError: the child itself failed.
    """
    answer = _ask(ProbeRequest(device=device), limit_s=PROBE_LIMIT_S, what="torch's view of the machine")
    if isinstance(answer, Failed):
        failure = DeviceError(answer.message)
        failure.exit_code = answer.exit_code
        raise failure
    if not isinstance(answer, Probed):
        raise IncompleteError(f"the probing process answered with a {type(answer).__name__}.")
    return answer


def profile(request: ProfileRequest) -> Profiled:
    """Make static profiles in a child of their own.

    Raises:
        IncompleteError: the child failed.
    """
    answer = _ask(request, limit_s=PROFILE_LIMIT_S, what="the static profiles")
    if not isinstance(answer, Profiled):
        raise IncompleteError(f"the profiling process answered with a {type(answer).__name__}.")
    return answer


def ceilings(request: CeilingsRequest) -> Ceilings:
    """Measure a device's ceilings in a child of their own.

    Raises:
        ResNetBenchError: the device is not there or has no such arithmetic.
        IncompleteError: the child failed.
    """
    answer = _ask(request, limit_s=CEILINGS_LIMIT_S, what="the ceilings", threads=request.threads)
    if isinstance(answer, Failed):
        raise _failure(answer)
    if not isinstance(answer, Ceilings):
        raise IncompleteError(f"the process that measures ceilings answered with a {type(answer).__name__}.")
    return answer


def layers(request: LayersRequest) -> LayerProfile | Skip:
    """Time the layers of one case in a fresh child; what the model cannot do is a skip with its reason.

    Raises:
        ResNetBenchError: the trace cannot be written.
    """
    answer = _survive(request, limit_s=request.protocol.time_limit_s)
    if isinstance(answer, Failed):
        raise _failure(answer)
    if isinstance(answer, LayerProfile | Skip):
        return answer
    return _skip(request, SkipReason.CRASHED, "an answer out of turn")


def measure(request: MeasureRequest) -> Launch | Skip:
    """Measure one launch in a fresh child; every way to fail is a skip with its reason."""
    answer = _survive(request, limit_s=request.protocol.time_limit_s)
    return answer if isinstance(answer, Launch | Skip) else _skip(request, SkipReason.CRASHED, "an answer out of turn")


def attempt(request: TrialRequest, *, limit_s: float) -> Tried | Skip:
    """Try a batch size in a fresh child; every way to fail is a skip with its reason."""
    answer = _survive(request, limit_s=limit_s)
    return answer if isinstance(answer, Tried | Skip) else _skip(request, SkipReason.CRASHED, "an answer out of turn")


def _survive(request: MeasureRequest | TrialRequest | LayersRequest, *, limit_s: float) -> Answer:
    """Return the child's answer, or the skip that its end means."""
    kills_before = _out_of_memory_kills()
    try:
        outcome = _run_child(request, limit_s=limit_s, threads=request.case.threads)
    except _TimeLimitError:
        return _skip(request, SkipReason.TIMEOUT, f"not finished after {limit_s:g} s")
    answer = _decode(outcome)
    if answer is not None:
        return answer
    if outcome.returncode == -signal.SIGKILL and _out_of_memory_kills() > kills_before:
        return _skip(request, SkipReason.OUT_OF_MEMORY, "the system killed the process for want of memory")
    return _skip(request, SkipReason.CRASHED, _cause_of_death(outcome))


def _failure(answer: Failed) -> ResNetBenchError:
    failure = ResNetBenchError(answer.message)
    failure.exit_code = answer.exit_code
    return failure


def _ask(
    request: ProbeRequest | ProfileRequest | CeilingsRequest, *, limit_s: float, what: str, threads: int | None = None
) -> Answer:
    try:
        outcome = _run_child(request, limit_s=limit_s, threads=threads)
    except _TimeLimitError as error:
        raise IncompleteError(f"{what}: no answer after {limit_s:.0f} s.") from error
    answer = _decode(outcome)
    if answer is None:
        raise IncompleteError(f"{what}: {_cause_of_death(outcome)}.")
    return answer


def _run_child(request: Request, *, limit_s: float, threads: int | None) -> _Outcome:
    with tempfile.TemporaryDirectory(prefix="resnet-bench-") as scratch, tempfile.TemporaryFile() as errors:
        # stdin stays open while the child works: its closing tells the child that the parent is gone.
        child = subprocess.Popen(
            [sys.executable, "-m", "resnet_bench.child.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(threads, Path(scratch)),
            start_new_session=True,
        )
        try:
            answer = _converse(child, msgspec.json.encode(request) + b"\n", limit_s)
        finally:
            _end(child)
        errors.seek(0)
        return _Outcome(child.returncode, answer, errors.read()[-4000:].decode(errors="replace"))


def _converse(child: subprocess.Popen[bytes], line: bytes, limit_s: float) -> bytes:
    if child.stdin is None or child.stdout is None:  # for the type checker: both are pipes
        raise ValueError("the child has no pipes")
    with contextlib.suppress(BrokenPipeError):  # it died before reading; its exit status says why
        child.stdin.write(line)
        child.stdin.flush()
    alarm = _Alarm(child, limit_s)
    try:
        answer = child.stdout.read()
    finally:
        alarm.cancel()
    if alarm.rang:
        raise _TimeLimitError
    return answer


class _Alarm:
    """Kills the child's process group when its time is up."""

    def __init__(self, child: subprocess.Popen[bytes], limit_s: float) -> None:
        self.rang = False
        self._child = child
        self._timer = threading.Timer(min(limit_s, threading.TIMEOUT_MAX), self._ring)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Stop the clock."""
        self._timer.cancel()

    def _ring(self) -> None:
        self.rang = True
        _kill_group(self._child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Leave no process of the child's group behind; one that has answered gets a moment to leave by itself."""
    with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        child.wait(timeout=0.5)
    _kill_group(child)
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # already gone


def _environment(threads: int | None, scratch: Path) -> dict[str, str]:
    """Return the child's environment: its threads, how idle ones wait, and no compiled code of earlier launches."""
    variables = dict(os.environ)
    variables["OMP_WAIT_POLICY"] = os.environ.get("OMP_WAIT_POLICY", WAIT_POLICY)
    variables["KMP_BLOCKTIME"] = os.environ.get("KMP_BLOCKTIME", "0")
    variables["TORCHINDUCTOR_CACHE_DIR"] = str(scratch)
    # The child must find the package that its parent runs, installed or not.
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(HOME))))
    if threads is not None:
        variables["OMP_NUM_THREADS"] = variables["MKL_NUM_THREADS"] = str(threads)
    return variables


def _decode(outcome: _Outcome) -> Answer | None:
    try:
        return _answers.decode(outcome.answer)  # type: ignore[no-any-return]
    except msgspec.DecodeError:
        return None


def _skip(request: MeasureRequest | TrialRequest | LayersRequest, reason: SkipReason, detail: str) -> Skip:
    index = request.index if isinstance(request, MeasureRequest) else 0
    return Skip(case=request.case, index=index, reason=reason, detail=detail)


def _cause_of_death(outcome: _Outcome) -> str:
    lines = [line for line in outcome.errors.strip().splitlines() if line.strip()]
    said = f": {lines[-1].strip()}" if lines else ""
    if outcome.returncode < 0:
        return f"the process died of {signal.Signals(-outcome.returncode).name}{said}"
    return f"the process ended with status {outcome.returncode} and no answer{said}"


def _out_of_memory_kills() -> int:
    """Return how many processes the kernel killed in this control group for want of memory."""
    kills = 0
    for path in _out_of_memory_counters():
        with contextlib.suppress(OSError):
            fields = (line.split() for line in path.read_text().splitlines())
            kills += sum(int(field[1]) for field in fields if field[0] == "oom_kill")
    return kills


def _out_of_memory_counters() -> set[Path]:
    """Return where the kernel may count them: in this process's own group, which many containers see as the root."""
    found = {_CGROUPS / "memory.events", _CGROUPS / "memory" / "memory.oom_control"}
    with contextlib.suppress(OSError):
        for line in _OWN_CGROUPS.read_text().splitlines():
            _, controllers, group = line.split(":", 2)  # cgroups(7); version 2 names no controllers
            if not controllers:
                found.add(_CGROUPS / group.lstrip("/") / "memory.events")
            elif "memory" in controllers.split(","):
                found.add(_CGROUPS / "memory" / group.lstrip("/") / "memory.oom_control")
    return found
