"""`history` and `export` as a user runs them: golden output, gates, pages, one line for every mistake."""

import json
import shutil
from pathlib import Path

import pytest

from resnet_bench import cli
from tests import goldens
from tests.make import (
    asv_folder,
    at,
    case,
    change,
    git,
    make_repository,
    noisy,
    run_at,
    run_of,
    save_run,
    skip,
    suite_run,
)

DATA = Path(__file__).parents[1] / "data"
ENDINGS = {"text": "txt", "markdown": "md"}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """The other project's results under a short name, outside of any repository."""
    shutil.copytree(DATA / "asv-results", tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return Path("results")


@pytest.fixture
def slowed(tmp_path, monkeypatch):
    """A repository with results of 24 commits, the last 8 of them 10 % slower."""
    revisions = make_repository(tmp_path, 24)
    asv_folder(tmp_path / ".asv" / "results", revisions, noisy(1, (16, 1.0), (8, 1.1)))
    monkeypatch.chdir(tmp_path)
    return revisions


@pytest.mark.parametrize("form", ENDINGS)
def test_golden(results, capsys, form):
    assert cli.run(["history", "--asv-results", str(results), "--format", form]) == 0
    goldens.check(capsys.readouterr().out, f"history/other-project.{ENDINGS[form]}")


@pytest.mark.parametrize("form", ENDINGS)
def test_golden_of_repaired_standing_and_improved(tmp_path, monkeypatch, capsys, form):
    revisions = make_repository(tmp_path, 36)
    for seed, machine, levels in (
        (2, "repaired", ((14, 1.0), (10, 1.2), (12, 1.0))),
        (3, "standing", ((20, 1.0), (16, 1.1))),
        (4, "improved", ((16, 1.0), (20, 0.8))),
    ):
        asv_folder(tmp_path / ".asv" / "results", revisions, noisy(seed, *levels), machine=machine)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["history", "--format", form]) == 0
    goldens.check(capsys.readouterr().out, f"history/three-fates.{ENDINGS[form]}")


@pytest.fixture
def jumped(tmp_path, monkeypatch):
    """A repository with results of 24 commits, the last one 10 % slower."""
    revisions = make_repository(tmp_path, 24)
    asv_folder(tmp_path / ".asv" / "results", revisions, noisy(1, (23, 1.0), (1, 1.1)))
    monkeypatch.chdir(tmp_path)
    return revisions


@pytest.mark.usefixtures("jumped")
@pytest.mark.parametrize("form", ENDINGS)
def test_golden_of_a_suspicion(capsys, form):
    assert cli.run(["history", "--format", form]) == 0
    goldens.check(capsys.readouterr().out, f"history/suspected.{ENDINGS[form]}")


@pytest.mark.parametrize("name", ["duplicate_step", "two_before_end"])
def test_what_was_once_judged_wrongly(tmp_path, monkeypatch, capsys, name):
    """conda's own benchmarks ended in a traceback; a step at the last commit but one was laid to the one before it."""
    values = json.loads((DATA / "history" / f"{name}.json").read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    asv_folder(Path("results"), [f"{number:07x}{'0' * 33}" for number in range(len(values))], values)
    assert cli.run(["history", "--asv-results", "results"]) == 0
    goldens.check(capsys.readouterr().out, f"history/{name.replace('_', '-')}.txt")


def test_a_suspicion_is_in_json_csv_and_page(jumped, capsys):
    cli.run(["history", "--format", "json"])
    content = json.loads(capsys.readouterr().out)
    (series,) = content["series"]
    assert series["changes"] == []
    assert (series["suspected"]["first_after"], series["suspected"]["outcome"]) == (23, "regressed")
    assert series["suspected"]["more_commits"] == 2
    assert content["false_alarm_rate"] == 0.01
    cli.run(["history", "--format", "csv"])
    assert capsys.readouterr().out.splitlines()[-1].endswith("regressed,2")
    cli.run(["history", "-o", "page.html"])
    page = Path("page.html").read_text(encoding="utf-8")
    assert "1 suspected regression at the newest commits" in page
    assert "at most 1 % of steady series are suspected wrongly" in page
    assert jumped[23][:7] in page


def test_the_gate_asks_for_suspicions_by_name(jumped, capsys):
    assert cli.run(["history", "--fail-on", "regressed"]) == 0
    assert cli.run(["history", "--fail-on", "changed"]) == 0
    capsys.readouterr()
    assert cli.run(["history", "--fail-on", "suspected"]) == 1
    assert f"--fail-on suspected: 1 change: a.track_x at {jumped[23][:7]}" in capsys.readouterr().err
    assert cli.run(["history", "--fail-on", "suspected", "--since", jumped[22]]) == 1
    assert cli.run(["history", "--fail-on", "suspected", "--min-change", "20%"]) == 0


def test_asking_for_suspicions_asks_for_regressions_too(slowed):
    assert cli.run(["history", "--fail-on", "suspected"]) == 1
    assert cli.run(["history", "--fail-on", "suspected", "--since", slowed[16]]) == 0


@pytest.mark.usefixtures("slowed")
def test_the_gate_does_not_pass_where_a_series_could_not_be_judged(monkeypatch, capsys):
    def faulty(*_arguments, **_options):
        raise IndexError("list index out of range")

    monkeypatch.setattr("resnet_bench.analysis.history.series_worker.judged", faulty)
    assert cli.run(["history"]) == 0
    assert "1 could not be judged" in capsys.readouterr().out
    assert cli.run(["history", "--fail-on", "regressed"]) == 3


def test_json_is_the_record_and_csv_every_point(results, capsys):
    cli.run(["history", "--asv-results", str(results), "--format", "json"])
    series = json.loads(capsys.readouterr().out)["series"]
    cli.run(["history", "--asv-results", str(results), "--format", "csv"])
    assert len(capsys.readouterr().out.splitlines()) == 1 + sum(len(one["values"]) for one in series)


def test_an_empty_results_folder_does_not_hide_the_runs(slowed, capsys):
    shutil.rmtree(".asv/results")
    Path(".asv/results").mkdir()
    save_run(Path("reports/one"), run_at(slowed[0], 0, seed=1))
    assert cli.run(["history"]) == 0
    assert "latency_s" in capsys.readouterr().out


def test_without_arguments_it_reads_what_lies_where_it_usually_does(slowed, capsys):
    save_run(Path("reports/one"), run_at(slowed[0], 0, seed=1))
    assert cli.run(["history"]) == 0
    out = capsys.readouterr().out
    assert "1 regressed" in out
    assert f"{slowed[16][:7]}" in out
    assert cli.run(["history", "--format", "json"]) == 0
    assert {one["source"] for one in json.loads(capsys.readouterr().out)["series"]} == {"asv", "run"}


def test_the_gate_fails_on_what_changed_after_a_revision(slowed, capsys):
    gate = ["history", "--fail-on", "regressed"]
    assert cli.run(gate) == 1
    assert f"--fail-on regressed: 1 change: a.track_x at {slowed[16][:7]}" in capsys.readouterr().err
    assert cli.run([*gate, "--since", slowed[15]]) == 1
    assert cli.run([*gate, "--since", slowed[16]]) == 0
    assert cli.run([*gate, "--min-change", "20%"]) == 0
    capsys.readouterr()
    assert cli.run([*gate, "--since", slowed[-1]]) == 3
    assert "no commit after it was measured" in capsys.readouterr().err


def test_the_gate_lets_repaired_regressions_pass(tmp_path, monkeypatch, capsys):
    revisions = make_repository(tmp_path, 36)
    asv_folder(tmp_path / ".asv" / "results", revisions, noisy(2, (14, 1.0), (10, 1.2), (12, 1.0)))
    monkeypatch.chdir(tmp_path)
    assert cli.run(["history", "--fail-on", "regressed"]) == 0
    assert f"repaired by {revisions[24][:7]}" in capsys.readouterr().out
    assert cli.run(["history", "--fail-on", "changed"]) == 1


def test_the_gate_does_not_pass_where_the_newest_commit_failed(tmp_path, monkeypatch):
    revisions = make_repository(tmp_path, 3)
    asv_folder(tmp_path / ".asv" / "results", revisions, [1.0, 1.0, None])
    monkeypatch.chdir(tmp_path)
    assert cli.run(["history"]) == 0
    assert cli.run(["history", "--fail-on", "regressed"]) == 3


@pytest.mark.parametrize("value", [1.7e308, -1.7e308, 1e-300, 5e-324])
@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_values_that_nothing_has_are_left_out_of_their_series_and_end_nothing(
    tmp_path, monkeypatch, capsys, value, form
):
    """Two of one commit had an infinite median, and the command ended with exit code 70."""
    revisions = make_repository(tmp_path, 30)
    for name in ("e", "f"):
        values = [value if number % 2 else 1.0 for number in range(30)]
        asv_folder(tmp_path / ".asv" / "results", revisions, values, env_name=name)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["history", "--format", form]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    if form == "json":
        (series,) = json.loads(out)["series"]
        assert (set(series["values"]), series["skipped"]) == ({1.0}, 30)


@pytest.mark.usefixtures("slowed")
def test_the_gate_refuses_another_projects_results(capsys):
    asv_folder(Path("others"), ["a" * 40, "b" * 40], [1.0, 1.0])
    assert cli.run(["history", "--asv-results", "others", "--fail-on", "regressed"]) == 2
    assert "a gate needs results of its own history" in capsys.readouterr().err


def test_a_page_is_written(slowed, capsys):
    assert cli.run(["history", "-o", "page.html"]) == 0
    assert capsys.readouterr().out.strip() == "page.html"
    page = Path("page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "1 regressed across commits" in page
    assert slowed[16][:7] in page


def test_a_report_has_a_section_of_history(slowed, capsys):
    run = str(save_run(Path("run"), suite_run()))
    assert cli.run(["report", run, "--asv-results", ".asv/results", "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["changes"][0]["commit"] == slowed[16][:7]
    found = content["findings"]["history"]
    assert "1 regressed" in found
    before = content["changes"][0]["before_text"]
    assert f"The largest move measured is that of a.track_x() on alpha, from {before} to " in found
    assert found.endswith(f" at {slowed[16][:7]}: regressed.")
    assert cli.run(["report", run, "--asv-results", ".asv/results"]) == 0
    page = Path(capsys.readouterr().out.strip()).read_text(encoding="utf-8")
    assert '<section id="history">' in page
    section = page.partition('<section id="history">')[2].partition("</section>")[0]
    drawing = section.partition("<svg")[0] + section.rpartition("</svg>")[2]  # the static one is named by it too
    assert drawing.count(" over 24 commits ") == 1
    assert "1 regressed across commits" in page


def test_a_runs_csv_goes_to_a_file_or_the_terminal(tmp_path, capsys):
    run = str(save_run(tmp_path / "run", suite_run()))
    assert cli.run(["export", run, "--to", "csv"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("run,")
    assert cli.run(["export", run, "--to", "csv", "-o", str(tmp_path / "x.csv")]) == 0
    assert (tmp_path / "x.csv").read_text() == printed


def test_a_run_exported_to_asv_has_a_history(slowed, capsys):
    for number, revision in enumerate(slowed[:2]):
        save_run(Path(f"runs/{number}"), run_at(revision, number, seed=number))
        assert cli.run(["export", f"runs/{number}", "--to", "asv"]) == 0
    capsys.readouterr()
    assert cli.run(["history", "--benchmark", "run.*", "--format", "json"]) == 0
    found = {one["metric"]: one["values"] for one in json.loads(capsys.readouterr().out)["series"]}
    assert found["run.track_latency_s"] == pytest.approx([0.010, 0.010], rel=0.03)


def test_an_export_to_asv_takes_no_file(tmp_path, capsys):
    run = str(save_run(tmp_path / "run", suite_run()))
    assert cli.run(["export", run, "--to", "asv", "-o", str(tmp_path / "x.csv")]) == 2
    assert "--output is of --to csv" in capsys.readouterr().err
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.usefixtures("slowed")
def test_a_measured_run_goes_into_asvs_results_at_once(slowed, monkeypatch, capsys):
    def start(_suite, directory, **_options):
        save_run(directory, run_at(slowed[-1], 0, seed=1))

    monkeypatch.setattr("resnet_bench.commands.run.start", start)
    assert cli.run(["run", "--asv", "--models", "resnet18", "-o", "run"]) == 0
    assert f"asv results: .asv/results/h/{slowed[-1][:8]}-resnet-bench-py3.11" in capsys.readouterr().err
    assert Path("run/report.html").exists()
    assert list(Path(".asv/results/h").glob(f"{slowed[-1][:8]}-resnet-bench-*.json"))


@pytest.mark.usefixtures("slowed")
def test_a_run_that_measured_nothing_or_cannot_be_exported_still_has_its_report(slowed, monkeypatch, capsys):
    def start(_suite, directory, **_options):
        refused = [skip(case(batch_size=4096))]
        save_run(directory, at(slowed[-1], run_of([], skips=refused) if directory.name == "none" else good))

    good = run_at(slowed[-1], 0, seed=1)
    monkeypatch.setattr("resnet_bench.commands.run.start", start)
    assert cli.run(["run", "--asv", "--models", "resnet18", "-o", "none"]) == 0
    assert "warning: no case was measured, so there are no asv results." in capsys.readouterr().err
    Path(".asv/results/benchmarks.json").write_text("{half")
    assert cli.run(["run", "--asv", "--models", "resnet18", "-o", "some"]) == 2
    assert "benchmarks.json: broken JSON" in capsys.readouterr().err
    assert all(Path(name, "report.html").exists() for name in ("none", "some"))


def test_measuring_for_asv_needs_a_clean_checkout(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert cli.run(["run", "--asv", "--models", "resnet18"]) == 2
    assert "this is not a git checkout" in capsys.readouterr().err
    make_repository(tmp_path, 1)
    Path("file").touch()
    git(tmp_path, "reset", "-q")
    git(tmp_path, "add", "file")
    assert cli.run(["run", "--asv", "--models", "resnet18"]) == 2
    assert "there are uncommitted changes" in capsys.readouterr().err
    assert not Path("reports").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--asv-results", "nowhere"], "nowhere is not a folder"),
        (["--asv-results", "{results}", "--machine", "alpah"], "Did you mean 'alpha'?"),
        (["--asv-results", "{results}", "--benchmark", "sorting.track_line"], "Did you mean 'sorting.track_lines'?"),
        (["--asv-results", "{results}", "--machine", ","], "--machine ',' names none"),
        (["--asv-results", "{results}", "--min-change", "3"], "'3' is not a share"),
        (["--asv-results", "{results}", "--fail-on", "regressed", "--since", "v1"], "--since v1"),
        (["--asv-results", "{results}", "--since", "v1"], "--since is of the gate"),
        (["{results}"], "neither a run directory nor a folder of them"),
        (["{results}"], "asv's results go with --asv-results"),
        (["{results}", "--machine", "alpha"], "choose among asv's results"),
        ([], "nothing to read"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(results, capsys, arguments, expected):
    assert cli.run(["history", *(it.format(results=results) for it in arguments)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert expected in err


def test_a_damaged_run_among_others_is_left_out_by_name(slowed, capsys):
    save_run(Path("reports/good"), run_at(slowed[0], 0, seed=1))
    Path("reports/bad").mkdir()
    Path("reports/bad/run.json").write_text("{half")
    assert cli.run(["history", "reports"]) == 0
    assert "1 run was left out: reports/bad/run.json is damaged" in capsys.readouterr().out


@pytest.mark.usefixtures("slowed")
def test_where_no_run_can_be_read_the_first_reason_is_given(capsys):
    Path("broken/one").mkdir(parents=True)
    Path("broken/one/run.json").write_text("{half")
    assert cli.run(["history", "broken"]) == 2
    assert "none of 1 run can be read: broken/one/run.json is damaged" in capsys.readouterr().err


def test_a_commit_whose_date_is_no_date_is_left_out_and_not_exported(slowed, capsys):
    save_run(Path("reports/good"), run_at(slowed[0], 0, seed=1))
    damaged = run_at(slowed[1], 1, seed=2)
    damaged = change(
        damaged, header=change(damaged.header, commit=change(damaged.header.commit, committed_at="x\n::error"))
    )
    save_run(Path("reports/bad"), damaged)
    assert cli.run(["history", "reports"]) == 0
    assert r"a damaged commit ('x\n::error' is not a date such as" in capsys.readouterr().out
    assert cli.run(["export", "reports/bad", "--to", "asv"]) == 2
    assert "is not a date such as" in capsys.readouterr().err
