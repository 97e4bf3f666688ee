"""The process that is connected to a Ray cluster: each errand that comes on its socket is a task there.

Run as a module: `ray_driver SOCKET FOLDER ADDRESS`; without an address it starts a Ray of its own, on the loopback
interface alone. Its first line says whether it is connected. Ray ends a process that loses its cluster: this one, then,
and not the one that keeps the records.
"""

import contextlib
import importlib
import os
import socket
import socketserver
import sys
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from resnet_bench.errors import in_words

LOOPBACK = "127.0.0.1"
_STORE_BYTES = 2**27  # answers are small; Ray would take a third of the memory
_LOOK_S = 1.0  # how often it is seen to that somebody still waits
_CPU, _GPU, _MEMORY = "CPU", "GPU", "memory"
_AMOUNTS = {_CPU: "num_cpus", _GPU: "num_gpus", _MEMORY: "memory"}  # which Ray takes by names of their own


class RayConnection(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a driver is connected; otherwise `why` it is not, and whether that is a mistake of the user's."""

    why: str = ""
    mistake: bool = False


class RayErrand(msgspec.Struct, frozen=True, kw_only=True):
    """The line of an errand and what its task needs; without a line it only asks whether a node has that."""

    resources: dict[str, float]
    labels: dict[str, str]
    number: str = ""
    line: str = ""
    python: str = ""
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    wait_s: float = 0.0


class RayDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """How a far end ended; or that `nobody` has what it needs, or why it is `lost`, in words."""

    nobody: str = ""
    lost: str = ""
    status: int | None = None
    answer: str = ""
    errors: str = ""


class _GoneError(Exception):
    """Nobody waits for the answer any more."""


def main() -> None:
    """Connect, say so, and make a task of every errand until this process is ended."""
    path, folder, address = sys.argv[1:]
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever Ray prints is none
    connection = _connect(folder, address)
    with _Driver(path, _ErrandHandler) as driver:
        os.write(answers, msgspec.json.encode(connection) + b"\n")
        if not connection.why:
            driver.serve_forever()


def _ray() -> Any:
    """Return the module: an extra, and seconds to import."""
    return importlib.import_module("ray")


def _connect(folder: str, address: str) -> RayConnection:
    try:
        ray = _ray()
    except ImportError:
        why = "launcher 'ray' needs Ray, which is not installed here: pip install 'resnet-bench[ray]'."
        return RayConnection(why=why, mistake=True)
    own: dict[str, Any] = {
        "num_cpus": 1,  # its node is one place for a launch
        "include_dashboard": False,
        "object_store_memory": _STORE_BYTES,
        "_node_ip_address": LOOPBACK,
        "_temp_dir": folder,
    }
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level="ERROR", **({} if address else own))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - of many kinds, none of them ours
        return RayConnection(why=in_words(error))
    return RayConnection()


class _Driver(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


class _ErrandHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Answer one errand, unless who asked goes away."""
        errand = msgspec.json.decode(self.rfile.readline(), type=RayErrand)
        try:
            delivery = _delivered(errand, self.connection)
        except _GoneError:
            return
        except Exception as error:  # noqa: BLE001 - a lost node, a killed worker, or whatever else Ray raises
            delivery = RayDelivery(lost=in_words(error))
        with contextlib.suppress(OSError):
            self.wfile.write(msgspec.json.encode(delivery) + b"\n")


def _delivered(errand: RayErrand, way: socket.socket) -> RayDelivery:
    """Return what came of an errand's task.

    Raises:
        _GoneError: nobody waits for it any more.
        RayError: its node or its worker was lost.
    """
    ray = _ray()
    if not _fitting(errand):
        return RayDelivery(nobody=_nobody(errand))
    if not errand.line:
        return RayDelivery()
    steps = (
        _task()
        .options(name="resnet_bench", **_options(errand))
        .remote(errand.line, errand.number, errand.python, errand.environment)
    )
    try:
        deadline = time.monotonic() + errand.wait_s
        while not _has_come(steps, way):
            if not _fitting(errand):
                ray.cancel(steps, force=True)
                return RayDelivery(nobody=_nobody(errand))
            if time.monotonic() > deadline:
                ray.cancel(steps, force=True)
                return RayDelivery(lost=f"no node was free within {errand.wait_s:.0f} s")
        ray.get(next(steps))
        while not _has_come(steps, way):
            pass
        status, answer, errors = ray.get(next(steps))
    except _GoneError:
        ray.cancel(steps, force=True)
        raise
    return RayDelivery(status=status, answer=answer, errors=errors)


@cache
def _task() -> Any:
    """Return the task of every errand: tried once (a lost launch is a skip), by a worker that serves no other."""
    ray = _ray()
    return ray.remote(max_retries=0, max_calls=1)(_launch)


def _has_come(steps: Any, way: socket.socket) -> bool:
    """Wait a moment for the next step of a task.

    Raises:
        _GoneError: nobody waits for it any more.
    """
    ray = _ray()
    ready, _ = ray.wait([steps], timeout=_LOOK_S)
    with contextlib.suppress(BlockingIOError):
        if not way.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
            raise _GoneError
    return bool(ready)


def _alive() -> list[dict[str, Any]]:
    ray = _ray()
    return [node for node in ray.nodes() if node["Alive"]]


def _fitting(errand: RayErrand) -> list[dict[str, Any]]:
    """Return the nodes that have, used or not, what a task needs."""
    return [
        node
        for node in _alive()
        if all(node["Resources"].get(name, 0.0) >= amount for name, amount in errand.resources.items())
        and all(node.get("Labels", {}).get(name) == value for name, value in errand.labels.items())
    ]


def _nobody(errand: RayErrand) -> str:
    asked = [f"{amount:g} of '{name}'" for name, amount in errand.resources.items()]
    asked += [f"label {name}={value}" for name, value in errand.labels.items()]
    nodes = _alive()
    there = sorted({name for node in nodes for name in node["Resources"] if ":" not in name})
    return (
        f"none of the {len(nodes)} nodes of this Ray has {' and '.join(asked) or 'anything'}; "
        f"resources there: {', '.join(there) or 'none'}"
    )


def _options(errand: RayErrand) -> dict[str, Any]:
    """Return what a task asks of Ray: what is said, or else a whole node, the largest."""
    amounts = dict(errand.resources)
    if not amounts:
        largest: dict[str, float] = max(
            (node["Resources"] for node in _fitting(errand)), key=lambda has: has.get(_CPU, 0.0), default={}
        )
        amounts = {name: largest.get(name, 0.0) for name in (_CPU, _GPU)}
    options: dict[str, Any] = {"num_cpus": 0, "num_gpus": 0}
    options |= {option: amounts.pop(name) for name, option in _AMOUNTS.items() if name in amounts}
    options["resources"] = amounts
    return options | ({"label_selector": errand.labels} if errand.labels else {})


def _launch(line: str, number: str, python: str, environment: dict[str, str]) -> Iterator[Any]:
    """Answer an errand by a far end, on a node: first yields that it has begun, then how the far end ended.

    It travels to the node by its code, so that it has nothing but the standard library.
    """
    import os  # noqa: PLC0415
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    yield "begun"
    # Ray sets it to the CPUs that a task asks for; a child sets its own.
    variables = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"} | environment
    command = [python or sys.executable, "-P", "-m", "resnet_bench.runner.launchers.far_end"]
    answer = b""
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=variables
            )
        except OSError as error:
            yield 127, "", f"{command[0]}: {error.strerror}"
            return
        # It ends where its standard input closes: with this worker, whoever ends that.
        assert process.stdin is not None  # noqa: S101 - a pipe
        assert process.stdout is not None  # noqa: S101 - a pipe
        try:
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # it died before reading; its exit status says why
        for said in process.stdout:
            if number.encode() in said and said.endswith(b"\n"):
                answer = said.rstrip(b"\n")
                break
        try:
            process.wait(1.0 if answer else 30.0)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - 4000))
        yield process.returncode, answer.decode(errors="replace"), errors.read().decode(errors="replace")


if __name__ == "__main__":
    main()
