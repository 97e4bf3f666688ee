"""Series in commit order: who is joined with whom, what is repaired, and what when the order is unknown."""

import json
import math
import subprocess
from pathlib import Path

import msgspec
import pytest

from resnet_bench.analysis.history import history
from resnet_bench.errors import StoreError, UsageError
from resnet_bench.interop import asv_read
from resnet_bench.records import ChangeOutcome, CommitOrder, Figures, SeriesSource
from tests.make import (
    IDENTITY,
    asv_folder,
    beside_reference,
    case,
    change,
    make_repository,
    measurement,
    noisy,
    noisy_launches,
    run_at,
)


def build(folders, repository, runs=(), **options):
    results = [asv_read.read(folder) for folder in folders]
    return history.build(results, runs, sources=["test"], repository=repository, **options)


def named(found, metric):
    return [one for one in found.series if one.metric == metric]


def test_commits_are_in_the_order_of_history_and_not_of_dates(tmp_path):
    revisions = make_repository(tmp_path, 6, backwards=True)
    folder = asv_folder(tmp_path / "results", revisions[::-1], [6.0, 5.0, 4.0, 3.0, 2.0, 1.0])
    found, _ = build([folder], tmp_path)
    assert found.order is CommitOrder.HISTORY
    assert [commit.revision for commit in found.commits] == revisions
    assert found.series[0].values == (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)


def test_a_regression_has_its_commit_range_size_interval_and_outcome(tmp_path):
    revisions = make_repository(tmp_path, 24)
    found, _ = build([asv_folder(tmp_path / "results", revisions, noisy(1, (16, 1.0), (8, 1.1)))], tmp_path)
    (change,) = found.series[0].changes
    assert change.first_after == 16
    assert change.last_before == 15
    assert change.after < 16 <= change.by
    assert change.outcome is ChangeOutcome.REGRESSED
    assert change.interval.low < 1.1 < change.interval.high
    assert change.ratio == pytest.approx(1.1, rel=0.01)
    assert change.repaired_by is None


def test_a_regression_that_was_repaired_is_said_to_be(tmp_path):
    revisions = make_repository(tmp_path, 36)
    values = noisy(2, (14, 1.0), (10, 1.2), (12, 1.0))
    found, _ = build([asv_folder(tmp_path / "results", revisions, values)], tmp_path)
    worse, better = found.series[0].changes
    assert (worse.outcome, worse.repaired_by) == (ChangeOutcome.REGRESSED, 24)
    assert (better.outcome, better.repaired_by) == (ChangeOutcome.IMPROVED, None)


def test_a_regression_that_was_half_repaired_still_stands(tmp_path):
    revisions = make_repository(tmp_path, 36)
    values = noisy(2, (14, 1.0), (10, 1.3), (12, 1.15))
    found, _ = build([asv_folder(tmp_path / "results", revisions, values)], tmp_path)
    assert [change.repaired_by for change in found.series[0].changes] == [None, None]


def test_changes_below_the_smallest_one_asked_for_are_left_out(tmp_path):
    revisions = make_repository(tmp_path, 40)
    folder = asv_folder(tmp_path / "results", revisions, noisy(3, (20, 1.0), (20, 1.04)))
    assert len(build([folder], tmp_path, min_change=0.02)[0].series[0].changes) == 1
    assert build([folder], tmp_path, min_change=0.06)[0].series[0].changes == ()


def test_any_difference_of_an_exact_metric_is_a_change(tmp_path):
    revisions = make_repository(tmp_path, 3)
    folder = asv_folder(tmp_path / "results", revisions, [0.0] * 3)
    for path, value in zip(
        sorted(folder.glob("*/*.json"), key=lambda it: revisions.index(_revision(it))), (7, 7, 8), strict=True
    ):
        content = json.loads(path.read_text())
        content["results"] = {"static.Static.track_parameters": [[value], [], "1"]}
        path.write_text(json.dumps(content))
    (series,) = build([folder], tmp_path)[0].series
    assert series.exact
    (change,) = series.changes
    assert (change.first_after, change.interval, change.ratio) == (2, None, 8 / 7)


def _revision(path):
    return json.loads(path.read_text())["commit_hash"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"requirements": {"torch": "2.14"}}, "torch 2.13 became 2.14"),
        ({"python": "3.12"}, "python 3.11 became 3.12"),
        ({"env_vars": {"OMP": "4"}}, "env-OMP none became 4"),
        ({"params": {"machine": "alpha", "gpu": "H200"}}, "gpu none became H200"),
        ({"results": {"a.track_x": [[9.0], [], "2"]}}, "benchmark version 1 became 2"),
    ],
)
def test_another_identity_is_never_joined(tmp_path, changes, said):
    revisions = make_repository(tmp_path, 6)
    asv_folder(tmp_path / "results", revisions[:3], [1.0, 1.0, 1.0])
    asv_folder(tmp_path / "results", revisions[3:], [9.0, 9.0, 9.0], env_name="f", **changes)
    found, _ = build([tmp_path / "results"], tmp_path)
    assert [one.commits for one in found.series] == [(0, 1, 2), (3, 4, 5)]
    assert [one.changes for one in found.series] == [(), ()]
    note = next(note for note in found.notes if "anew" in note)
    assert note.startswith("1 series starts anew and is not joined: ")
    assert said in note


@pytest.mark.parametrize("latest", ["", None])
def test_an_empty_requirement_and_an_absent_one_are_the_same(tmp_path, latest):
    revisions = make_repository(tmp_path, 2)
    asv_folder(tmp_path / "results", revisions[:1], [1.0], requirements={"torch": "2.13", "pandas": latest})
    asv_folder(tmp_path / "results", revisions[1:], [1.0])
    found, _ = build([tmp_path / "results"], tmp_path)
    assert len(found.series) == 1
    assert not any("anew" in note for note in found.notes)


def test_a_kernel_update_does_not_cut_a_series(tmp_path):
    revisions = make_repository(tmp_path, 2)
    asv_folder(tmp_path / "results", revisions[:1], [1.0], params={"machine": "alpha", "os": "Linux 6.1", "ram": "100"})
    asv_folder(tmp_path / "results", revisions[1:], [1.0], params={"machine": "alpha", "os": "Linux 6.2", "ram": "101"})
    assert len(build([tmp_path / "results"], tmp_path)[0].series) == 1


def test_several_machines_are_several_series(tmp_path):
    revisions = make_repository(tmp_path, 2)
    asv_folder(tmp_path / "results", revisions, [1.0, 1.0])
    asv_folder(tmp_path / "results", revisions, [2.0, 2.0], machine="beta")
    found, _ = build([tmp_path / "results"], tmp_path)
    assert [one.machine for one in found.series] == ["alpha", "beta"]


def test_runs_of_one_commit_are_pooled_launch_by_launch(tmp_path):
    revisions = make_repository(tmp_path, 2)
    runs = [run_at(revisions[0], 0, seed=1), run_at(revisions[0], 0, seed=2), run_at(revisions[1], 1, seed=3)]
    found, _ = build([], tmp_path, runs)
    (latency,) = named(found, "latency_s")
    assert latency.source is SeriesSource.RUN
    assert latency.commits == (0, 1)
    assert latency.values[0] == pytest.approx(0.010, rel=0.02)
    assert latency.low[0] < latency.values[0] < latency.high[0]
    assert named(found, "parameters")[0].exact
    assert named(found, "throughput_images_per_s")[0].higher_is_better


def test_machines_of_a_joined_run_keep_their_own_series(tmp_path):
    revisions = make_repository(tmp_path, 2)
    alone = run_at(revisions[0], 0, seed=1)
    joined = run_at(revisions[1], 1, seed=2)
    other = measurement(noisy_launches(3, factor=9.0), of=case(machine="quick box"), environment="e2")
    here = measurement(noisy_launches(2), of=case(machine="slow box"))
    first = joined.header.environments[0]
    second = msgspec.structs.replace(first, id="e2", state=msgspec.structs.replace(first.state, hostname="quick"))
    header = msgspec.structs.replace(joined.header, environments=(first, second), cases=(here.case, other.case))
    joined = msgspec.structs.replace(joined, header=header, measurements=(here, other))
    found, _ = build([], tmp_path, [alone, joined])
    assert {(one.machine, one.case): one.commits for one in named(found, "latency_s")} == {
        ("h", case().key): (0, 1),
        ("quick", case().key): (1,),
    }


def test_launches_that_stand_in_several_runs_count_once(tmp_path):
    (revision,) = make_repository(tmp_path, 1)
    one, two = run_at(revision, 0, seed=1), run_at(revision, 0, seed=2)
    joined = msgspec.structs.replace(
        one,
        header=msgspec.structs.replace(one.header, id="joined", merged=("run-0-1", "run-0-2")),
        measurements=tuple(
            msgspec.structs.replace(first, launches=first.launches + second.launches)
            for first, second in zip(one.measurements, two.measurements, strict=True)
        ),
    )
    alone, _ = build([], tmp_path, [one, two])
    beside, _ = build([], tmp_path, [one, two, joined, one])
    assert beside.series == alone.series
    assert "12 launches of joined stand in another of these runs too and count once." in beside.notes


def test_what_a_run_exported_to_asv_counts_once(tmp_path):
    revisions = make_repository(tmp_path, 2)
    exported = asv_folder(
        tmp_path / "results", revisions, [1.0, 1.0], results={"run.track_latency_s": [[0.01], [], "1"]}
    )
    found, _ = build([exported], tmp_path, [run_at(revisions[0], 0, seed=1)])
    (from_asv,) = named(found, "run.track_latency_s")
    assert from_asv.commits == (1,)  # of the other commit no run is read
    assert named(found, "latency_s")[0].commits == (0,)
    assert "1 value that runs exported to asv count once: the runs themselves are read here." in found.notes


def test_what_was_wrong_with_a_run_is_said(tmp_path):
    revisions = make_repository(tmp_path, 1)
    run = msgspec.structs.replace(run_at(revisions[0], 0, seed=1), warnings=("line 7 is half-written",))
    found, _ = build([], tmp_path, [run])
    assert "run-0-1: line 7 is half-written" in found.notes


def test_slower_runs_are_a_regression_and_less_throughput_is_too(tmp_path):
    revisions = make_repository(tmp_path, 16)
    runs = [run_at(it, number, seed=number, factor=1.2 if number >= 10 else 1.0) for number, it in enumerate(revisions)]
    found, _ = build([], tmp_path, runs)
    for metric in ("latency_s", "throughput_images_per_s"):
        (change,) = named(found, metric)[0].changes
        assert (change.first_after, change.outcome) == (10, ChangeOutcome.REGRESSED)


def drifting(runs, speeds, *, without=()):
    """Return the runs as if the machine had been so much slower, and the reference beside the launches as well."""
    slowed = []
    for number, (run, slow) in enumerate(zip(runs, speeds, strict=True)):
        (one,) = run.measurements
        launches = [
            it if number in without else beside_reference(slower(it, slow), 0.0034 * slow) for it in one.launches
        ]
        slowed.append(change(run, measurements=(change(one, launches=tuple(launches)),)))
    return slowed


def slower(launch, factor):
    isolated, together = (
        change(it, elapsed_s=tuple(factor * s for s in it.elapsed_s)) for it in (launch.isolated, launch.back_to_back)
    )
    return change(launch, isolated=isolated, back_to_back=together)


def test_runs_are_corrected_for_drift_before_a_level_is_looked_for(tmp_path):
    revisions = make_repository(tmp_path, 16)
    runs = [run_at(it, number, seed=number, factor=1.1 if number >= 10 else 1.0) for number, it in enumerate(revisions)]
    speeds = [(1.0, 1.3, 0.85, 1.15)[number % 4] for number in range(16)]
    found, _ = build([], tmp_path, drifting(runs, speeds))
    assert "2 series of runs are corrected for drift by their reference." in found.notes
    for metric in ("latency_s", "throughput_images_per_s"):
        (series,) = named(found, metric)
        assert series.figures is Figures.CORRECTED
        (moved,) = series.changes
        assert moved.first_after == 10
        assert moved.ratio == pytest.approx(1.1 if metric == "latency_s" else 1 / 1.1, rel=0.03)


def test_a_series_with_a_run_that_has_no_reference_is_judged_as_measured_and_that_is_said(tmp_path):
    revisions = make_repository(tmp_path, 3)
    runs = [run_at(it, number, seed=number) for number, it in enumerate(revisions)]
    found, _ = build([], tmp_path, drifting(runs, [1.0, 1.5, 1.0], without=(2,)))
    (latency,) = named(found, "latency_s")
    assert latency.figures is Figures.RAW
    assert latency.values[1] == pytest.approx(0.015, rel=0.05)
    said = "2 series of runs are judged as measured, not corrected for drift: not all of them have the same reference."
    assert said in found.notes


def test_runs_on_another_torch_or_of_another_case_are_not_joined(tmp_path):
    revisions = make_repository(tmp_path, 2)
    newer = msgspec.structs.replace(IDENTITY, torch="2.14.0")
    runs = [run_at(revisions[0], 0, seed=1), run_at(revisions[1], 1, seed=2, identity=newer)]
    runs.append(run_at(revisions[1], 1, seed=3, of=case(batch_size=8)))
    found, _ = build([], tmp_path, runs)
    assert len(named(found, "latency_s")) == 3
    assert any("torch 2.13.0 became 2.14.0" in note for note in found.notes)


def test_runs_with_uncommitted_changes_are_left_out_by_name(tmp_path):
    revisions = make_repository(tmp_path, 1)
    runs = [run_at(revisions[0], 0, seed=1), run_at(revisions[0], 0, seed=2, dirty=True)]
    found, _ = build([], tmp_path, runs)
    assert "runs with uncommitted changes are left out: run-0-2." in found.notes


def test_a_shallow_clone_falls_back_to_dates_and_says_so(tmp_path):
    whole, shallow = tmp_path / "whole", tmp_path / "shallow"
    whole.mkdir()
    revisions = make_repository(whole, 5)
    subprocess.run(["git", "clone", "-q", "--depth", "2", whole.as_uri(), str(shallow)], check=True)
    found, _ = build([asv_folder(tmp_path / "results", revisions, [1.0] * 5)], shallow)
    assert found.order is CommitOrder.DATES
    assert [commit.revision for commit in found.commits] == revisions
    note = next(note for note in found.notes if "shallow clone" in note)
    assert "the order of 3 of 5 commits is unknown" in note
    assert "git fetch --unshallow" in note


def test_commits_of_other_branches_are_left_out_by_name(tmp_path):
    revisions = make_repository(tmp_path, 3)
    folder = asv_folder(tmp_path / "results", [*revisions, "f" * 40], [1.0] * 4)
    found, _ = build([folder], tmp_path)
    assert len(found.commits) == 3
    assert any(
        "1 of 4 measured commits are not in the history of HEAD" in note and "ffffffffff" in note
        for note in found.notes
    )


def test_another_projects_results_are_ordered_by_date_and_said_to_be(tmp_path):
    make_repository(tmp_path, 2)
    folder = asv_folder(tmp_path / "results", ["a" * 40, "b" * 40], [1.0, 2.0])
    found, ordering = build([folder], tmp_path)
    assert ordering.foreign
    assert any("results of another project?" in note for note in found.notes)
    found, ordering = build([folder], Path("/"))
    assert not ordering.foreign
    assert any("is not a git repository" in note for note in found.notes)


def test_an_unknown_branch_is_an_error_with_the_nearest(tmp_path):
    revisions = make_repository(tmp_path, 1)
    folder = asv_folder(tmp_path / "results", revisions, [1.0])
    with pytest.raises(UsageError, match="Did you mean 'main'"):
        build([folder], tmp_path, branch="mian")


def test_failures_at_the_newest_commit_are_counted(tmp_path):
    revisions = make_repository(tmp_path, 3)
    folder = asv_folder(tmp_path / "results", revisions, [1.0, 1.0, None])
    found, _ = build([folder], tmp_path)
    assert found.failing == 1
    assert found.series[0].failed == 1
    assert found.series[0].commits == (0, 1)


def test_a_benchmark_that_always_failed_is_counted_among_all(tmp_path):
    revisions = make_repository(tmp_path, 2)
    found, _ = build([asv_folder(tmp_path / "results", revisions, [None, None])], tmp_path)
    assert found.series == ()
    assert "1 of 1 series failed at the newest commit." in found.notes
    assert "1 series has no value at any commit, and no row: 1 failed (a.track_x)." in found.notes


def test_series_without_any_value_are_one_note_with_the_first_names(tmp_path):
    revisions = make_repository(tmp_path, 2)
    results = {
        "a.track_good": [[1.0], [], "1"],
        "b.track_null": [None, [["'x'", "'y'"]], "1"],
        "c.track_text": [["1"], [], "1"],
        "d.track_nan": [[math.nan] * 300, [list(map(str, range(300)))], "1"],
    }
    found, _ = build([asv_folder(tmp_path / "results", revisions, [0.0] * 2, results=results)], tmp_path)
    assert [one.metric for one in found.series] == ["a.track_good"]
    (said,) = (note for note in found.notes if "no value" in note)
    assert said == (
        "303 series have no value at any commit, and no row: 3 failed (b.track_null (x), b.track_null (y) and "
        "c.track_text), 300 skipped (d.track_nan (0), d.track_nan (1), d.track_nan (10) and 297 more)."
    )


def test_a_series_with_a_value_anywhere_is_no_note(tmp_path):
    revisions = make_repository(tmp_path, 3)
    found, _ = build([asv_folder(tmp_path / "results", revisions, [None, 1.0, math.nan])], tmp_path)
    assert len(found.series) == 1
    assert not any("no value" in note for note in found.notes)


def test_only_dirty_runs_are_nothing_to_show(tmp_path):
    revisions = make_repository(tmp_path, 1)
    with pytest.raises(StoreError, match="no measured commit"):
        build([], tmp_path, [run_at(revisions[0], 0, seed=1, dirty=True)])


def test_a_series_that_cannot_be_judged_is_a_note_and_keeps_its_points(tmp_path, monkeypatch):
    def faulty(*_arguments, **_options):
        raise IndexError("list index out of range")

    monkeypatch.setattr("resnet_bench.analysis.history.series_worker.judged", faulty)
    revisions = make_repository(tmp_path, 3)
    found, _ = build([asv_folder(tmp_path / "results", revisions, [1.0, 1.0, 2.0])], tmp_path)
    assert found.series[0].values == (1.0, 1.0, 2.0)
    assert found.unjudged == 1
    assert any(
        "a.track_x on alpha could not be judged (IndexError: list index out of range)" in it for it in found.notes
    )
