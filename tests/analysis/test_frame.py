"""The tidy frame: a row for each case and metric, with what the summaries say."""

from resnet_bench.analysis.frame import frame
from resnet_bench.analysis.metrics import NOISY_METRICS
from resnet_bench.analysis.stats import summarize
from tests.make import gpu_run, suite_run


def test_a_row_for_each_case_and_metric_that_was_measured():
    run = suite_run()
    found = frame([run])
    assert set(found["metric"]) == {
        "latency_s", "throughput_images_per_s", "peak_rss_bytes", "parameters", "macs", "activations",
        "predicted_peak_bytes",
    }  # fmt: skip
    assert len(found) == 7 * len(run.measurements)
    assert found["value"].notna().all()


def test_values_are_those_of_the_summaries():
    run = suite_run(models=("resnet18",), batch_sizes=(4,), launches=3)
    found = frame([run]).set_index("metric").loc["latency_s"]
    summary = summarize(run.measurements[0], NOISY_METRICS[0])
    assert (found["value"], found["low"], found["p95"]) == (summary.median, summary.interval.low, summary.p95)
    assert (found["model"], found["batch_size"], found["launches"]) == ("resnet18", 4, 3)


def test_several_runs_share_a_frame():
    found = frame([suite_run(), gpu_run()])
    assert found.groupby("run")["model"].nunique().to_dict() == {"20261101-120000-cpu": 5, "20261102-090000-cuda": 5}


def test_nothing_measured_is_an_empty_frame_with_its_columns():
    assert list(frame([]).columns)[:3] == ["run", "model", "mode"]
