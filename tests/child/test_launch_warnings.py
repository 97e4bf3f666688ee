"""What a launch notes about itself: threads that shared a core are said, for no reference sees that."""

import pytest

from resnet_bench.child.launch_warnings import warnings
from resnet_bench.records import TimingProtocol, remarks
from tests.make import EXECUTED, change, samples

ON_THE_HOST = change(EXECUTED, cudnn_benchmark=None)  # cuDNN has no part in it


@pytest.mark.parametrize(
    ("threads", "cores", "said"),
    [
        (2, 1.0, (remarks.shared_core(2, 1.0),)),
        (2, 1.1, (remarks.shared_core(2, 1.1),)),
        (2, 1.8, ()),
        (1, 1.0, ()),  # one thread has one core
    ],
)
def test_threads_that_ran_on_one_core_are_said(threads, cores, said):
    isolated = samples(TimingProtocol.ISOLATED, [0.05] * 6, cpu_s=(0.05 * cores,) * 6)
    executed = change(ON_THE_HOST, threads=threads)
    assert warnings((isolated,), executed, skipped=None, threads=threads) == said


def test_where_the_cpu_time_is_not_known_nothing_is_said():
    isolated = samples(TimingProtocol.ISOLATED, [0.05] * 6)
    assert warnings((isolated,), change(ON_THE_HOST, threads=2), skipped=None, threads=2) == ()


@pytest.mark.parametrize(
    ("asked", "ran", "said"),
    [
        (1, 4, "it ran on 4 threads where 1 was asked for: the model's code"),
        (4, 1, "it ran on 1 thread where 4 were asked for: the model's code"),
        (4, 4, ""),
        (0, 8, ""),  # a case on an accelerator asks for none
    ],
)
def test_a_model_that_sets_the_number_of_threads_is_said_and_its_threads_are_not_taken_to_share_a_core(
    asked, ran, said
):
    isolated = samples(TimingProtocol.ISOLATED, [0.05] * 6, cpu_s=(0.05 * max(1, min(asked, ran)),) * 6)
    found = warnings((isolated,), change(ON_THE_HOST, threads=ran), skipped=None, threads=asked)
    assert len(found) == bool(said)
    assert all(text.startswith(said) for text in found)
