"""What a launch or a skip says in words."""

import pytest

from resnet_bench.errors import UnsupportedError
from resnet_bench.records import remarks


@pytest.mark.parametrize(("change", "words"), [(0.042, "4.2 % slower"), (-0.1, "10.0 % faster")])
def test_drift_is_said_with_its_size_and_its_direction(change, words):
    assert remarks.unsettled(change) == f"the samples have not settled: the second half is {words} than the first"


def test_our_own_errors_are_sentences_and_others_their_class_and_first_line():
    assert (
        remarks.raised(UnsupportedError("cuda_graph captures inference only.")) == "cuda_graph captures inference only."
    )
    assert remarks.raised(ValueError("no such shape\n  at line 7")) == "ValueError: no such shape"
    assert len(remarks.raised(ValueError("x" * 9000))) == 500


def test_switches_that_slow_a_launch_down_are_said_and_those_that_do_not_are_not():
    quiet = dict(deterministic=False, cudnn_deterministic=False, cudnn_benchmark=True)
    assert remarks.switches(**quiet) == remarks.switches(**quiet | dict(cudnn_benchmark=None)) == ()
    (said,) = remarks.switches(**quiet | dict(cudnn_benchmark=False))
    assert said == "cuDNN tried no algorithms out: the model's code turned that off while it ran"
    assert len(remarks.switches(deterministic=True, cudnn_deterministic=True, cudnn_benchmark=None)) == 2
