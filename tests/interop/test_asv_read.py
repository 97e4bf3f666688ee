"""asv's results folder: what asv itself reads from it, its odd corners, and what cannot be read."""

import itertools
import json
import math
import shutil
from pathlib import Path

import pytest

from resnet_bench.errors import StoreError, UsageError
from resnet_bench.interop import asv_read

FOLDER = Path(__file__).parents[1] / "data" / "asv-results"


@pytest.fixture
def copy(tmp_path):
    return Path(shutil.copytree(FOLDER, tmp_path / "results"))


def rows(results, benchmark):
    return [(file.revision[:8], row) for file in results.files for row in file.rows if row.benchmark == benchmark]


def test_we_read_what_asv_reads():
    from asv.results import Results

    ours = {
        (file.machine, file.revision, dict(file.identity).get("numpy")): file for file in asv_read.read(FOLDER).files
    }
    checked = 0
    for path in sorted((FOLDER / "alpha").glob("*-virtualenv-*.json")):
        theirs = Results.load(str(path), machine_name="alpha")
        file = ours["alpha", theirs.commit_hash, theirs.params["numpy"] if "numpy" in theirs.params else _numpy(path)]
        assert {row.benchmark for row in file.rows} == set(theirs.get_all_result_keys())
        for row in file.rows:
            parameters = theirs.get_result_params(row.benchmark)
            values = theirs.get_result_value(row.benchmark, parameters)
            assert len(row.cases) == len(list(itertools.product(*parameters)))
            assert row.version == theirs.benchmark_version[row.benchmark]
            if row.benchmark == "memory.track_launches":
                continue  # recorded samples: ours is the median over launches
            assert [value and value.value for value in row.values] == pytest.approx(values, nan_ok=True)
            checked += len(values)
    assert checked > 60


def _numpy(path):
    return json.loads(path.read_text())["requirements"]["numpy"]


def test_failed_skipped_and_unknown_intervals_are_told_apart():
    found = dict(rows(asv_read.read(FOLDER), "sorting.TimeSort.time_sort"))
    values = [row.values for row in found.values()]
    assert sum(value is None for several in values for value in several) == 1  # null
    assert sum(value is not None and math.isnan(value.value) for several in values for value in several) == 1
    unbounded = [several for several in values if all(it is not None and it.low is None for it in several)]
    assert len(unbounded) == 1  # a quick run: one sample, infinite interval


def test_cases_are_labelled_by_their_parameters_without_quotes():
    (_, row), *_ = rows(asv_read.read(FOLDER), "sorting.TimeSort.time_sort")
    assert row.cases == ("quick, 10", "quick, 1000", "merge, 10", "merge, 1000")


def test_samples_of_two_rounds_give_the_median_over_launches():
    (_, row), *_ = rows(asv_read.read(FOLDER), "memory.track_launches")
    # two launches, medians 0.0200 and 0.0210; pooled it would be 0.02045
    assert row.values[0].value == pytest.approx((0.0200 + 0.0210) / 2, rel=1e-3)


def test_files_that_cannot_be_read_are_counted_and_named():
    results = asv_read.read(FOLDER)
    note = next(note for note in results.notes if "left out" in note)
    assert note.startswith("4 of 17 result files were left out: ")
    for part in (
        "half-written.json: broken JSON at line 1",
        "format 1",
        "`asv update`",
        "an asv.conf.json whose results_dir",
        "notes.json",
        "other.json",
    ):
        assert part in note
    assert any("no machine.json for beta" in note for note in results.notes)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"date": math.inf}, "a number without bounds"),
        ({"date": 10**30}, "its date is not a date"),
        ({"date": -(10**20)}, "its date is not a date"),
        ({"commit_hash": None}, "its commit_hash is not a revision"),
        ({"commit_hash": "\ud800" * 40}, "not UTF-8"),
        ({"results": {"a.track_x": [[10**400], [], "1"]}}, "a number without bounds"),
        ({"results": None}, "its fields have other types"),
        ("[" * 200_000, "nested too deeply"),
        ("", "broken JSON"),
    ],
)
def test_a_file_of_nonsense_is_left_out_by_name(copy, changes, why):
    path = copy / "alpha" / "06d9ce39-virtualenv-py3.11-numpy2.1.json"
    path.write_text(changes if isinstance(changes, str) else json.dumps(json.loads(path.read_text()) | changes))
    results = asv_read.read(copy)
    assert len(results.files) == 12
    note = next(note for note in results.notes if "left out" in note)
    assert path.name in note
    assert why in note


@pytest.mark.parametrize(
    "row",
    [
        [[1.0, 2.0], [], "1"],
        [[1.0, 2.0], [["1", "2"]], "1", 0, 0.0, [1.0], [1.0, 2.0]],
        {"result": [1.0], "params": []},
    ],
)
def test_a_row_that_does_not_fit_its_parameters_is_left_out_by_name(copy, row):
    path = copy / "alpha" / "06d9ce39-virtualenv-py3.11-numpy2.1.json"
    content = json.loads(path.read_text())
    content["results"]["sorting.track_lines"] = row
    path.write_text(json.dumps(content))
    results = asv_read.read(copy)
    assert len(results.files) == 13
    expected = "1 result does not fit its own parameters and was left out: sorting.track_lines of 06d9ce39 on alpha."
    assert expected in results.notes


def test_benchmarks_json_of_nonsense_is_said_and_survived(copy):
    for text in ("[" * 200_000, '{"a.track_x": {"rounds": Infinity}}'):
        (copy / "benchmarks.json").write_text(text)
        assert any("benchmarks.json cannot be read" in note for note in asv_read.read(copy).notes)


def test_a_machines_folder_has_its_name_from_within_too(monkeypatch):
    monkeypatch.chdir(FOLDER / "alpha")
    assert {file.machine for file in asv_read.read(Path(), machines=("alpha",)).files} == {"alpha"}


def test_reading_changes_nothing(copy):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    asv_read.read(copy)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_one_machines_folder_is_read_too():
    assert {file.machine for file in asv_read.read(FOLDER / "alpha").files} == {"alpha"}


def test_machines_and_benchmarks_are_chosen_by_name_or_pattern():
    results = asv_read.read(FOLDER, machines=("beta",))
    assert {file.machine for file in results.files} == {"beta"}
    results = asv_read.read(FOLDER, benchmarks=("sorting.track*",))
    assert {row.benchmark for file in results.files for row in file.rows} == {"sorting.track_lines"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"machines": ("alpa",)}, "no machine 'alpa'. Did you mean 'alpha'? Machines: alpha, beta."),
        ({"benchmarks": ("sorting.track_line",)}, "Did you mean 'sorting.track_lines'?"),
    ],
)
def test_unknown_names_come_with_the_nearest(options, expected):
    with pytest.raises(UsageError) as caught:
        asv_read.read(FOLDER, **options)
    assert expected in str(caught.value)


def test_without_benchmarks_json_units_come_from_names(copy):
    (copy / "benchmarks.json").unlink()
    results = asv_read.read(copy)
    assert results.units["sorting.TimeSort.time_sort"] == "seconds"
    assert results.units["memory.peakmem_load"] == "bytes"
    assert results.units["sorting.track_lines"] == ""
    assert any("no benchmarks.json" in note for note in results.notes)


def test_a_broken_benchmarks_json_is_said_and_survived(copy):
    (copy / "benchmarks.json").write_text('{"half')
    results = asv_read.read(copy)
    assert any("benchmarks.json cannot be read (broken JSON" in note for note in results.notes)
    assert len(results.files) == 13


def _make_format_1(folder):
    for path in folder.glob("*/*.json"):
        path.write_text('{"version": 1}')


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (shutil.rmtree, "is not a folder"),
        (lambda folder: [shutil.rmtree(folder), folder.mkdir()], "holds no asv results"),
        (_make_format_1, "none of 17 result files can be read"),
    ],
)
def test_nothing_to_read_is_one_line(copy, prepare, expected):
    prepare(copy)
    with pytest.raises(StoreError) as caught:
        asv_read.read(copy)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
