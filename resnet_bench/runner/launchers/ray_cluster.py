"""A Ray cluster as the parent reaches it: one driver process, however many of a run's machines are there."""

import contextlib
import os
import secrets
import select
import socket
import subprocess
import sys
import threading
import time
from typing import ClassVar, NoReturn, Self

import msgspec

from resnet_bench import scratch
from resnet_bench.errors import UsageError
from resnet_bench.runner.launchers.elsewhere import LostError
from resnet_bench.runner.launchers.family import Family
from resnet_bench.runner.launchers.process import StoppedError, TimeLimitError
from resnet_bench.runner.launchers.ray_driver import RayConnection, RayDelivery, RayErrand
from resnet_bench.runner.launchers.variables import with_package

DRIVER = "resnet_bench.runner.launchers.ray_driver"
_START_LIMIT_S = 180.0  # a Ray of its own starts half a dozen processes
_CHUNK_BYTES = 65536
# Of a Ray that the driver starts: nothing is told to anybody, and workers are as urgent as what they are timed beside.
_OWN = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
_ON_LOOPBACK = ("127.", "localhost")
# Ray takes 127.0.0.1 for the outer address of this host, unless no other host may belong to a cluster.
_LOOPBACK_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


class RayCluster:
    """The cluster at an address, or one of this process's own where there is none; its driver starts when it is asked.

    Each `at` has its `leave`, and the driver ends with the last.
    """

    _known: ClassVar[dict[str, "RayCluster"]] = {}
    _guard: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, address: str) -> None:
        self._address = address
        self.users = 0
        self._starting = threading.Lock()
        self._held = contextlib.ExitStack()
        self._driver: Family | None = None
        self._socket = ""

    @classmethod
    def at(cls, address: str) -> Self:
        """Return the one at that address."""
        with cls._guard:
            found = cls._known.setdefault(address, cls(address))
            found.users += 1
            return found  # type: ignore[return-value] # nobody inherits from it

    def leave(self) -> None:
        """Say that it is not asked any more."""
        with self._guard:
            self.users -= 1
            if self.users:
                return
            self._known.pop(self._address, None)
        with self._starting:
            self._end()

    def tell(self, errand: RayErrand, *, limit_s: float, stop: int) -> RayDelivery:
        """Return what comes of an errand.

        Args:
            errand: what is to be done.
            limit_s: seconds that it may take.
            stop: a descriptor; whoever closes the other end of it ends this.

        Raises:
            UsageError: Ray is not installed here.
            LostError: the cluster cannot be reached, or is lost.
            TimeLimitError: it took longer than `limit_s`.
            StoppedError: it was stopped.
        """
        path = self._connected(stop)
        received = bytearray()
        deadline = time.monotonic() + limit_s
        with socket.socket(socket.AF_UNIX) as way:
            try:
                way.connect(path)
                way.sendall(msgspec.json.encode(errand) + b"\n")
            except OSError:
                self._lose(path)
            poller = select.poll()
            for descriptor in (way.fileno(), stop):
                poller.register(descriptor, select.POLLIN)
            while not received.endswith(b"\n"):
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    raise TimeLimitError
                for descriptor, _ in poller.poll(left_s * 1000):
                    if descriptor == stop:
                        raise StoppedError
                    chunk = b""
                    with contextlib.suppress(ConnectionResetError):
                        chunk = way.recv(_CHUNK_BYTES)
                    if not chunk:
                        self._lose(path)
                    received += chunk
        return msgspec.json.decode(received, type=RayDelivery)

    def _connected(self, stop: int) -> str:
        """Return the socket of the driver, which is started where there is none."""
        with self._starting:
            if self._driver is None:
                try:
                    self._start(stop)
                except BaseException:
                    self._end()
                    raise
            return self._socket

    def _start(self, stop: int) -> None:
        folder = self._held.enter_context(scratch.folder("ray"))
        self._socket = str(folder / "s")
        command = [sys.executable, "-P", "-m", DRIVER, self._socket, str(folder / "ray"), self._address]
        variables = with_package(dict(os.environ)) | _OWN
        if not self._address:  # other users of this machine may not run code by it
            variables |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        if not self._address or self._address.startswith(_ON_LOOPBACK):
            host = self._address.rpartition(":")[0]
            variables |= {**_LOOPBACK_ALONE, "no_grpc_proxy": f"localhost,127.0.0.1,{host}"}
        self._driver = Family(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._held.callback(self._driver.stdout.close)
        poller = select.poll()
        for descriptor in (self._driver.stdout.fileno(), stop):
            poller.register(descriptor, select.POLLIN)
        woken = [descriptor for descriptor, _ in poller.poll(_START_LIMIT_S * 1000)]
        if stop in woken:
            raise StoppedError
        line = self._driver.stdout.readline() if woken else b""
        if not line:
            raise LostError(f"Ray{self._where} was not there within {_START_LIMIT_S:.0f} s, or ended its driver")
        connection = msgspec.json.decode(line, type=RayConnection)
        if connection.mistake:
            raise UsageError(connection.why)
        if connection.why:
            raise LostError(f"Ray{self._where} cannot be reached: {connection.why}")

    @property
    def _where(self) -> str:
        return f" at {self._address}" if self._address else ""

    def _lose(self, path: str) -> NoReturn:
        """End what is left of a driver; the next errand has a new one.

        Raises:
            LostError: always.
        """
        with self._starting:
            if path == self._socket:  # and nobody has started another one meanwhile
                self._end()
        raise LostError(f"the connection to Ray{self._where} was lost")

    def _end(self) -> None:
        if self._driver is not None:
            self._driver.end()
            self._driver = None
        self._held.close()
        self._socket = ""
