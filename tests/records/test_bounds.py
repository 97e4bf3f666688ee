"""A value that no measurement can have is refused where it is read, with file, line and field."""

import json

import pytest

from resnet_bench import cli
from resnet_bench.storage import baselines, run_directory
from tests import make


@pytest.fixture
def folder(tmp_path):
    return make.save_run(tmp_path / "run", make.suite_run())


def changed(path, keys, value, *, line=0):
    """Give one field of a JSON line, or of a whole file, another value."""
    lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    record = json.loads(lines[line])
    within = record
    for key in keys[:-1]:
        within = within[key]
    within[keys[-1]] = value
    lines[line] = json.dumps(record)
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("isolated.elapsed_s", []),
        ("back_to_back.elapsed_s", []),
        ("isolated.elapsed_s", [0.0]),
        ("isolated.elapsed_s", [-0.1]),
        ("isolated.elapsed_s", [5e-324]),
        ("isolated.elapsed_s", [1e308]),
        ("isolated.iterations_per_sample", 0),
        ("back_to_back.elapsed_s", [86400.0]),
        ("back_to_back.cpu_s", [-1.0]),
        ("case.batch_size", 0),
        ("case.batch_size", -4),
        ("case.batch_size", 2**31),
        ("case.batch_size", 10**30),
        ("case.image_size", -1),
        ("case.threads", -3),
        ("index", -1),
        ("attempt", -1),
        ("duration_s", -1.0),
        ("memory.peak_rss_bytes", -1),
        ("warmup.first_iteration_s", -1.0),
    ],
)
def test_a_launch_is_set_aside_by_the_field_that_is_impossible(folder, field, value):
    changed(folder / run_directory.LAUNCHES_NAME, field.split("."), value)
    [said] = run_directory.load(folder).set_aside
    assert "launches.jsonl, line 1: " in said
    assert f"$.{field}" in said


@pytest.mark.parametrize(
    ("keys", "value", "field"),
    [
        (["schema"], 0, "$.schema"),
        (["schema"], -5, "$.schema"),
        (["cases", 0, "batch_size"], -4, "$.cases[0].batch_size"),
        (["cases", 0, "batch_size"], 10**30, "$.cases[0].batch_size"),
        (["profiles", 0, "batch_size"], 0, "$.profiles[0].batch_size"),
        (["profiles", 0, "macs"], -1, "$.profiles[0].macs"),
        (["protocol", "launches"], 0, "$.protocol.launches"),
        (["shards"], [{"index": 1, "count": 10**8, "positions": [0]}], "$.shards[0].count"),
        (["cases", 0, "machine"], "elsewhere", "cases[0]"),
        (["models"], [{"family": "resnet"}], "models[0]"),
        (["nominals"], [{"version": "cpu-1", "pass_s": [0.0]}], "$.nominals[0].pass_s[0]"),
        (["nominals"], [{"version": "cpu-1", "pass_s": [-0.003]}], "$.nominals[0].pass_s[0]"),
        (["nominals"], [{"version": "cpu-1", "pass_s": [1e308]}], "$.nominals[0].pass_s[0]"),
        (["nominals"], [{"version": "cpu-1", "pass_s": []}], "$.nominals[0].pass_s"),
    ],
)
def test_a_header_is_refused_by_the_field_that_is_impossible(folder, keys, value, field, capsys):
    changed(folder / run_directory.HEADER_NAME, keys, value)
    assert cli.run(["report", str(folder)]) == 2
    err = capsys.readouterr().err
    assert f"{folder / run_directory.HEADER_NAME} is damaged" in err
    assert field in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("what", ["cases", "environments"])
def test_what_is_there_twice_is_refused(folder, what, capsys):
    path = folder / run_directory.HEADER_NAME
    header = json.loads(path.read_text())
    path.write_text(json.dumps(header | {what: [*header[what], header[what][0]]}))
    assert cli.run(["report", str(folder)]) == 2
    assert capsys.readouterr().err == f"error: {path} is damaged: {what}[{len(header[what])}] is there twice.\n"


def test_a_baseline_without_a_launch_is_refused(folder, capsys):
    directory = folder.parent / "baselines"
    assert cli.run(["baseline", "set", "main", str(folder), "--baselines-dir", str(directory)]) == 0
    changed(directory / "main.json", ["cases", 0, "summaries", 0, "launch_medians"], [])
    assert cli.run(["compare", "main", str(folder), "--baselines-dir", str(directory)]) == 2
    assert "$.cases[0].summaries[0].launch_medians" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--batch-sizes", "--image-sizes", "--threads"])
@pytest.mark.parametrize("value", ["99999999999999999999", "2147483648", "0"])
def test_a_size_beyond_any_kernels_index_is_refused_in_one_sentence(flag, value, capsys):
    assert cli.run(["run", "--dry-run", "--models", "resnet18", "--device", "cpu", flag, value]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: {flag} '{value}': expected whole numbers of 1 or more, at most 2147483647")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (dict(taken=[], elapsed_s=[]), "$.isolated.reference"),
        (dict(elapsed_s=[0.003]), "$.isolated.reference"),
        (dict(cpu_s=[0.003]), "$.isolated.reference"),
        (dict(elapsed_s=[0.0, 0.003]), "$.isolated.reference.elapsed_s[0]"),
        (dict(passes=0), "$.isolated.reference.passes"),
        (dict(version=None), "$.isolated.reference.version"),
        (dict(taken=[8, 0]), "$.isolated"),
        (dict(taken=[4, 8]), "$.isolated"),
        (dict(taken=[0, 9999]), "$.isolated"),
    ],
)
def test_a_reference_that_no_launch_can_have_sets_the_launch_aside(folder, change, field):
    whole = dict(version="cpu-1", taken=[0, 8], elapsed_s=[0.003, 0.003])
    changed(folder / run_directory.LAUNCHES_NAME, ["isolated", "reference"], whole | change)
    [said] = run_directory.load(folder).set_aside
    assert "launches.jsonl, line 1: " in said
    assert field in said


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["correction", "nominal_s"], 0.0),
        (["correction", "nominal_s"], -0.003),
        (["correction", "nominal_s"], 1e308),
        (["correction", "coefficient"], -1.0),
        (["correction", "coefficient"], 1e5),
        (["correction", "coefficient_deviation"], 1e308),
        (["correction", "coefficient_deviation"], 1e5),
        (["correction", "offset"], 1e308),
        (["median"], 0.0),
        (["launch_medians"], []),
        (["launch_medians", 0], -0.05),
        (["launch_medians", 0], 1e308),
    ],
)
def test_a_baseline_whose_correction_is_impossible_is_refused_by_its_field(tmp_path, keys, value, capsys):
    launches = tuple(make.beside_reference(it, 0.003) for it in make.measurement([[0.05] * 8] * 3).launches)
    whole = make.change(make.measurement([[0.05]]), launches=launches)
    path = baselines.save(make.digest_of([whole]), tmp_path)
    make.save_run(tmp_path / "run", make.run_of([whole]))
    stored = json.loads(path.read_text())["cases"][0]["summaries"]
    place = next(number for number, it in enumerate(stored) if it["corrected"])
    changed(path, ["cases", 0, "summaries", place, "corrected", *keys], value)
    assert cli.run(["compare", str(path), str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert f"{path} is not a baseline file, or damaged" in err
    assert f"$.cases[0].summaries[{place}].corrected" in err
    assert err.count("\n") == 1
