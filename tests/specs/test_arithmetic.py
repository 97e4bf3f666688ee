"""The table of precisions: total, named as torch names its types, and the only one."""

import pytest
import torch

from resnet_bench.records import Precision
from resnet_bench.specs.arithmetic import ARITHMETICS, arithmetic


def test_every_precision_has_its_row():
    assert list(ARITHMETICS) == list(Precision)


def test_a_precision_without_a_row_is_an_error_and_not_float32():
    with pytest.raises(KeyError, match="int4"):
        arithmetic("int4")


@pytest.mark.parametrize("precision", Precision)
def test_types_are_torchs_and_as_large(precision):
    row = arithmetic(precision)
    assert getattr(torch, row.weights).itemsize == row.weight_bytes
    assert getattr(torch, row.computes).itemsize == row.activation_bytes


@pytest.mark.parametrize(
    ("precision", "weight", "activation", "statistic"),
    [
        (Precision.FP32, 4, 4, 4),
        (Precision.TF32, 4, 4, 4),
        (Precision.FP16, 2, 2, 4),
        (Precision.BF16, 2, 2, 4),
        (Precision.AMP_FP16, 4, 2, 4),
        (Precision.AMP_BF16, 4, 2, 4),
    ],
)
def test_bytes_of_a_number(precision, weight, activation, statistic):
    row = arithmetic(precision)
    assert (row.weight_bytes, row.activation_bytes, row.statistic_bytes) == (weight, activation, statistic)


def test_autocast_is_held_against_its_lower_type():
    for precision in Precision:
        row = arithmetic(precision)
        ceiling = arithmetic(row.ceiling)
        assert not ceiling.autocast
        assert ceiling.computes == row.computes


def test_only_tf32_may_be_tf32_and_only_half_floats_need_their_loss_scaled():
    assert [each for each in Precision if arithmetic(each).tensor_float] == [Precision.TF32]
    assert [each for each in Precision if arithmetic(each).scales_loss] == [Precision.AMP_FP16]
