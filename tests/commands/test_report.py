"""`report` as a user runs it: run directories in; a page, text or one line of error out."""

import json
import subprocess
import sys

import pytest

from resnet_bench import cli
from resnet_bench.records import Band, BandSource
from resnet_bench.records.calibration import Calibration
from resnet_bench.storage import calibrations, record_file
from tests.commands.workplace import run as call
from tests.make import save_run, suite_run

OF_A_PAGE = (["--figures", "x"], ["--baseline", "x"], ["--asv-results", "x"], ["--repository", "x"])


@pytest.fixture
def run(tmp_path):
    return save_run(tmp_path / "run", suite_run())


def test_a_page_is_written_beside_the_run_and_its_path_printed(run, capsys):
    assert cli.run(["report", str(run)]) == 0
    page = run / "report.html"
    assert capsys.readouterr().out.strip() == str(page)
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_page_goes_where_it_is_asked_for(run, tmp_path, capsys):
    assert cli.run(["report", str(run), "-o", str(tmp_path / "page.html")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "page.html")
    assert not (run / "report.html").exists()


@pytest.mark.parametrize(
    ("form", "start"), [("text", "5 models on"), ("markdown", "### 5"), ("json", "{"), ("csv", "run,")]
)
def test_other_formats_are_printed(run, capsys, form, start):
    assert cli.run(["report", str(run), "--format", form]) == 0
    assert capsys.readouterr().out.startswith(start)
    assert not (run / "report.html").exists()


def test_several_runs_stand_side_by_side(run, tmp_path, capsys):
    other = save_run(tmp_path / "other", suite_run(revision="abcdef0", seed=2))
    assert cli.run(["report", str(run), str(other), "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [it["label"] for it in content["runs"]] == ["run", "other"]
    assert len(content["results"]) == 20


def test_a_baseline_gives_verdicts(run, tmp_path, capsys):
    other = save_run(tmp_path / "other", suite_run(speed=3.0))
    assert cli.run(["report", str(run), "--baseline", str(other), "--format", "csv"]) == 0
    assert ",regressed," in capsys.readouterr().out


def test_a_question_is_answered(run, capsys):
    arguments = ["--best", "--under", "latency p95 200 ms at batch 1", "--under", "peak memory 8 GiB"]
    assert cli.run(["report", str(run), *arguments, "--for", "accuracy", "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["models"][0]["model"] == "resnet50"
    assert len(content["query"]["budgets"]) == 2
    assert not (run / "report.html").exists()


def test_a_budget_alone_asks_too(run, capsys):
    assert cli.run(["report", str(run), "--under", "200 ms at batch 1"]) == 0
    assert capsys.readouterr().out.startswith("Best for accuracy with latency at most 200 ms at batch 1")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["{run}", "--under", "latency 200 ms at batch 3"], "batch 3 was not measured; there are batch 1 and batch 4"),
        (["{run}", "--under", "latency 200"], "budget 'latency 200'"),
        (["{run}", "--for", "beauty"], "nothing to choose by"),
        (["{run}", "--best", "--for", ""], "nothing to choose by"),
        (["{run}", "--price", "much"], "price 'much'"),
        *(
            (["{run}", "--gallery", *flags], f"{flags[0]} does nothing beside --gallery; leave one of them out.")
            for flags in (["--best"], ["--under", "1 s"], ["--for", "latency"], ["--price", "1 USD/h"], *OF_A_PAGE)
        ),
        *((["{run}", "--under", "1 s", *flags], f"{flags[0]} does nothing beside --under") for flags in OF_A_PAGE),
        *((["{run}", "--best", *flags], f"{flags[0]} does nothing beside --best") for flags in OF_A_PAGE[1:]),
        (["{run}", "--repository", "x"], "--repository does nothing beside a page without --asv-results"),
        ([], "at least one run directory"),
        (["nowhere"], "not a run directory"),
        (["{run}", "-o", "{run}/missing/page.html"], "cannot write"),
        (["{run}", "--format", "html5"], "html5"),
        (["{run}", "--baseline", "nobody"], "nobody"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run, capsys, arguments, expected):
    assert cli.run(["report", *(it.format(run=run) for it in arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert expected in err


def test_report_needs_neither_torch_nor_pandas_nor_plotlys_python_side(run):
    code = (
        "import sys; from resnet_bench import cli; cli.run(['report', sys.argv[1]]); "
        "print([name for name in ('torch', 'pandas', 'plotly') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(run)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.usefixtures("workplace")
def test_a_report_judges_by_the_bands_of_this_machine_as_compare_does(capsys):
    def called():
        of_report = json.loads(call(capsys, "report", "old", "new", "--format", "json")[1])["differences-0"]
        of_compare = json.loads(call(capsys, "compare", "old", "new", "--format", "json")[1])["comparisons"]
        reported = [row for row in of_report if (row["metric"], row["verdict"]) == ("latency", "regressed")]
        compared = [row for row in of_compare if (row["metric"], row["verdict"]) == ("latency_s", "regressed")]
        return len(reported), len(compared)

    assert called() == (1, 1)
    band = Band(metric="latency_s", width=0.2, source=BandSource.CALIBRATION)
    kept = Calibration(environment="e1", device_name="d", created_at="t", bands=(band,), cases=())
    record_file.write(kept, calibrations.DEFAULT_FILE)
    assert called() == (0, 0)
