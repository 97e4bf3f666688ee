"""Launches by Ray: each is a task with a worker of its own, on a node that it has for itself by its `resources`.

A driver on this machine holds the connection, so that nothing of Ray is in this process.
"""

import os

from resnet_bench.errors import IncompleteError, UsageError
from resnet_bench.records import Machine, remarks
from resnet_bench.runner.launchers.elsewhere import ElsewhereLauncher, LostError
from resnet_bench.runner.launchers.process import Ended, TimeLimitError
from resnet_bench.runner.launchers.ray_cluster import DRIVER, RayCluster
from resnet_bench.runner.launchers.ray_driver import RayDelivery, RayErrand
from resnet_bench.wire.answers import Probed
from resnet_bench.wire.messages import ProfileSubject

_ADDRESS_VARIABLE = "RAY_ADDRESS"  # Ray's own
_LOOK_LIMIT_S = 60.0


class RayLauncher(ElsewhereLauncher):
    """Starts processes on nodes that have the machine's `resources` and `labels`; on a whole node where it has none."""

    # Of Ray's processes on every node: raylet, agents, monitors, and idle workers, which rename themselves.
    bystanders = (
        "/ray/core/src/ray/",
        "/ray/_private/",
        "/ray/dashboard/",
        "/ray/autoscaler/",
        "ray::",
        DRIVER,
    )

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self._cluster: RayCluster | None = RayCluster.at(machine.address or os.environ.get(_ADDRESS_VARIABLE, ""))

    def machines(self, device: str, subjects: tuple[ProfileSubject, ...] = ()) -> tuple[Probed, ...]:
        """Return that machine, and the profiles of `subjects`, from one process.

        Raises:
            DeviceError: the device is not there.
            UsageError: Ray is not installed, no node has what is asked for, or another release of the product is there.
            IncompleteError: it gives no answer.
        """
        try:
            found = self._tell(RayErrand(resources=self.machine.resources, labels=self.machine.labels), _LOOK_LIMIT_S)
        except (LostError, TimeLimitError) as error:
            why = str(error) or f"none came within {_LOOK_LIMIT_S:.0f} s"
            raise IncompleteError(f"{remarks.no_answer(self.machine.name, why)}.") from None
        if found.nobody:
            raise UsageError(f"machine '{self.machine.name}': {found.nobody}.")
        return super().machines(device, subjects)

    def exchange(self, line: bytes, number: str, limit_s: float) -> Ended:
        """Let a task give a far end the line, and return how that ended."""
        machine = self.machine
        errand = RayErrand(
            resources=machine.resources,
            labels=machine.labels,
            number=number,
            line=line.decode(),
            python=machine.python,
            environment=machine.environment,
            wait_s=machine.wait_s,
        )
        found = self._tell(errand, limit_s)
        if found.nobody or found.lost:
            raise LostError(found.nobody or found.lost)
        return Ended(found.status, found.answer.encode(), found.errors)

    def close(self) -> None:
        """Leave the cluster; the driver ends with the last machine of it."""
        super().close()
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.leave()

    def _tell(self, errand: RayErrand, limit_s: float) -> RayDelivery:
        if self._cluster is None:
            raise LostError("it was let go of")
        return self._cluster.tell(errand, limit_s=limit_s, stop=self.stopped)
