import pytest

from resnet_bench.analysis.metric import Direction, Policy
from resnet_bench.analysis.metrics import METRICS, find_metric
from resnet_bench.errors import ConfigError
from resnet_bench.records import Compilation, Energy, Memory
from tests.make import case, launch, measurement


def test_names_are_unique_and_every_metric_has_a_policy():
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert {metric.policy for metric in METRICS} == {Policy.EXACT, Policy.NOISY}


def test_latency_is_isolated_and_throughput_back_to_back():
    one = launch([0.010, 0.020], of=case(batch_size=8), throughput_images_per_s=[100.0, 50.0])
    assert find_metric("latency_s").extract(one) == (0.010, 0.020)
    assert find_metric("throughput_images_per_s").extract(one) == pytest.approx((100.0, 50.0))
    assert find_metric("throughput_images_per_s").direction is Direction.HIGHER


def test_a_value_that_a_launch_does_not_have_is_empty_and_not_zero():
    bare = launch([0.01], memory=Memory())
    for name in ("compile_s", "energy_j_per_image", "peak_allocated_bytes", "peak_rss_bytes"):
        assert find_metric(name).extract(bare) == ()
    for name in ("parameters", "macs", "predicted_peak_bytes", "graph_breaks"):
        assert find_metric(name).extract(measurement([[0.01]])) is None


def test_energy_is_per_image_and_the_worst_launch_counts_graph_breaks():
    one = launch([0.01], energy=Energy(energy_j=30.0, window_s=1.0, images=60))
    assert find_metric("energy_j_per_image").extract(one) == (0.5,)
    broken = measurement([[0.01]], compilation=Compilation(compile_s=2.0, graphs=4, graph_breaks=3))
    assert find_metric("graph_breaks").extract(broken) == 3


def test_show_scales_by_units_and_says_unavailable():
    assert find_metric("latency_s").show(0.0123456) == "12.35"
    assert find_metric("peak_rss_bytes").show(3 * 2**20) == "3.000"
    assert find_metric("macs").show(1814073344) == "1,814,073,344"
    assert {metric.show(None) for metric in METRICS} == {"-"}


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(ConfigError, match=r"'latency' is not a metric\. Did you mean 'latency_s'"):
        find_metric("latency")
