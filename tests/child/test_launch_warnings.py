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
    assert warnings((isolated,), ON_THE_HOST, skipped=None, threads=threads) == said


def test_where_the_cpu_time_is_not_known_nothing_is_said():
    assert warnings((samples(TimingProtocol.ISOLATED, [0.05] * 6),), ON_THE_HOST, skipped=None, threads=2) == ()
