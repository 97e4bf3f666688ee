"""A machine whose launches take no time: what a sweep does between launches, without processes."""

import sys

import pytest

from resnet_bench import cli
from resnet_bench.records import DeviceState, Environment, Launch, MachineState
from resnet_bench.runner.launchers import local
from resnet_bench.wire.messages import MeasureRequest, Probed, Profiled
from tests import factory

STATE = MachineState(hostname="h", governor=None, cpu_clock_max_hz=None, packages={}, state=DeviceState())


class Machine:
    """Answers for child processes; `requests` are the launches that were asked for."""

    def __init__(self, identity=factory.IDENTITY, environment="e1"):
        self.environment = Environment(id=environment, identity=identity, state=STATE)
        self.requests: list[MeasureRequest] = []

    def install(self, monkeypatch):
        monkeypatch.setattr(local, "probe", lambda _: Probed(device="cpu", environment=self.environment))
        monkeypatch.setattr(local, "profile", lambda _: Profiled(profiles=()))
        monkeypatch.setattr(local, "measure", self.measure)
        return self

    def measure(self, request: MeasureRequest) -> Launch:
        self.requests.append(request)
        made = factory.launch(
            [0.01 + len(self.requests) * 1e-6] * 8,
            index=request.index,
            of=request.case,
            environment=self.environment.id,
        )
        return factory.change(made, attempt=request.attempt)


if __name__ == "__main__":  # the command line on this machine, in a process of its own
    Machine().install(pytest.MonkeyPatch())
    sys.exit(cli.run(sys.argv[1:]))
