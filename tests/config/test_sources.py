"""Defaults < suite file < environment < flags, for every flag, and each value says where it is from."""

import csv
import io
import json

import pytest

from resnet_bench import cli
from resnet_bench.config.options import OPTIONS
from resnet_bench.config.sources import from_environment, resolve
from resnet_bench.errors import ResNetBenchError

# Flag: its line, and as (text, value) the default and what file, variable and flag say.
CASES = {
    "--models": ("sweep[0].models", None, ('["resnet34"]', ["resnet34"]), ("resnet50", ["resnet50"])),
    "--batch-sizes": ("sweep[0].batch_sizes", None, ("[2]", [2]), ("3,4", [3, 4])),
    "--image-sizes": ("sweep[0].image_sizes", "each model's own", ("[64]", [64]), ("96", [96])),
    "--mode": ("sweep[0].modes", ["inference"], ('["training"]', ["training"]), ("inference", ["inference"])),
    "--arguments": ("sweep[0].arguments", "none", ('["a=2"]', ["a=2"]), ("b=[1,2];c=3", ["b=[1,2]", "c=3"])),
    "--weights": ("sweep[0].weights", "random ones", ('["a.pth"]', ["a.pth"]), ("b.pth,V2", ["b.pth", "V2"])),
    "--input": (
        "sweep[0].inputs",
        "each model's own",
        ('["1x2x3"]', ["1x2x3"]),
        ("3x4x5,6:int64", ["3x4x5", "6:int64"]),
    ),
    "--optimizer": ("sweep[0].optimizers", ["momentum"], ('["sgd"]', ["sgd"]), ("adam,adamw", ["adam", "adamw"])),
    "--precision": ("sweep[0].precisions", ["fp32"], ('["bf16"]', ["bf16"]), ("amp_bf16", ["amp_bf16"])),
    "--memory-format": (
        "sweep[0].memory_formats",
        ["contiguous"],
        ('["channels_last"]', ["channels_last"]),
        ("contiguous", ["contiguous"]),
    ),
    "--executor": ("sweep[0].executors", ["eager"], ('["compile"]', ["compile"]), ("cuda_graph", ["cuda_graph"])),
    "--allocator": ("sweep[0].allocators", None, ('["shipped"]', ["shipped"]), ("shipped,fixed", ["shipped", "fixed"])),
    "--threads": ("sweep[0].threads", None, ("[3]", [3]), ("5", [5])),
    "--copies": ("sweep[0].copies", [1], ("[2]", [2]), ("4,8", [4, 8])),
    "--world-size": ("sweep[0].world_sizes", [1], ("[2]", [2]), ("4", [4])),
    "--scaling": ("sweep[0].scalings", ["weak"], ('["strong"]', ["strong"]), ("weak,strong", ["weak", "strong"])),
    "--nodes": ("sweep[0].nodes", [1], ("[2]", [2]), ("4", [4])),
    "--device": ("device", "auto", ('"cpu"', "cpu"), ("cuda:1", "cuda:1")),
    "--launches": ("protocol.launches", None, ("3", 3), ("4", 4)),
    "--time-limit": ("protocol.time_limit_s", None, ("30", 30.0), ("40.5", 40.5)),
    "--memory-limit": ("search.memory_limit", None, ('"4GiB"', "4GiB"), ("512MB", "512MB")),
    "--iteration-limit": ("search.iteration_limit_s", 5.0, ("3", 3.0), ("90s", 90.0)),
    "--include-transfer": ("protocol.transfer", "excluded", ('"included"', "included"), ("no", "excluded")),
    "--reference": ("protocol.reference", "auto", ('"off"', "off"), ("on", "on")),
    "--state": ("protocol.state", "sustained", ('"burst"', "burst"), ("sustained", "sustained")),
    "--calibration": ("protocol.calibration", "", ('"images"', "images"), ("mine/val", "mine/val")),
    "--preset": ("preset", "quick", ('"standard"', "standard"), ("rigorous", "rigorous")),
    "--seed": ("seed", 0, None, ("5", 5)),
    "--shard": ("shard", "all", None, ("2/4", "2/4")),
}


def suite(path, flag, text):
    """Write a suite file that sets what the flag sets."""
    setting = CASES[flag][0]
    if setting.startswith("sweep"):
        models = "" if flag == "--models" else 'models = ["resnet18"]\n'
        path.write_text(f"[[sweep]]\n{models}{setting.partition('.')[2]} = {text}\n")
    elif setting.startswith(("protocol", "search")):
        path.write_text(f"[{setting.partition('.')[0]}]\n{setting.partition('.')[2]} = {text}\n")
    else:
        path.write_text(f"{setting} = {text}\n")
    return path


def line(resolved, setting):
    [found] = [it for it in resolved.lines if it.setting == setting]
    value = list(found.value) if isinstance(found.value, tuple) else found.value
    return value, found.source


BY_FLAG = {option.flag: option for option in OPTIONS}


def variable(flag):
    return BY_FLAG[flag].variable


def given(flag, text):
    """What the flag says; --include-transfer has no text of its own."""
    return {BY_FLAG[flag].name: "yes" if flag == "--include-transfer" else text}


def test_every_flag_is_tried_here():
    assert set(CASES) == set(BY_FLAG)


@pytest.mark.parametrize("flag", CASES)
def test_defaults_file_environment_and_flags_go_before_each_other_in_this_order(tmp_path, flag):
    setting, default, in_file, (text, value) = CASES[flag]
    nothing = {}
    seen, source = line(resolve(None, variables=nothing, flags=nothing), setting)
    assert default is None or seen == default
    assert source in {"default", "preset quick", "preset quick [[sweep]]"}
    path = None
    if in_file is not None:
        path = suite(tmp_path / "own.toml", flag, in_file[0])
        seen, source = line(resolve(path, variables=nothing, flags=nothing), setting)
        assert seen == in_file[1]
        assert source.startswith(str(path))
    variables, warnings = from_environment({variable(flag): text})
    assert warnings == ()
    assert line(resolve(path, variables=variables, flags=nothing), setting) == (value, f"environment {variable(flag)}")
    other, _ = from_environment({variable(flag): "yes" if flag == "--include-transfer" else text})
    flags = given(flag, text)
    seen, source = line(resolve(path, variables=other, flags=flags), setting)
    assert seen == ("included" if flag == "--include-transfer" else value)
    assert source == f"flag {flag}"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("BATCH_SIZES", "0", ["1 or more"]),
        ("BATCH_SIZES", "four", ["whole numbers"]),
        ("IMAGE_SIZES", "-3", ["1 or more"]),
        ("PRECISION", "fp61", ["fp16"]),
        ("MODE", "trainig", ["training"]),
        ("EXECUTOR", "eagre", ["eager"]),
        ("MEMORY_FORMAT", "nhwc", ["channels_last"]),
        ("THREADS", "some", ["1 or more"]),
        ("LAUNCHES", "1.5", ["whole number of 1 or more"]),
        ("TIME_LIMIT", "soon", ["seconds above 0"]),
        ("TIME_LIMIT", "inf", ["finite"]),
        ("BATCH_SIZES", "auto8", ["whole numbers"]),
        ("MEMORY_LIMIT", "8", ["8GiB"]),
        ("ITERATION_LIMIT", "soon", ["15ms"]),
        ("SEED", "x", ["whole number"]),
        ("SHARD", "5/4", ["2/4"]),
        ("PRESET", "standart", ["standard"]),
        ("INCLUDE_TRANSFER", "maybe", ["yes or no"]),
        ("MODELS", "resnet5", ["resnet50"]),
        ("MODELS", ",", ["names"]),
        ("IMAGE_SIZES", "16", ["32"]),
    ],
)
def test_a_wrong_variable_is_named_in_one_line(capsys, monkeypatch, name, text, words):
    monkeypatch.setenv(f"RESNET_BENCH_{name}", text)
    assert cli.run(["run", "--dry-run"]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    for word in [f"RESNET_BENCH_{name}", *words]:
        assert word in captured.err


def test_an_error_of_a_flag_does_not_name_the_variable_it_goes_before(capsys, monkeypatch):
    monkeypatch.setenv("RESNET_BENCH_MODELS", "resnet34")
    assert cli.run(["run", "--dry-run", "--models", "resnet5"]) == 2
    assert "RESNET_BENCH" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "hint"),
    [("RESNET_BENCH_LAUCHES", "RESNET_BENCH_LAUNCHES"), ("RESNET_BENCH_XYZZY", "RESNET_BENCH_BATCH_SIZES")],
)
def test_a_variable_that_nothing_reads_is_warned_about(capsys, monkeypatch, name, hint):
    monkeypatch.setenv(name, "3")
    assert cli.run(["run", "--dry-run"]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith(f"warning: {name} ")
    assert captured.err.count("\n") == 1
    assert hint in captured.err


def test_an_empty_variable_counts_as_not_set():
    assert from_environment({"RESNET_BENCH_MODELS": "", "RESNET_BENCH_WHAT": " "}) == ({}, ())


@pytest.mark.parametrize("text", ["1", "true", "YES", "on"])
def test_yes_has_several_words(text):
    variables, _ = from_environment({"RESNET_BENCH_INCLUDE_TRANSFER": text})
    assert line(resolve(None, variables=variables, flags={}), "protocol.transfer")[0] == "included"


def test_sweeps_that_a_flag_makes_equal_are_one_line_each(tmp_path):
    path = tmp_path / "own.toml"
    text = '[[sweep]]\nmodels = ["resnet18"]\nbatch_sizes = [{}]\nmodes = ["{}"]\n'
    path.write_text("".join(text.format(*it) for it in ((1, "inference"), (2, "inference"), (4, "training"))))
    lines = resolve(path, variables={}, flags={"batch_sizes": "8"}).lines
    sweeps = [it.setting for it in lines if it.setting.endswith(".modes")]
    assert sweeps == ["sweep[0].modes", "sweep[2].modes"]


def test_print_config_measures_nothing_and_prints_every_format(tmp_path, capsys):
    path = suite(tmp_path / "own.toml", "--launches", "3")
    expected = {"setting": "protocol.launches", "value": 3, "source": f"{path} [protocol]"}
    assert cli.run(["run", str(path), "--print-config", "--format", "json"]) == 0
    assert expected in json.loads(capsys.readouterr().out)
    assert cli.run(["run", str(path), "--print-config", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {key: str(value) for key, value in expected.items()} in rows
    for form in ("text", "markdown"):
        assert cli.run(["run", str(path), "--print-config", "--format", form]) == 0
        assert "launches" in capsys.readouterr().out


def test_what_is_printed_is_what_is_measured(monkeypatch, capsys):
    monkeypatch.setenv("RESNET_BENCH_BATCH_SIZES", "2,3")
    monkeypatch.setenv("RESNET_BENCH_MODELS", "resnet34")
    assert cli.run(["run", "--dry-run", "--models", "resnet18"]) == 0
    cases = [it for it in capsys.readouterr().out.splitlines() if " on " in it]
    assert [it.split(" on ")[0] for it in cases] == ["resnet18 batch 2 224 px", "resnet18 batch 3 224 px"]


def test_resume_takes_no_flags_and_heeds_no_variables(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("RESNET_BENCH_MODELS", "resnet5")
    assert cli.run(["run", "--resume", str(tmp_path)]) == 2
    assert "not a run directory" in capsys.readouterr().err


def test_named_errors_are_those_of_values():
    resolved = resolve(None, variables={"seed": "3"}, flags={})
    with pytest.raises(ResNetBenchError, match="RESNET_BENCH_SEED"), resolved.named_in_errors():
        raise ResNetBenchError("wrong.")
