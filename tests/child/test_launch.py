"""One launch in a real child: what compiling and training record."""

import msgspec
import pytest

from resnet_bench.records import Executor, Launch, Mode
from resnet_bench.runner.launchers.local import LocalLauncher
from tests import needs
from tests.make import launch_request

pytestmark = pytest.mark.slow


@needs.compiler
def test_a_compiled_training_case_records_its_compilation_breaks_and_phases():
    model = "tests.runner.faulty:breaks_its_graph"
    measured = LocalLauncher().ask(launch_request(model, executor=Executor.COMPILE, mode=Mode.TRAINING))
    assert isinstance(measured, Launch), measured
    assert measured.compilation.compile_s > 0
    assert measured.compilation.graph_breaks == 1
    assert measured.compilation.graphs == 2
    assert measured.warmup.first_iteration_s >= measured.compilation.compile_s
    for phase in (measured.phases.forward_s, measured.phases.backward_s, measured.phases.optimizer_s):
        assert len(phase) == 5
        assert min(phase) > 0


def test_a_launch_that_drifts_says_so_on_its_record():
    request = launch_request("tests.runner.faulty:gets_slower")
    longer = msgspec.structs.replace(request.protocol, min_samples=80, max_samples=80, sampling_budget_s=5.0)
    measured = LocalLauncher().ask(msgspec.structs.replace(request, protocol=longer))
    assert isinstance(measured, Launch), measured
    (warning,) = measured.warnings
    assert warning.startswith("the samples have not settled: the second half is ")
    assert warning.endswith(" % slower than the first")
