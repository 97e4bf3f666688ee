"""Bounds, headroom and MFU from ceilings given by hand."""

import pytest

from resnet_bench.analysis.layers import By, agrees, rows
from resnet_bench.analysis.roofline import Bound, bound_of, headroom, least_of_layer
from resnet_bench.records import (
    Bandwidth,
    Executor,
    Mode,
    Part,
    Precision,
    Rate,
    Work,
)
from resnet_bench.specs.arithmetic import peak_flop_per_s
from tests import make

CEILINGS = make.ceilings(
    threads=1,
    rates=(Rate(precision=Precision.FP32, matmul_flop_per_s=80.0, convolution_flop_per_s=100.0),),
    bandwidths=(Bandwidth(moved_bytes=100, byte_per_s=40.0), Bandwidth(moved_bytes=1000, byte_per_s=10.0)),
    launch_s=0.5,
)


def layer(name="conv", type_="Conv2d", *, time_s=4.0, flops=200, moved=100, macs=100, **changes):
    return make.layer_time(name, type_, time_s=time_s, macs=macs, flops=flops, moved_bytes=moved, **changes)


profiled = make.layer_profile


@pytest.mark.parametrize(
    ("flops", "moved", "seconds", "bound"),
    [(1000, 100, 10.0, Bound.COMPUTE), (100, 1000, 100.0, Bound.MEMORY), (1, 4, 0.5, Bound.OVERHEAD)],
)
def test_the_largest_of_three_least_times_bounds_a_layer(flops, moved, seconds, bound):
    least = least_of_layer(flops, moved, CEILINGS, Precision.FP32)
    assert (least.seconds, least.bound) == (pytest.approx(seconds), bound)


def test_small_copies_set_the_bandwidth_of_small_layers_and_none_is_slower_than_a_larger_one():
    assert CEILINGS.byte_per_s(50) == 40
    assert CEILINGS.byte_per_s(101) == 10
    assert CEILINGS.byte_per_s(10**9) == 10
    rising = make.change(
        CEILINGS,
        bandwidths=tuple(
            reversed([Bandwidth(moved_bytes=1000, byte_per_s=40.0), Bandwidth(moved_bytes=100, byte_per_s=10.0)])
        ),
    )
    assert rising.byte_per_s(50) == 40


def test_nothing_is_said_without_the_ceiling_of_the_precision():
    assert least_of_layer(1, 1, CEILINGS, Precision.BF16) is None
    assert bound_of(layer(), None, Precision.FP32) is None
    assert bound_of(layer(flops=None), CEILINGS, Precision.FP32) is None


def test_a_training_row_launches_twice_but_the_backward_pass_of_a_sum_launches_nothing():
    relu = layer("relu", "ReLU", flops=1, moved=4)
    both, total = (make.change(it, backward_s=1.0) for it in (relu, layer("add", "Add", flops=1, moved=4)))
    least = [bound_of(it, CEILINGS, Precision.FP32) for it in (relu, both, total)]
    assert [it.seconds for it in least] == [0.5, 1.0, 0.5]
    assert {it.bound for it in least} == {Bound.OVERHEAD}


def case_with(work, **axes):
    return make.case(**axes), work


CONV, RELU = Work(flops=1000, moved_bytes=100, count=2), Work(flops=10, moved_bytes=200, fusable=True)


def test_a_cases_bound_sums_its_layers_and_launches_come_on_top_on_a_cpu():
    found = headroom(*case_with((CONV, RELU)), (CEILINGS,))
    assert found.least_s == pytest.approx(2 * 10 + 200 / 40 + 3 * 0.5)
    assert found.times(53.0) == pytest.approx(2.0)
    assert found.share_of_peak(50.0) == pytest.approx(0.5)
    assert found.intensity == pytest.approx(2010 / 400)


def test_what_asks_for_nothing_launches_nothing():
    backward_of_a_sum = Work(flops=0, moved_bytes=0, count=8)
    with_it, without = (headroom(*case_with(work), (CEILINGS,)) for work in ((CONV, backward_of_a_sum), (CONV,)))
    assert with_it.least_s == without.least_s


def test_a_compiler_may_fuse_what_is_no_product_away():
    found = headroom(*case_with((CONV, RELU), executor=Executor.COMPILE), (CEILINGS,))
    assert found.least_s == pytest.approx(20)


def test_on_a_queue_launches_run_beside_the_work():
    on_gpu = make.change(CEILINGS, device="cuda:0", launch_s=10.0)
    assert headroom(*case_with((CONV, RELU), device="cuda:0"), (on_gpu,)).least_s == pytest.approx(30)
    graph = case_with((CONV, RELU), device="cuda:0", executor=Executor.CUDA_GRAPH)
    assert headroom(*graph, (on_gpu,)).least_s == pytest.approx(25)


def test_ceilings_of_another_device_or_number_of_threads_do_not_count():
    assert headroom(*case_with((CONV,), threads=2), (CEILINGS,)) is None
    assert headroom(*case_with((CONV,), device="cuda:0"), (CEILINGS,)) is None
    assert headroom(*case_with(()), (CEILINGS,)) is None


def test_autocast_is_held_against_its_half_type():
    bf16 = make.change(
        CEILINGS, rates=(Rate(precision=Precision.BF16, matmul_flop_per_s=500.0, convolution_flop_per_s=None),)
    )
    assert peak_flop_per_s(bf16, Precision.AMP_BF16) == 500


NETWORK = profiled(
    layer("conv1", time_s=2.0),
    layer("layer1.0.conv1", time_s=3.0),
    layer("layer1.0.add", "Add", part=Part.OPERATOR, time_s=1.0, flops=4, moved=400, macs=0),
    layer("layer1.0.relu", "ReLU", time_s=0.5, flops=4, moved=100, macs=0),
    layer("layer1.0.relu", "ReLU", time_s=0.5, flops=4, moved=100, macs=0, call=2),
    layer("fused_add_relu", "kernel", part=Part.FUSED, time_s=1.0, flops=None, moved=None, macs=0),
    layer("fc", "Linear", time_s=1.0),
    layer("outside modules", "", part=Part.OUTSIDE, time_s=1.0, flops=None, moved=None, macs=0),
    whole_s=10.0,
)


@pytest.mark.parametrize("by", list(By))
def test_groups_hold_all_time_and_all_counts(by):
    found = rows(NETWORK, CEILINGS, by=by)
    assert sum(row.time_s for row in found) == pytest.approx(NETWORK.parts_s)
    assert sum(row.share for row in found) == pytest.approx(1)
    assert sum(row.flops or 0 for row in found) == sum(it.flops or 0 for it in NETWORK.layers)
    assert sum(row.calls for row in found) == len(NETWORK.layers)


def test_stages_are_the_stem_the_stages_the_head_and_what_belongs_to_none():
    found = rows(NETWORK, CEILINGS, by=By.STAGE)
    assert [row.name for row in found] == ["stem", "layer1", "fused kernels", "head", "outside modules"]
    assert rows(NETWORK, CEILINGS, by=By.TYPE)[0].calls == 2


def test_a_row_without_counts_has_no_bound_and_no_rates():
    fused = next(row for row in rows(NETWORK, CEILINGS) if row.part == "fused")
    assert (fused.flop_per_s, fused.byte_per_s, fused.bound, fused.least_s) == (None,) * 4
    conv = rows(NETWORK, CEILINGS)[0]
    assert (conv.flop_per_s, conv.byte_per_s, conv.bound) == (100.0, 50.0, "memory")
    assert conv.times_least == pytest.approx(2.0 / 2.5)


def test_parts_that_do_not_add_up_are_said_to():
    assert agrees(NETWORK)
    assert agrees(make.change(NETWORK, whole_s=10.29))
    assert not agrees(make.change(NETWORK, whole_s=10.4))
    assert not agrees(make.change(NETWORK, whole_s=9.6))


def test_modules_called_more_than_once_are_listed():
    assert NETWORK.called_more_than_once == {"layer1.0.relu": 2}


def test_training_is_in_the_sums_of_phases():
    both = make.change(layer(time_s=1.0), backward_s=2.0, optimizer_s=0.5)
    assert both.time_s == 3.5
    found = rows(profiled(both, whole_s=3.5, case=make.case(mode=Mode.TRAINING)), None)[0]
    assert (found.forward_s, found.backward_s, found.optimizer_s, found.bound) == (1.0, 2.0, 0.5, None)
