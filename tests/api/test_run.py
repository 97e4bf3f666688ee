"""`rb.run` and what it returns, on a machine whose launches take no time."""

import asyncio
import threading

import pytest

import resnet_bench as rb
from resnet_bench import cli
from resnet_bench.errors import StoreError, UsageError
from resnet_bench.report.renderers import Format
from resnet_bench.storage import run_directory
from tests import make
from tests.runner.instant import Machine


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return Machine().install(monkeypatch)


def measured(**more):
    return rb.run("resnet18", **{"batch_sizes": [1, 8], "device": "cpu", "launches": 2} | more)


def test_a_run_is_in_memory_until_it_is_saved(tmp_path):
    run = measured()
    assert run.directory is None
    assert list(tmp_path.iterdir()) == []
    assert repr(run).endswith("2 cases measured>")
    saved = run.save("reports/x")
    assert rb.load(saved).record == make.change(run.record, directory="x")
    assert run.record.name == run.record.header.id
    assert measured(label="first", note="quiet").record.name == "first"
    assert run_directory.load_entries(saved) == list(run_directory.load_with_entries(saved)[1])
    with pytest.raises(StoreError, match="already holds a run"):
        run.save("reports/x")


def test_a_run_can_be_written_launch_by_launch(tmp_path):
    run = measured(directory=tmp_path / "r")
    assert run.directory == tmp_path / "r"
    assert run_directory.is_run(tmp_path / "r")


def test_the_frame_has_a_row_a_case_in_base_units():
    frame = measured().frame()
    assert list(frame["batch_size"]) == [1, 8]
    assert frame["latency_s"].between(0.009, 0.011).all()
    units = frame.attrs["units"]
    assert (units["latency_s"], units["throughput_images_per_s"], units["peak_bytes"]) == ("s", "images/s", "B")
    assert {"latency_low_s", "latency_high_s"} <= set(frame.columns)
    assert "model" not in units


def test_the_best_model_under_a_budget_is_the_reports(tmp_path, capsys):
    run = rb.run(["resnet18", "resnet50"], batch_sizes=1, device="cpu", launches=3)
    found = run.best(under={"latency_s": 0.2})
    assert found.model == "resnet50"  # the more accurate of two that are equally fast here
    assert found.case.batch_size == 1
    assert list(found.frame()["model"]) == ["resnet50", "resnet18"]
    run.save(tmp_path / "r")
    cli.run(["report", str(tmp_path / "r"), "--under", "latency 200 ms"])
    assert capsys.readouterr().out.strip() == str(found)
    none = run.best(under="latency 1 ms at batch 1", best_for="throughput")
    assert (none.model, none.supported) == (None, False)
    with pytest.raises(UsageError, match="'latensy' is nothing to choose by"):
        run.best(under={"latensy": 1})
    for limit in (-1, 0, float("nan"), float("inf"), "200 ms", True):
        with pytest.raises(UsageError, match=r"^limit of latency: "):
            run.best(under={"latency": limit})
    with pytest.raises(UsageError, match=r"^graph breaks is known of no case here"):
        run.best(under={"graph_breaks": 0})


def test_figures_are_the_pages_own_as_plotly_objects():
    run = measured()
    assert "throughput" in run.figures
    figure = run.figure("throughput")
    assert type(figure).__name__ == "Figure"
    assert list(figure.data[0].x) == [1, 8]
    with pytest.raises(UsageError, match=r"no figure 'thruput'; it has .*Did you mean 'throughput'"):
        run.figure("thruput")


def test_reports_go_by_their_suffix_and_never_over_another_file(tmp_path):
    run = measured()
    assert run.report(tmp_path / "x.html").read_text().lower().startswith("<!doctype html")
    assert run.report(tmp_path / "x.md").read_text().startswith("### ")
    (tmp_path / "notes.html").write_text("mine")
    with pytest.raises(StoreError, match="was not written by this tool"):
        run.report(tmp_path / "notes.html")
    with pytest.raises(UsageError, match="does not say its format"):
        run.report(tmp_path / f"x.{Format.TEXT}")


def test_html_of_a_notebook_has_the_table_and_nothing_hostile():
    shown = rb.run({"<script>": lambda: None}, device="cpu", image_sizes=32, launches=1)._repr_html_()
    assert "<table>" in shown
    assert "script" in shown
    assert "<script>" not in shown


def test_two_runs_compare_in_memory_as_on_disk():
    one, other = measured(), measured()
    found = rb.compare(one, other)
    assert set(found.frame()["metric"]) >= {"latency_s", "throughput_images_per_s"}
    assert found.regressed == ()
    assert "latency" in str(found)
    assert rb.compare(one.save("a"), str(other.save("b"))).table.counts == found.table.counts
    assert "<table>" in found._repr_html_()


def test_a_wrong_value_is_spelled_as_python_does():
    with pytest.raises(UsageError, match=r"^batch_sizes '0': expected whole numbers"):
        measured(batch_sizes=0)


def test_it_works_in_a_running_event_loop_and_off_the_main_thread():
    async def in_a_loop():
        return measured()

    found = [asyncio.run(in_a_loop())]
    worker = threading.Thread(target=lambda: found.append(measured()))
    worker.start()
    worker.join()
    assert [len(run.record.measurements) for run in found] == [2, 2]


def test_what_was_resumed_is_complete(tmp_path):
    measured(directory=tmp_path / "r")
    lines = (tmp_path / "r" / "launches.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "r" / "launches.jsonl").write_text("".join(lines[:-1]))
    assert rb.resume(tmp_path / "r").record.missing == ()
