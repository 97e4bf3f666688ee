"""A run as asv results: what asv reads, shows, compares and publishes of it, and exports on top of each other."""

import json
import math
import os
import subprocess
import sys

import msgspec
import pytest

from resnet_bench.errors import StoreError
from resnet_bench.interop import asv_read, asv_write
from resnet_bench.records import Allocator
from resnet_bench.records.plan import ALWAYS_SAID
from tests.make import CASE, IDENTITY, case, change, commit, measurement, noisy_launches, profile, run_of

REVISION = "0123456789abcdef0123456789abcdef01234567"
PATH = "h/01234567-resnet-bench-py3.11-torch2.13.0.json"


def run_at(revision=REVISION, *, cases=(CASE,), seed=1, factor=1.0, launches=6, dirty=False):
    measured = [
        measurement(noisy_launches(seed, factor=factor, count=launches), of=of, profile=profile(of)) for of in cases
    ]
    return run_of(measured, commit=commit(revision, dirty=dirty))


def test_asv_loads_value_interval_and_samples(tmp_path):
    from asv.results import Results

    run = run_at()
    exported = asv_write.export(run, tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in exported.paths] == [PATH]
    loaded = Results.load(str(tmp_path / PATH), machine_name="h")
    name = "run.track_latency_s"
    parameters = loaded.get_result_params(name)
    assert parameters[0] == ["'resnet18'"]
    assert parameters[2] == ["4"]
    assert loaded.get_result_value(name, parameters)[0] == pytest.approx(0.010, rel=0.02)
    stats = loaded.get_result_stats(name, parameters)[0]
    assert stats["ci_99_a"] < 0.010 < stats["ci_99_b"]
    assert stats["repeat"] == 120
    samples = [value for one in run.measurements[0].launches for value in one.isolated.iteration_s]
    assert loaded.get_result_samples(name, parameters)[0] == samples
    assert loaded.get_result_value("run.track_parameters", parameters) == [1000]
    assert loaded.params["torch"] == "2.13.0"


def test_throughput_becomes_seconds_per_image(tmp_path):
    asv_write.export(run_at(), tmp_path)
    names = json.loads((tmp_path / PATH).read_text())["results"]
    assert "run.track_seconds_per_image" in names
    assert not any("throughput" in name for name in names)


def test_fewer_than_three_launches_have_an_infinite_interval_as_asvs_own_quick_runs(tmp_path):
    asv_write.export(run_at(launches=2), tmp_path)
    written = json.loads((tmp_path / PATH).read_text())
    row = dict(
        zip(
            written["result_columns"],
            written["results"]["run.track_latency_s"],
            strict=False,
        )
    )
    assert (row["stats_ci_99_a"], row["stats_ci_99_b"]) == ([-math.inf], [math.inf])


def test_exports_of_one_commit_complete_each_other_and_the_newest_of_a_case_stands(tmp_path):
    asv_write.export(run_at(cases=(case(batch_size=1), case(batch_size=4))), tmp_path)
    asv_write.export(run_at(cases=(case(batch_size=4), case(batch_size=8, model="resnet50")), factor=2.0), tmp_path)
    (file,) = asv_read.read(tmp_path).files
    (row,) = (row for row in file.rows if row.benchmark == "run.track_latency_s")
    found = {
        label: value.value for label, value in zip(row.cases, row.values, strict=True) if not math.isnan(value.value)
    }
    sizes = {label.split(", ")[2]: value for label, value in found.items()}
    assert sizes == {
        "1": pytest.approx(0.010, rel=0.02),
        "4": pytest.approx(0.020, rel=0.02),
        "8": pytest.approx(0.020, rel=0.02),
    }
    assert len(row.cases) == 6  # two models x three batch sizes, the others skipped


def test_exporting_twice_changes_nothing(tmp_path):
    asv_write.export(run_at(), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    asv_write.export(run_at(), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.json")} == before


def test_a_joined_runs_cases_are_those_of_its_parts(tmp_path):
    alone = run_at(cases=(case(),))
    first = alone.header.environments[0]
    gpu = msgspec.structs.replace(IDENTITY, device="cuda", device_name="H200", cuda="13.0")
    second = msgspec.structs.replace(first, id="e2", identity=gpu)
    joined = run_at(cases=(case(machine="Example CPU"),))
    other = measurement(noisy_launches(2), of=case(device="cuda:0", machine="H200"), environment="e2")
    header = msgspec.structs.replace(joined.header, environments=(first, second))
    joined = msgspec.structs.replace(joined, header=header, measurements=(*joined.measurements, other))
    asv_write.export(alone, tmp_path / "alone")
    asv_write.export(joined, tmp_path / "joined")
    on_gpu = PATH.replace(".json", "-cuda.json")
    files = {name: json.loads((tmp_path / "joined" / name).read_text()) for name in (PATH, on_gpu)}
    assert files[PATH] == json.loads((tmp_path / "alone" / PATH).read_text())
    assert [content["params"]["gpu"] for content in files.values()] == ["none", "H200"]


@pytest.mark.parametrize(
    "results",
    [
        {"run.track_latency_s": [[1.0], [["'resnet18'"]], "1"]},
        {"run.track_latency_s": [[1.0]]},
        {"run.track_latency_s": [["x"], [["1"]] * 9, "1"]},
        {"run.track_latency_s": [[1.0], [[str(it) for it in range(40)]] * 9, "1"]},
        [],
    ],
)
def test_an_export_with_other_axes_is_not_overwritten(tmp_path, results):
    (tmp_path / "h").mkdir()
    (tmp_path / PATH).write_text(content := json.dumps({"results": results, "version": 2}))
    with pytest.raises(StoreError, match="is not an export with these axes; move it away and export again"):
        asv_write.export(run_at(), tmp_path)
    assert (tmp_path / PATH).read_text() == content


OTHER_AXES = (
    [["'a'"]],
    [1] * 9,
    [None] * 9,
    [[{}]] * 9,
    [[1.5]] * 9,
    [[str(it) for it in range(40)]] * 9,
    "nine rows",
    {},
)


@pytest.mark.parametrize("params", OTHER_AXES)
def test_a_benchmark_described_with_other_axes_is_described_anew(tmp_path, params):
    name = "run.track_latency_s"
    (tmp_path / "benchmarks.json").write_text(json.dumps({name: {"name": name, "params": params}, "version": 2}))
    asv_write.export(run_at(), tmp_path)
    described = json.loads((tmp_path / "benchmarks.json").read_text())[name]
    assert len(described["params"]) == len(described["param_names"])


def test_asvs_own_files_and_benchmarks_stay(tmp_path):
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / "machine.json").write_text('{"machine": "h", "cpu": "as asv says", "version": 1}')
    (tmp_path / "benchmarks.json").write_text('{"a.time_x": {"name": "a.time_x", "params": []}, "version": 2}')
    asv_write.export(run_at(), tmp_path)
    assert "as asv says" in (tmp_path / "h" / "machine.json").read_text()
    assert "a.time_x" in json.loads((tmp_path / "benchmarks.json").read_text())


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (run_at(dirty=True), "had uncommitted changes"),
        (run_of([measurement(noisy_launches(1))]), "was made outside a git checkout"),
    ],
)
def test_a_run_without_a_commit_of_its_own_is_refused(tmp_path, run, expected):
    with pytest.raises(StoreError, match=expected):
        asv_write.export(run, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_link_into_a_run_is_not_followed(tmp_path):
    run, results = tmp_path / "run", tmp_path / "asv"
    run.mkdir(), results.mkdir()
    (run / "run.json").write_text("{}")
    (results / "benchmarks.json").symlink_to(run / "run.json")
    with pytest.raises(StoreError, match="it is part of the run"):
        asv_write.export(run_at(), results)
    assert (run / "run.json").read_text() == "{}"


def test_a_broken_benchmarks_json_is_not_overwritten(tmp_path):
    for text in ("{half", "[" * 200_000):
        (tmp_path / "benchmarks.json").write_text(text)
        with pytest.raises(StoreError, match=r"benchmarks\.json: broken JSON"):
            asv_write.export(run_at(), tmp_path)
        assert (tmp_path / "benchmarks.json").read_text() == text


def test_the_machine_record_tells_gpus_apart_and_asv_finds_it(tmp_path):
    from asv.machine import MachineCollection

    environment = run_at().header.environments[0]
    on_gpu = msgspec.structs.replace(
        IDENTITY, device="cuda", device_name="NVIDIA H200", cuda="13.0", driver="580.95", torch="2.13.0+cu130"
    )
    (tmp_path / asv_write.MACHINE_FILE).write_text('{"other": {"machine": "other"}, "version": 1}')
    path = asv_write.write_machine(msgspec.structs.replace(environment, identity=on_gpu), tmp_path)
    record = MachineCollection.load("h", _path=str(path))
    told = {name: record[name] for name in ("gpu", "driver", "cuda", "torch", "num_cpu")}
    assert told == {"gpu": "NVIDIA H200", "driver": "580.95", "cuda": "13.0", "torch": "2.13.0+cu130", "num_cpu": "2"}
    assert MachineCollection.load("other", _path=str(path)) == {"machine": "other"}


@pytest.mark.slow
def test_asv_shows_compares_and_publishes_exports(tmp_path):
    def call(*command):
        done = subprocess.run(
            command, cwd=tmp_path, env=os.environ | {"HOME": str(tmp_path)}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    call("git", "init", "-q", "-b", "main")
    for message in ("One", "Two"):
        call("git", *identity, "commit", "-q", "--allow-empty", "-m", message)
    second, first = call("git", "rev-list", "main").split()
    settings = {"version": 1, "project": "probe", "repo": ".", "branches": ["main"], "environment_type": "existing"}
    settings |= {"results_dir": "results", "html_dir": "html", "benchmark_dir": "benchmarks", "pythons": ["same"]}
    (tmp_path / "asv.conf.json").write_text(json.dumps(settings))
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "__init__.py").touch()
    for revision, seed, factor in ((first, 1, 1.0), (second, 2, 2.0)):
        asv_write.export(run_at(revision, seed=seed, factor=factor), tmp_path / "results")
    asv_command = (sys.executable, "-m", "asv")
    assert "run.track_latency_s" in call(*asv_command, "show", second)
    compared = call(*asv_command, "compare", first, second)
    (row,) = (line for line in compared.splitlines() if "track_latency_s" in line)
    assert row.startswith("| +")  # significantly slower
    assert "10.0±0.02ms" in row
    assert "20.0±0.03ms" in row
    call(*asv_command, "publish", "--no-pull")
    index = json.loads((tmp_path / "html" / "index.json").read_text())
    assert index["benchmarks"]["run.track_latency_s"]["unit"] == "seconds"
    assert index["machines"]["h"]["gpu"] == "none"
    assert list((tmp_path / "html" / "graphs").rglob("run.track_latency_s.json"))


def test_an_axis_of_a_later_release_leaves_the_benchmarks_parameters_as_they_were(tmp_path):
    """Else asv's history of every exported benchmark would end with the release."""
    asv_write.export(run_at(cases=(CASE, change(CASE, allocator=Allocator.FIXED))), tmp_path)
    described = json.loads((tmp_path / "benchmarks.json").read_text())["run.track_latency_s"]
    assert described["param_names"] == list(ALWAYS_SAID)
    assert described["params"][0] == ["'resnet18'", "'resnet18 (fixed)'"]


@pytest.mark.parametrize("hostname", ["../../esc", "/abs/esc", "a\0b", "..", "", "h" * 500, ".hidden"])
@pytest.mark.parametrize("field", ["hostname", "torch"])
def test_no_text_of_a_run_leads_out_of_the_results_folder(tmp_path, hostname, field):
    run = run_at()
    (there,) = run.header.environments
    moved = (
        change(there, state=change(there.state, hostname=hostname))
        if field == "hostname"
        else change(there, identity=change(there.identity, torch=hostname))
    )
    run = change(run, header=change(run.header, environments=(moved,)))
    results = tmp_path / "a" / "b" / "results"
    (path,) = asv_write.export(run, results).paths
    assert path.parent.parent == results
    written = {it for it in tmp_path.rglob("*") if it.is_file()}
    assert written == {results / "benchmarks.json", path, path.parent / "machine.json"}
    assert json.loads((path.parent / "machine.json").read_text())["machine"] == path.parent.name
