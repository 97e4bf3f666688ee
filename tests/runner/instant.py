"""A machine whose launches take no time: what a sweep does between launches, without processes."""

import sys

import pytest

from resnet_bench import cli
from resnet_bench.errors import ResNetBenchError
from resnet_bench.records import Launch
from resnet_bench.runner.launchers import table
from resnet_bench.wire.answers import Known, Probed, Profiled
from resnet_bench.wire.messages import CeilingsRequest, LookUpRequest, MeasureRequest, ProfileRequest
from resnet_bench.wire.request import Request
from tests import make


class Machine:
    """A launcher without processes; `requests` are the launches that were asked for, `asked` the types of all."""

    def __init__(self, identity=make.IDENTITY, environment="e1"):
        self.environment = make.environment(environment, identity=identity)
        self.requests: list[MeasureRequest] = []
        self.asked: list[type[Request]] = []

    def install(self, monkeypatch):
        monkeypatch.setitem(table.LAUNCHERS, table.DEFAULT, table.LauncherFacts(lambda _: self))
        return self

    def machines(self, _device, _subjects=()):
        return (Probed(device="cpu", environment=self.environment),)

    def ask(self, request):
        self.asked.append(type(request))
        match request:
            case ProfileRequest():
                return Profiled(profiles=())
            case MeasureRequest():
                return self.measure(request)
            case LookUpRequest():
                return Known(inputs=("3x224x224",) * len(request.models))
            case CeilingsRequest():
                raise ResNetBenchError("this machine measures no ceilings.")
        raise AssertionError(request)

    def measure(self, request: MeasureRequest) -> Launch:
        self.requests.append(request)
        made = make.launch(
            [0.01 + len(self.requests) * 1e-6] * 8,
            index=request.index,
            of=request.case,
            environment=self.environment.id,
        )
        return make.change(made, attempt=request.attempt)


class Answers:
    """A launcher that answers by a function; `machines` is this one place."""

    def __init__(self, answer):
        self.ask = answer


if __name__ == "__main__":  # the command line on this machine, in a process of its own
    Machine().install(pytest.MonkeyPatch())
    sys.exit(cli.run(sys.argv[1:]))
