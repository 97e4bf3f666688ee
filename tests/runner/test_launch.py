"""One launch in a real child: what compiling and training record."""

import shutil

import pytest

from resnet_bench.records import Executor, Launch, Mode
from resnet_bench.runner.launchers.local import LocalLauncher
from tests.runner.request import launch_request

pytestmark = pytest.mark.slow


@pytest.mark.skipif(not any(map(shutil.which, ("g++", "clang++"))), reason="compiling for the CPU needs a C++ compiler")
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
