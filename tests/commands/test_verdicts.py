"""compare, check and baseline as a user runs them: files in, golden output and exit code out."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest

from resnet_bench.records import Band, BandSource, SkipReason
from resnet_bench.records.calibration import Calibration
from resnet_bench.storage import record_file
from tests import goldens
from tests.commands.workplace import NASTY, measured, run
from tests.make import (
    IDENTITY,
    beside_reference,
    case,
    change,
    measurement,
    noisy_launches,
    profile,
    run_of,
    save_run,
    skip,
)


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize(("form", "ending"), [("text", "txt"), ("markdown", "md")])
def test_compare_in_every_format(capsys, form, ending):
    code, out, err = run(capsys, "compare", "old", "new", "--format", form)
    assert (code, err) == (0, "")
    goldens.check(out, f"verdicts/compare.{ending}")


@pytest.mark.parametrize("name", ["outlier_hide", "mem"])
def test_what_was_once_judged_wrongly(capsys, name):
    """Schema 1. One launch of 3 s hid +10 %; 4 KiB less memory made another machine of the same one."""
    folder = Path(__file__).parents[1] / "data" / "verdicts" / name
    code, out, err = run(capsys, "compare", folder / "base", folder / "new", "--fail-on", "regressed")
    assert (code, err) == (1 if name == "outlier_hide" else 0, "")
    goldens.check(out, f"verdicts/{name}.txt")


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize(("form", "ending"), [("text", "txt"), ("markdown", "md")])
def test_check_in_every_format(capsys, form, ending):
    assert run(capsys, "baseline", "set", "main", "old")[0] == 0
    code, out, err = run(capsys, "check", "new", "--baseline", "main", "--format", form)
    assert (code, err) == (1, "")
    goldens.check(out, f"verdicts/check.{ending}")


def test_where_ratios_are_corrected_it_is_said_what_beside_them_is_not(tmp_path, capsys):
    for number, name in enumerate(("one", "two")):
        speeds = [1 + 0.02 * it + 0.05 * number for it in range(6)]
        whole = measurement([[0.05 * speed] * 8 for speed in speeds])
        launches = [beside_reference(it, 0.003 * speed) for it, speed in zip(whole.launches, speeds, strict=True)]
        save_run(tmp_path / name, run_of([change(whole, launches=tuple(launches))], name=name))
    _, out, _ = run(capsys, "compare", tmp_path / "one", tmp_path / "two")
    assert "latency corrected for drift [ms]" in out
    assert "as measured, not corrected: ratio of 1.048, and all percentiles\n" in out
    content = json.loads(run(capsys, "report", tmp_path / "one", tmp_path / "two", "--format", "json")[1])
    tables = (content.get(f"{name}-0", []) for name in ("differences", "unchanged"))
    figures = {row["metric"]: row["figures"] for rows in tables for row in rows}
    assert (figures["latency"], figures["throughput"], figures["peak RSS"]) == ("corrected", "corrected", "raw")


def test_a_baseline_of_an_older_schema_is_compared_as_measured(tmp_path, capsys):
    """It holds no corrected figures, and bands that do not say which figures they are of."""
    runs = []
    for number in range(4):
        whole = measurement(noisy_launches(number))
        launches = tuple(beside_reference(it, 0.003) for it in whole.launches)
        runs.append(save_run(tmp_path / f"r{number}", run_of([change(whole, launches=launches)], name=f"r{number}")))
    folder = ("--baselines-dir", tmp_path / "baselines")
    code, out, _ = run(capsys, "baseline", "set", "main", *runs[:3], *folder)
    assert code == 0
    for said in ("latency_s as measured: 1 %", "latency_s corrected for drift: 1 %", "peak_rss_bytes: 1 %"):
        assert f"noise band of {said} (baseline); changes below 1 % cannot be seen" in out
    path = tmp_path / "baselines" / "main.json"
    stored = json.loads(path.read_text()) | {"schema": 1}
    for summary in (it for of in stored["cases"] for it in of["summaries"]):
        del summary["corrected"]
    stored["bands"] = [{name: it[name] for name in ("metric", "width", "source")} for it in stored["bands"]][-3:]
    path.write_text(json.dumps(stored))
    code, out, _ = run(capsys, "compare", "main", runs[3], *folder)
    assert code == 0
    assert "not corrected for drift: the baseline has no reference samples" in out
    assert "latency [ms], lower is better" in out


def test_two_models_of_one_run_are_compared(tmp_path, capsys):
    measured_at = {"resnet18": 0.01, "resnet50": 0.03}
    cases = [measurement(noisy_launches(1, center=at), of=case(name)) for name, at in measured_at.items()]
    directory = save_run(tmp_path / "mine", run_of(cases))
    sides = ("--case-a", "model=resnet50", "--case-b", "model=resnet18")
    code, out, _ = run(capsys, "compare", directory, *sides)
    assert (code, "resnet18 (mine)" in out, "improved" in out) == (0, True, True)
    assert run(capsys, "compare", directory)[0] == 2
    assert run(capsys, "compare", directory, "--case-a", "model=resnet34", "--case-b", "model=resnet18")[0] == 2


@pytest.mark.usefixtures("workplace")
def test_names_from_files_are_data(capsys):
    _, markdown, _ = run(capsys, "compare", "old", "new", "--format", "markdown", "--all")
    assert "<script>" not in markdown
    assert "a\\|b&lt;script&gt;\\`x\\`&#64;me\\\\n::error::%" in markdown
    _, text, err = run(capsys, "compare", "old", "new", "--github", "--all")
    assert not any(line.startswith("::error::") for line in (text + err).splitlines())


def test_junit_and_github(workplace, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(workplace / "summary.md"))
    code, _, err = run(capsys, "compare", "old", "new", "--junit", "out.xml", "--github", "--fail-on", "regressed")
    assert code == 1
    goldens.check(Path("out.xml").read_text(encoding="utf-8"), "verdicts/compare.junit.xml")
    goldens.check(err, "verdicts/compare.annotations")
    assert "### latency" in Path("summary.md").read_text(encoding="utf-8")
    run(capsys, "baseline", "set", "main", "old")
    _, _, err = run(capsys, "check", "new", "--baseline", "main", "--junit", "gate.xml", "--github")
    goldens.check(Path("gate.xml").read_text(encoding="utf-8"), "verdicts/check.junit.xml")
    goldens.check(err, "verdicts/check.annotations")
    suite = ET.parse("gate.xml").getroot()  # noqa: S314 - our own file
    assert int(suite.get("tests")) == len(suite.findall("testcase"))


@pytest.mark.usefixtures("workplace")
def test_json_is_the_record_and_ratios_have_every_certain_digit(capsys):
    rows = json.loads(run(capsys, "compare", "old", "new", "--format", "json")[1])["comparisons"]
    row = next(it for it in rows if it["case"]["model"] == "resnet50" and it["metric"] == "latency_s")
    assert row["ratio"] == pytest.approx(row["contender"] / row["baseline"], rel=1e-11)
    assert row["interval"]["confidence"] == 0.99


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize(
    ("fail_on", "contender", "code"),
    [("regressed", "new", 1), ("changed", "new", 1), ("inconclusive", "new", 1), ("inconclusive", "same", 0)],
)
def test_fail_on(capsys, fail_on, contender, code):
    assert run(capsys, "compare", "old", contender, "--fail-on", fail_on)[0] == code


def test_nothing_comparable_is_incomplete(workplace, capsys):
    other = run_of([measured("resnet18", 1, 1)], name="other", identity=change(IDENTITY, torch="1"))
    other = change(other, measurements=tuple(change(it, profile=None) for it in other.measurements))
    save_run(workplace / "other", change(other, header=change(other.header, profiles=())))
    code, out, _ = run(capsys, "compare", "old", "other")
    assert code == 3
    assert "torch" in out
    assert run(capsys, "compare", "old", "other", "--across", "torch")[0] == 0


@pytest.mark.parametrize(
    ("was", "damaged"),
    [('"iterations_per_sample":1', '"iterations_per_sample":0'), ('"elapsed_s":[0.', '"elapsed_s":[-0.')],
)
@pytest.mark.usefixtures("workplace")
def test_a_launch_that_no_clock_can_have_measured_is_set_aside(capsys, was, damaged):
    lines = Path("new/launches.jsonl").read_text(encoding="utf-8")
    assert was in lines
    Path("new/launches.jsonl").write_text(lines.replace(was, damaged, 1), encoding="utf-8")
    code, _, err = run(capsys, "compare", "old", "new")
    assert (code, len(err.splitlines())) == (0, 1)
    assert "launches.jsonl, line 1: " in err
    assert "it was set aside" in err


@pytest.mark.parametrize("fail_on", [(), ("--fail-on", "regressed")])
def test_exact_metrics_that_agree_are_no_comparison(workplace, capsys, fail_on):
    """Parameters agree on any two machines; a gate that compares nothing else has measured nothing."""
    save_run(
        workplace / "there", run_of([measured("resnet18", 1, 1)], name="there", identity=change(IDENTITY, torch="1"))
    )
    code, out, _ = run(capsys, "compare", "old", "there", *fail_on)
    assert (code, "unchanged" in out) == (3, True)


@pytest.mark.usefixtures("workplace")
def test_a_run_that_is_compared_with_itself_is_told_so(capsys):
    run(capsys, "baseline", "set", "main", "old")
    assert "old is compared with itself: both sides are run-old." in run(capsys, "compare", "old", "old")[1]
    assert "main: both sides are run-old" not in run(capsys, "check", "new", "--baseline", "main")[1]
    assert "both sides are run-old" in run(capsys, "check", "old", "--baseline", "main")[1]
    run(capsys, "baseline", "set", "two", "old", "same")
    said = "1 run stands on both sides (run-old): the part that it has in two cannot differ from itself."
    assert said in run(capsys, "check", "old", "--baseline", "two")[1]


@pytest.mark.usefixtures("workplace")
def test_a_joined_run_is_told_which_of_its_runs_stand_on_the_other_side_too(capsys):
    assert run(capsys, "merge", "old", "same", "-o", "both")[0] == 0
    said = "1 run stands on both sides (run-old)"
    run(capsys, "baseline", "set", "main", "old")
    assert said in run(capsys, "check", "both", "--baseline", "main")[1]
    run(capsys, "baseline", "set", "joined", "both")
    assert said in run(capsys, "check", "old", "--baseline", "joined")[1]
    assert "stands on both sides" not in run(capsys, "check", "new", "--baseline", "joined")[1]


def test_a_baseline_says_which_of_its_runs_drift(workplace, capsys):
    """Later nobody can tell: a baseline of several runs has lost the order of its launches."""
    climbing = [[it * 1.02**index for it in launch] for index, launch in enumerate(noisy_launches(1, noise=1e-4))]
    for number, launches in enumerate((noisy_launches(2), climbing, noisy_launches(3))):
        save_run(workplace / f"d{number}", run_of([measurement(launches)], name=f"d{number}"))
    _, _, err = run(capsys, "baseline", "set", "main", "d0", "d1", "d2")
    assert "d1: latencies of 1 case climb through the run (by about 10 %" in err
    assert "d0: " not in err


def test_a_baseline_says_what_its_band_means_and_what_narrows_it(workplace, capsys):
    for name, factor in (("b0", 1.0), ("b1", 1.02), ("b2", 0.98)):
        save_run(workplace / name, run_of([measurement(noisy_launches(ord(name[-1]), factor=factor))], name=name))
    assert "no noise band: it takes 3 runs of two launches" in run(capsys, "baseline", "set", "one", "b0")[1]
    alone = run(capsys, "baseline", "set", "three", "b0", "b1", "b2")[1]
    width = r"2\d %"
    said = rf"noise band of latency_s: {width} \(baseline\); changes below {width} cannot be seen"
    assert re.search(rf"{said}; two more runs would bring it to about \d+(\.\d)? %", alone)
    known = Band(metric="latency_s", width=0.05, source=BandSource.CALIBRATION, shift=0.01, degrees=6, runs=1)
    kept = Calibration(environment="e1", device_name="d", created_at="t", bands=(known,), cases=())
    record_file.write(kept, Path("reports/calibration.json"))
    both = run(capsys, "baseline", "set", "three", "b0", "b1", "b2")[1]
    assert re.search(r"latency_s: [45](\.\d)? % \(baseline and calibration\)", both)
    assert "(baseline and calibration)" in run(capsys, "compare", "three", "new")[1]


def test_three_runs_that_differ_teach_a_band_that_hides_no_regression(workplace, capsys):
    for name, factor in (("b0", 1.0), ("b1", 1.02), ("b2", 0.98), ("n20", 1.2)):
        launches = noisy_launches(len(name) + ord(name[-1]), factor=factor, noise=0.005)
        save_run(workplace / name, run_of([measurement(launches)], name=name))
    run(capsys, "baseline", "set", "three", "b0", "b1", "b2")
    Path("thresholds.toml").write_text('[[rule]]\nmetric = "latency_s"\nlimit = "5 %"\n', encoding="utf-8")
    code, out, _ = run(capsys, "check", "n20", "--baseline", "three", "--junit", "gate.xml")
    assert (code, out.splitlines()[0]) == (3, "check: undecided")
    assert "rule 1: latency_s, limit 5 %: this run sees changes from" in out
    assert ET.parse("gate.xml").getroot().get("skipped") == "1"  # noqa: S314 - our own file
    Path("thresholds.toml").write_text('undecided = "warn"\n[[rule]]\nmetric = "latency_s"\nlimit = "5 %"\n')
    code, out, _ = run(capsys, "check", "n20", "--baseline", "three")
    assert (code, out.splitlines()[0]) == (0, "check: undecided")


def test_check_passes_warns_and_updates(workplace, capsys):
    run(capsys, "baseline", "set", "main", "old")
    assert run(capsys, "check", "same", "--baseline", "main")[0] == 0
    before = Path("reports/baselines/main.json").read_text(encoding="utf-8")
    assert "the baseline stays" in run(capsys, "check", "same", "--baseline", "main", "--update")[2]
    assert Path("reports/baselines/main.json").read_text(encoding="utf-8") == before
    better = [measured("resnet18", 1, 21, 0.8), measured("resnet18", 8, 2), measured("resnet50", 1, 3)]
    better += [measured("resnet50", 8, 4), measured(NASTY, 1, 5)]
    save_run(workplace / "better", run_of(better, name="run-better"))
    code, out, err = run(capsys, "check", "better", "--baseline", "main", "--update")
    assert code == 0
    assert "improved: resnet18" in out
    assert "wrote the replacement baseline reports/baselines/main.json (2 improved values; the rest stays)" in err
    after = json.loads(Path("reports/baselines/main.json").read_text(encoding="utf-8"))
    assert (after["name"], after["runs"]) == ("main", ["run-old", "run-better"])
    first, *rest = after["cases"]
    was, *rest_was = json.loads(before)["cases"]
    assert rest == rest_was
    assert first["summaries"][0]["median"] < 0.9 * was["summaries"][0]["median"]
    assert "nothing improved and nothing is new" in run(capsys, "check", "better", "--baseline", "main", "--update")[2]


def test_an_update_leaves_what_got_worse_within_the_limits(workplace, capsys):
    """Else twenty changes of 4 % under a limit of 5 % would pass one after the other."""
    mixed = [measured("resnet18", 1, 21, 0.8), measured("resnet18", 8, 2, 1.04)]
    run(capsys, "baseline", "set", "main", "old")
    before = json.loads(Path("reports/baselines/main.json").read_text(encoding="utf-8"))["cases"]
    rest = [measured("resnet50", 1, 3), measured("resnet50", 8, 4), measured(NASTY, 1, 5)]
    save_run(workplace / "mixed", run_of([*mixed, *rest], name="run-mixed"))
    assert run(capsys, "check", "mixed", "--baseline", "main", "--update")[0] == 0
    after = json.loads(Path("reports/baselines/main.json").read_text(encoding="utf-8"))["cases"]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True, True, True, True]


def test_an_update_adds_new_cases_and_refuses_another_machine(workplace, capsys):
    run(capsys, "baseline", "set", "main", "old")
    known = [measured("resnet18", 1, 1), measured("resnet18", 8, 2), measured("resnet50", 1, 3)]
    known += [measured("resnet50", 8, 4), measured(NASTY, 1, 5)]
    save_run(workplace / "more", run_of([*known, measured("resnet34", 1, 6)], name="run-more"))
    code, out, err = run(capsys, "check", "more", "--baseline", "main", "--update")
    assert (code, "1 new case; the rest stays" in err) == (0, True)
    assert "not measured in the baseline" in out
    assert run(capsys, "check", "old", "--baseline", "main")[0] == 3
    elsewhere = run_of([*known, measured("resnet34", 1, 6, 0.8)], name="there", identity=change(IDENTITY, torch="1"))
    save_run(workplace / "there", elsewhere)
    before = Path("reports/baselines/main.json").read_text(encoding="utf-8")
    code, _, err = run(capsys, "check", "there", "--baseline", "main", "--across", "torch", "--update")
    assert code == 2
    assert "--update: there differs from the baseline in torch" in err
    assert Path("reports/baselines/main.json").read_text(encoding="utf-8") == before


def test_an_update_adds_what_is_new_where_that_is_all_that_the_rules_match(workplace, capsys):
    run(capsys, "baseline", "set", "main", "old")
    known = [measured("resnet18", 1, 1), measured("resnet18", 8, 2), measured("resnet50", 1, 3)]
    known += [measured("resnet50", 8, 4), measured(NASTY, 1, 5), measured("resnet34", 1, 6)]
    save_run(workplace / "more", run_of(known, name="run-more"))
    Path("thresholds.toml").write_text('[[rule]]\nmetric = "latency_s"\nlimit = "5 %"\nmodel = "resnet34"\n')
    code, out, err = run(capsys, "check", "more", "--baseline", "main", "--update")
    assert (code, out.splitlines()[0]) == (3, "check: incomplete")
    assert "1 new case; the rest stays" in err
    code, out, _ = run(capsys, "check", "more", "--baseline", "main")
    assert (code, out.splitlines()[0]) == (0, "check: passed")


def test_an_update_leaves_out_new_values_of_a_single_launch(workplace, capsys):
    """Nothing could be told apart from them later, so they would stay for good."""
    run(capsys, "baseline", "set", "main", "old")
    before = Path("reports/baselines/main.json").read_text(encoding="utf-8")
    known = [measured("resnet18", 1, 1), measured("resnet18", 8, 2), measured("resnet50", 1, 3)]
    known += [measured("resnet50", 8, 4), measured(NASTY, 1, 5)]
    single = measurement(noisy_launches(6, count=1), of=case(model="resnet34"), profile=profile(case(model="resnet34")))
    save_run(workplace / "single", run_of([*known, single], name="run-single"))
    code, out, err = run(capsys, "check", "single", "--baseline", "main", "--update")
    assert code == 0
    assert "of a single launch, which check --update leaves out" in out
    assert "nothing is new (3 of a single launch left out: measure at least 6), so the baseline stays" in err
    assert Path("reports/baselines/main.json").read_text(encoding="utf-8") == before


def test_a_copied_baseline_is_one_of_its_own(workplace, capsys):
    run(capsys, "baseline", "set", "main", "old")
    before = Path("reports/baselines/main.json").read_text(encoding="utf-8")
    Path("reports/baselines/release.json").write_text(before, encoding="utf-8")
    fast = [measured("resnet18", 1, 21, 0.8), measured("resnet18", 8, 2), measured("resnet50", 1, 3)]
    save_run(workplace / "fast", run_of([*fast, measured("resnet50", 8, 4), measured(NASTY, 1, 5)], name="run-fast"))
    assert "reports/baselines/release.json" in run(capsys, "check", "fast", "--baseline", "release", "--update")[2]
    assert Path("reports/baselines/main.json").read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("stored", "altered", "said"),
    [
        ('"macs"', '"mcas"', "'mcas' is not a metric"),
        ('"bands": []', '"bands": [{"metric": "latency_s", "width": -2.0, "source": "baseline"}]', "must be above 0"),
        ('"bands": []', '"bands": [{"metric": "latency_s", "width": 1e308, "source": "baseline"}]', "at most 100"),
        (
            '"bands": []',
            '"bands": [{"metric": "speed", "width": 0.1, "source": "baseline"}]',
            "'speed' is not a metric",
        ),
    ],
)
@pytest.mark.usefixtures("workplace")
def test_a_baseline_file_with_what_no_baseline_holds(capsys, stored, altered, said):
    run(capsys, "baseline", "set", "main", "old")
    path = Path("reports/baselines/main.json")
    text = path.read_text(encoding="utf-8")
    assert stored in text
    path.write_text(text.replace(stored, altered), encoding="utf-8")
    code, _, err = run(capsys, "compare", "main", "new")
    assert (code, said in err, len(err.splitlines())) == (2, True, 1)


@pytest.mark.usefixtures("workplace")
def test_a_baseline_of_an_older_schema_is_read(capsys):
    run(capsys, "baseline", "set", "main", "old")
    path = Path("reports/baselines/main.json")
    stored = json.loads(path.read_text(encoding="utf-8"))
    later = {"former_ids", "skips", "missing", "warnings"}
    band = {"metric": "latency_s", "width": 0.03, "source": "baseline"}
    older = {key: value for key, value in stored.items() if key not in later} | {"schema": 1, "bands": [band]}
    path.write_text(json.dumps(older), encoding="utf-8")
    code, out, _ = run(capsys, "compare", "main", "new")
    assert (code, "noise band 3 % (baseline)" in out) == (0, True)


def test_no_baseline_yet_and_files_that_are_none(workplace, capsys):
    code, out, err = run(capsys, "baseline", "list")
    assert (code, out) == (0, "")
    assert "no baseline in reports/baselines yet" in err
    run(capsys, "baseline", "set", "main", "old")
    (workplace / "reports/baselines/my notes.json").write_text("{}", encoding="utf-8")
    code, out, _ = run(capsys, "baseline", "list")
    assert (code, out.splitlines()[0], len(out.splitlines())) == (0, "1 baseline", 5)


def test_a_skip_where_the_baseline_has_a_number_fails(workplace, capsys):
    run(capsys, "baseline", "set", "main", "old")
    died = skip(case(batch_size=8), SkipReason.CRASHED)
    rest = [measured("resnet18", 1, 1), measured("resnet50", 1, 3), measured("resnet50", 8, 4), measured(NASTY, 1, 5)]
    save_run(workplace / "skipped", run_of(rest, name="skipped", skips=(died,)))
    code, out, _ = run(capsys, "check", "skipped", "--baseline", "main")
    assert code == 3
    assert f"crashed, {died.detail}" in out


def test_baselines_are_listed_and_learn_bands_from_three_runs(workplace, capsys):
    for number in range(3):
        launches = [measured("resnet18", 1, 30 + number)]
        save_run(workplace / f"r{number}", run_of(launches, name=f"r{number}"))
    code, out, _ = run(capsys, "baseline", "set", "main", "r0", "r1", "r2")
    assert code == 0
    assert "noise band of latency_s: 1 %" in out
    assert run(capsys, "baseline", "list")[1].splitlines()[4].startswith("main  2026-01-01T00:00:00Z")
    (entry,) = json.loads(run(capsys, "baseline", "list", "--format", "json")[1])
    assert (entry["name"], entry["cases"], entry["runs"]) == ("main", 1, ["r0", "r1", "r2"])
    assert "\n| name | created |" in run(capsys, "baseline", "list", "--format", "markdown")[1]


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("compare", "old", "nowhere"),
            (
                "'nowhere' is not a run directory (which holds run.json), a baseline file or a baseline's name "
                "(reports/baselines holds main, newer)."
            ),
        ),
        (("compare", "old", "mian"), "Did you mean 'main'?"),
        (("compare", "old", "new", "--across", "tourch"), "Did you mean 'torch'?"),
        (("compare", "old", "thresholds.toml"), "thresholds.toml is not a baseline file, or damaged"),
        (("compare", "old", "empty"), "empty is not a run directory: it has no run.json"),
        (("compare", "old", "newer"), "has schema 99"),
        (("check", "old", "--baseline", "newer"), "has schema 99"),
        (("check", "old", "--baseline", "nope"), "no baseline 'nope'"),
        (("check", "main", "--baseline", "main"), "main is not a run directory"),
        (("check", "old", "--baseline", "../x"), "'../x' cannot name a baseline"),
        (("check", "old", "--baseline", "main", "--thresholds", "none.toml"), "cannot read thresholds none.toml"),
        (("baseline", "set", "main"), "needs at least one run"),
        (("compare", "old", "new", "--junit", "no/where.xml"), "cannot write no/where.xml"),
        (("compare", "old", "new", "--calibration", "thresholds.toml"), "is not a calibration file"),
        (("check", "old", "--baseline", "main", "--calibration", "none.json"), "no calibration file none.json"),
    ],
)
def test_bad_input_is_one_line_and_two(capsys, arguments, said):
    run(capsys, "baseline", "set", "main", "old")
    Path("empty").mkdir()
    Path("newer").mkdir()
    header = json.loads(Path("old/run.json").read_text(encoding="utf-8"))
    Path("newer/run.json").write_text(json.dumps(header | {"schema": 99}), encoding="utf-8")
    Path("reports/baselines/newer.json").write_bytes(msgspec.json.encode({"schema": 99}))
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert said in err
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err


@pytest.mark.usefixtures("workplace")
def test_swapped_arguments_of_baseline_set_are_told_the_right_order(capsys):
    code, _, err = run(capsys, "baseline", "set", "old", "same", "main")
    assert code == 2
    assert "the name comes first, then its runs: resnet-bench baseline set main old same." in err
