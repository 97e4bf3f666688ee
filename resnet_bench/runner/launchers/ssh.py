"""Launches on a host by OpenSSH's own client, over one connection that stays, one launch at a time on a host."""

import contextlib
import shlex
import subprocess
import threading
from collections.abc import Sequence
from typing import Any

from resnet_bench import scratch
from resnet_bench.machine.devices import AUTO
from resnet_bench.records import Machine
from resnet_bench.runner.launchers.command import CommandLauncher
from resnet_bench.runner.launchers.family import Family
from resnet_bench.wire.answers import Probed
from resnet_bench.wire.messages import CaseRequest, ProfileSubject
from resnet_bench.wire.pairs import PairsRequest
from resnet_bench.wire.request import Request

# Nobody is there to type a password; a host that is gone is noticed within a minute (ssh_config(5)).
_OPTIONS = (
    "BatchMode=yes",
    "ConnectTimeout=15",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=4",
)


class SshLauncher(CommandLauncher):
    """Starts processes on `machine.host`, with the variables of the machine's table and those of a login there."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self._device = machine.device
        self._held = contextlib.ExitStack()
        self._socket = self._held.enter_context(scratch.folder("ssh")) / "s"
        self._connection: Family | None = None
        self._connecting = threading.Lock()

    def machines(self, device: str, subjects: tuple[ProfileSubject, ...] = ()) -> tuple[Probed, ...]:
        """Return that machine, and remember which device it has; raises as every launcher's."""
        every = super().machines(device, subjects)
        self._device = every[0].device
        return every

    def lock(self, request: Request[Any]) -> str:
        """Return the device that the request is of, by its name there: rows of one host may use several words."""
        asked = _device(request)
        return (self._device if self._device and asked == AUTO else asked).replace(":", "-")

    def prefix(self) -> Sequence[str]:
        """Return the client's command; the connection is opened with the first one."""
        with self._connecting:
            if self._connection is None:
                self._connection = self._connect()
        return self._client("ControlMaster=no")

    def far_end(self) -> Sequence[str]:
        """Return one argument: a command for the shell there."""
        variables = [f"{name}={value}" for name, value in self.machine.environment.items()]
        python = (self.machine.python or "python3", *super().far_end()[1:])
        return (shlex.join(["exec", "env", *variables, *python]),)

    def close(self) -> None:
        """End the connection."""
        super().close()
        with self._connecting:
            if self._connection is not None:
                self._connection.end()
                self._connection = None
        self._held.close()

    def _client(self, *options: str) -> Sequence[str]:
        said = [f"-o{option}" for option in (*_OPTIONS, f"ControlPath={self._socket}", *options)]
        return ("ssh", "-T", *said, *self.machine.options, "--", self.machine.host)

    def _connect(self) -> Family:
        """Open the connection that launches share; where it cannot be opened, each says so for itself."""
        command = [*self._client("ControlMaster=yes", "ControlPersist=no")]
        command.insert(1, "-N")
        nowhere = subprocess.DEVNULL
        return Family(command, stdout=nowhere, stderr=nowhere, env=dict(super().variables()))


def _device(request: Request[Any]) -> str:
    if isinstance(request, CaseRequest):
        return request.case.device
    if isinstance(request, PairsRequest):
        return request.matchups[0].baseline.device
    return str(getattr(request, "device", AUTO))
