"""`profile`, `list` and `show` as a user meets them: real processes where start-up matters, else the entry function."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_bench import cli, specs


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.run(arguments) == 0
    return capsys.readouterr().out


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_json_has_the_records_fields(capsys: pytest.CaptureFixture[str]) -> None:
    (profile,) = json.loads(answer(capsys, "profile", "resnet50", "--format", "json"))
    assert profile["macs"] == 4089184256
    assert profile["flops"] == 2 * profile["macs"]
    assert (profile["parameters"], profile["image_size"], profile["batch_size"]) == (25557032, 224, 1)
    expected = (
        "model image_size batch_size parameters trainable_parameters buffers parameter_bytes predicted_memory macs "
        "flops "
        "training_flops fvcore_count torch_counter_flops activations activation_bytes weighted_layers layers"
    )
    assert set(expected.split()) <= profile.keys()
    layer = (
        "name type input_shape output_shape parameters macs flops activations bytes_read bytes_written "
        "arithmetic_intensity"
    )
    assert set(layer.split()) <= profile["layers"][0].keys()
    assert sum(each["macs"] for each in profile["layers"]) == profile["macs"]


def test_several_models_begin_with_their_differences(capsys: pytest.CaptureFixture[str]) -> None:
    text = answer(capsys, "profile", "resnet18", "resnet50", "--by", "stage")
    (macs,) = [line.split() for line in text.splitlines() if line.startswith("MACs")][:1]
    assert macs == ["MACs", "1814073344", "4089184256", "2.25x"] or macs[1:3] == ["1,814,073,344", "4,089,184,256"]
    assert text.index("Against resnet18") < text.index("resnet50: inference")


def test_several_models_are_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    profiles = json.loads(answer(capsys, "profile", "resnet18", "cifar_resnet20", "--format", "json"))
    assert [profile["model"] for profile in profiles] == ["resnet18", "cifar_resnet20"]


@pytest.mark.parametrize("by", ["layer", "stage", "type"])
@pytest.mark.parametrize("model", ["resnet50", "torchvision:resnet18"])
def test_the_tables_columns_add_up_to_its_total_line(capsys: pytest.CaptureFixture[str], by: str, model: str) -> None:
    text = answer(capsys, "profile", model, "--by", by, "--batch-size", "3")
    lines = text.split("\n\n")[1].splitlines()
    columns = slice(-8, -1)
    numbers = [[int(cell.replace(",", "")) for cell in line.split()[columns]] for line in lines[2:]]
    assert [sum(column) for column in zip(*numbers[:-1], strict=True)] == numbers[-1]
    assert lines[-1].startswith("total")


def test_stages_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    (profile,) = json.loads(answer(capsys, "profile", "resnet18", "--by", "stage", "--format", "json"))
    assert [group["name"] for group in profile["groups"]] == ["stem", "layer1", "layer2", "layer3", "layer4", "head"]
    assert sum(group["macs"] for group in profile["groups"]) == profile["macs"]


def test_csv_is_exact_and_markdown_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(answer(capsys, "profile", "resnet18", "--format", "csv"))))
    assert sum(int(row["macs"]) for row in rows) == 1814073344
    assert rows[0]["output_shape"] == "[1,64,112,112]"
    markdown = answer(capsys, "profile", "resnet18", "--by", "type", "--format", "markdown")
    assert markdown.startswith("### resnet18: inference, batch size 1, image size 224, fp32")
    assert "| Conv2d | 20 |" in markdown


def test_memory_and_other_tools(capsys: pytest.CaptureFixture[str]) -> None:
    case = "--mode training --batch-size 64 --precision amp_bf16 --optimizer adam"
    extras = "--memory 141GiB --by stage --with fvcore,torch"
    text = answer(capsys, "profile", "resnet50", *case.split(), *extras.split())
    assert "Largest batch size in 141.0 GiB: " in text
    assert "263,136,804,864" in text  # 64 x 4,111,512,576
    assert "saved for backward" in text


def test_what_fits_in_memory_stands_first_in_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("profile", "resnet50", "--by", "stage", "--memory", "1GiB", "--format")
    (profile,) = json.loads(answer(capsys, *asked, "json"))
    assert list(profile)[:2] == ["memory_limit_bytes", "largest_batch_size"]
    assert profile["memory_limit_bytes"] == 2**30
    largest = profile["largest_batch_size"]
    assert largest > 1
    rows = list(csv.DictReader(io.StringIO(answer(capsys, *asked, "csv"))))
    assert list(rows[0])[:3] == ["model", "memory_limit_bytes", "largest_batch_size"]
    assert {row["largest_batch_size"] for row in rows} == {str(largest)}
    sentence = f"Largest batch size in 1.000 GiB: {largest}"
    for form in ("text", "markdown", "html"):
        said = answer(capsys, *asked, form).replace("\N{NO-BREAK SPACE}", " ")
        assert 0 < said.index(sentence) < said.index("layer1")
    latex = answer(capsys, *asked, "latex")
    assert 0 < latex.index(f"resnet50 & 1024 & {largest}") < latex.index("layer1")
    several = answer(capsys, "profile", "resnet18", "resnet50", "--memory", "1GiB")
    assert f"resnet50 {largest}" in several.splitlines()[2]


def test_the_kind_of_device_decides_what_adams_step_takes(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("profile", "resnet18", "--mode", "training", "--image-size", "64", "--format", "json")
    peaks = {}
    for device in ("cpu", "cuda:1", ""):
        chosen = ("--optimizer", "adam", *(("--device", device) if device else ()))
        (profile,) = json.loads(answer(capsys, *asked, *chosen))
        peaks[device] = profile["predicted_memory"]["peak_bytes"]
    assert peaks["cpu"] < peaks["cuda:1"] == peaks[""]


def test_without_a_memory_size_nothing_is_said_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Largest batch size" not in answer(capsys, "profile", "resnet18")
    rows = list(csv.DictReader(io.StringIO(answer(capsys, "profile", "resnet18", "--format", "csv"))))
    assert rows[0]["largest_batch_size"] == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("profile", "needs at least one model"),
        ("profile resnet5", "Did you mean 'resnet50'"),
        ("profile resnet50 --image-size 31", "smallest for its family (resnet) is 32"),
        (
            "profile resnet50 --batch-size 0",
            "--batch-size '0': expected a whole number of 1 or more, at most 2147483647.",
        ),
        ("profile resnet50 --batch-size -1", "--batch-size '-1': expected"),
        ("profile resnet50 --batch-size abc", "abc"),
        ("profile resnet50 --mode training --image-size 32", "one value per channel"),
        ("profile resnet50 --with fvcor", "Did you mean 'fvcore'"),
        ("profile resnet50 --memory 3", "is not a size"),
        ("profile resnet50 --by block", "block"),
        ("profile nosuchpackage:model", "cannot be imported"),
        ("show resnt18", "Did you mean 'resnet18'"),
        ("list foo*", "no model is called like"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str], arguments: str, says: str) -> None:
    assert says in refusal(capsys, *arguments.split())


def test_another_precision_than_a_model_is_built_in_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    error = refusal(capsys, "profile", "tests.runner.test_dissection:half", "--precision", "fp32")
    assert "is built in float16: ask for --precision fp16" in error


def test_list_has_every_model_with_its_cost_and_accuracy(capsys: pytest.CaptureFixture[str]) -> None:
    entries = json.loads(answer(capsys, "list", "--format", "json"))
    assert [entry["model"] for entry in entries] == list(specs.names())
    by_name = {entry["model"]: entry for entry in entries}
    assert by_name["resnet50"]["macs"] == 4089184256
    assert by_name["resnet50"]["published"][0] == {"weights": "IMAGENET1K_V1", "acc1": 76.13, "acc5": 92.862}
    assert by_name["resnet50_v1"]["published"] == []
    text = answer(capsys, "list", "cifar_*")
    assert text.splitlines()[2].split()[:2] == ["model", "family"]
    assert len(text.splitlines()) == 4 + 14
    rows = list(csv.DictReader(io.StringIO(answer(capsys, "list", "--format", "csv"))))
    assert len(rows) == len(specs.names())
    assert "\n| model | family |" in answer(capsys, "list", "--format", "markdown")


def test_counts_that_no_record_holds_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    batch = ("--batch-size", "2147483647", "--mode", "training")
    error = refusal(capsys, "profile", "resnet18", *batch, "--image-size", "4096", "--format", "json")
    assert "a count is beyond 2^62" in error
    assert json.loads(answer(capsys, "profile", "resnet18", *batch, "--image-size", "32", "--format", "json"))


def test_show_prints_the_module_tree(capsys: pytest.CaptureFixture[str]) -> None:
    tree = answer(capsys, "show", "resnet18")
    assert tree.startswith("ResNet(\n  (conv1): Conv2d(3, 64, kernel_size=(7, 7)")
    assert "(fc): Linear(in_features=512, out_features=1000, bias=True)" in tree
    assert "Linear" not in answer(capsys, "show", "resnet18", "--num-classes", "0")


OWN = """
[[models]]
name = "tiny"
block = "basic"
layers = [1, 1]
stem = "cifar"

[[models]]
name = "ten"
model = "torchvision:resnet18"
arguments = { num_classes = 10 }
input = "3x32x64"

[[sweep]]
models = ["tiny", "ten", "resnet18"]
"""


def test_a_suite_files_own_models_are_profiled_shown_and_listed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    suite = tmp_path / "suite.toml"
    suite.write_text(OWN)
    ours, theirs = json.loads(answer(capsys, "profile", str(suite), "--format", "json"))
    assert (ours["model"], ours["image_size"]) == ("tiny", 32)
    assert (theirs["model"], theirs["arguments"], theirs["input"]) == (
        "torchvision:resnet18",
        "num_classes=10",
        "3x32x64",
    )
    assert theirs["parameters"] == 11176512 + 5130
    (only,) = json.loads(answer(capsys, "profile", str(suite), "ti*", "--format", "json"))
    assert only == ours
    text = answer(capsys, "profile", str(suite), "ten", "--image-size", "32")
    assert text.startswith("torchvision:resnet18 (num_classes=10): inference, batch size 1, image size 32, fp32")
    assert "out_features=10," in answer(capsys, "show", str(suite), "ten")
    assert [it["model"] for it in json.loads(answer(capsys, "list", str(suite), "*iny", "--format", "json"))] == [
        "tiny"
    ]
    assert "Did you mean 'tiny'?" in refusal(capsys, "profile", str(suite), "tinny")
    assert "stands before the names" in refusal(capsys, "profile", "tiny", str(suite))


FOREIGN = """
[[models]]
name = "ten"
model = "torchvision:resnet18"
arguments = { num_classes = 10 }
input = "3x32x64"
accuracy = 76.3

[[models]]
name = "tiny"
model = "cifar_resnet20"
arguments = { in_channels = 1 }
weights = "best.pth"
input = "1x32x48"

[[models]]
name = "branching"
model = "tests.profilers.test_inputs:Branching"

[[sweep]]
models = ["ten", "tiny", "tests.profilers.test_inputs:Video"]
"""


@pytest.mark.slow
def test_a_suites_models_of_other_packages_are_listed_with_what_they_cost(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    suite = tmp_path / "suite.toml"
    suite.write_text(FOREIGN)
    listed = json.loads(answer(capsys, "list", str(suite), "t*", "branching", "--format", "json"))
    found = {it["model"]: it for it in listed}
    assert list(found) == ["ten", "tiny", "branching", "tests.profilers.test_inputs:Video"]
    tiny, ten, branching, video = (
        found[name] for name in ("tiny", "ten", "branching", "tests.profilers.test_inputs:Video")
    )
    assert (ten["built_from"], ten["input"], ten["given_acc1"]) == (
        "torchvision:resnet18 num_classes=10",
        "3x32x64",
        76.3,
    )
    assert ten["parameters"] == 11176512 + 5130
    assert (tiny["built_from"], tiny["weights"], tiny["depth"]) == ("cifar_resnet20 in_channels=1", "best.pth", 20)
    square = specs.totals(specs.find("cifar_resnet20")).macs - 2 * 16 * 9 * 32 * 32
    assert tiny["macs"] == 3 * (square - 640) // 2 + 640  # half as wide again, but for the classifier
    assert branching["macs"] is None
    assert "--by-running" in branching["uncounted"]
    assert "it was given (1, 3, 224, 224) float32" in video["uncounted"]
    text = answer(capsys, "list", str(suite), "ten", "branching")
    assert "given acc@1" in text
    assert "torchvision:resnet18 num_classes=10; input 3x32x64" in text
    assert "76.3" in text
    assert text.rstrip().endswith(branching["uncounted"])
    assert "given acc@1" not in answer(capsys, "list", "resnet18")


def test_arguments_and_inputs_are_flags(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--arguments", "num_classes=10", "--input", "3x64x96", "--by", "stage")
    text = answer(capsys, "profile", "torchvision:resnet18", *flags, "--with", "torch,fvcore")
    assert text.startswith("torchvision:resnet18 (num_classes=10): inference, batch size 1, input 3x64x96, fp32")
    assert "not known" not in text
    assert "has no argument 'classes'" in refused(capsys, "--arguments", "classes=10")
    assert "expected an input such as" in refused(capsys, "--input", "3by4")
    gray = answer(capsys, "profile", "cifar_resnet20", "--arguments", "in_channels=1 num_classes=0", "--format", "json")
    (counted,) = json.loads(gray)
    assert (counted["input"], counted["arguments"]) == ("1x32x32", "in_channels=1 num_classes=0")
    rgb = specs.totals(specs.find("cifar_resnet20")).macs
    assert counted["macs"] == rgb - 2 * 16 * 9 * 32 * 32 - 640


@pytest.mark.parametrize("arguments", [["list"], ["--help"], ["profile", "resnet50"], ["list", "--format", "json"]])
def test_the_command_line_answers_without_torch(arguments: list[str]) -> None:
    code = (
        "import sys; from resnet_bench import cli; code = cli.run(sys.argv[1:]);"
        "heavy = {'torch', 'torchvision', 'pandas', 'numpy', 'fvcore'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    return refusal(capsys, "profile", "resnet18", *arguments)


def test_flags_that_mean_nothing_are_refused_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert "add --measured" in refused(capsys, "--executor", "compile")
    assert "--memory" in refused(capsys, "--measured", "--memory", "8GiB")
    assert "--by-running" in refused(capsys, "--measured", "--by-running")
    assert "--memory means nothing with --by-running, which predicts none" in refused(
        capsys, "--by-running", "--memory", "8GiB"
    )
    assert "'1,2': expected a whole number of 1 or more" in refused(capsys, "--measured", "--threads", "1,2")
    assert "too small" in refused(capsys, "--measured", "--image-size", "8")
    assert "expected a whole number of 1 or more" in refused(capsys, "--measured", "--batch-size", "0")


def test_a_trace_that_cannot_be_written_is_refused_before_anything_runs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "it is a folder" in refused(capsys, "--trace", str(tmp_path))
    assert "there is no folder" in refused(capsys, "--trace", str(tmp_path / "none" / "trace.json"))
    pipe = tmp_path / "pipe"  # never a device of the machine: a regression would replace it by a file
    os.mkfifo(pipe)
    assert "not a regular file" in refused(capsys, "--trace", str(pipe))
    pipe.unlink()
    message = refusal(capsys, "profile", "resnet18", "resnet34", "--trace", str(tmp_path / "trace.json"))
    assert "one model" in message
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_measured_profile_adds_up_and_leaves_a_trace(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    command = ("profile", "cifar_resnet20", "--measured", "--mode", "training", "--batch-size", "4", "--device", "cpu")
    (found,) = json.loads(answer(capsys, *command, "--format", "json", "--trace", str(trace)))
    times = [layer["time_s"] for layer in found["layers"]]
    assert sum(times) == pytest.approx(found["parts_s"])
    assert found["agrees"] == (abs(found["parts_s"] / found["whole_s"] - 1) <= 0.03)
    names = [layer["name"] for layer in found["layers"]]
    assert names[0] == "conv1"
    assert names[-2:] == ["outside modules", "optimizer step"]
    assert found["called_more_than_once"]["layer1.0.relu"] == 2
    assert all(layer["backward_s"] > 0 for layer in found["layers"] if layer["type"] == "Conv2d")
    assert {layer["bound"] for layer in found["layers"]} <= {"compute", "memory", "overhead", None}
    assert found["not_run"] == []
    events = {event.get("name") for event in json.loads(trace.read_text())["traceEvents"]}
    assert {"iteration 0", "conv1 (Conv2d)", "aten::convolution"} <= events
    assert [path.name for path in tmp_path.iterdir()] == ["trace.json"]


@pytest.mark.slow
def test_a_compiled_model_shows_what_is_fused_and_guesses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    command = ("profile", "tests.runner.faulty:fusible", "--measured", "--executor", "compile", "--device", "cpu")
    (found,) = json.loads(answer(capsys, *command, "--image-size", "32", "--format", "json"))
    parts = {part: [row for row in found["layers"] if row["part"] == part] for part in ("module", "fused", "outside")}
    # So small a product may be fused too; what is no product always is.
    assert (
        {("0", "Conv2d")}
        <= {(row["name"], row["type"]) for row in parts["module"]}
        <= {("0", "Conv2d"), ("5", "Linear")}
    )
    assert parts["fused"]
    assert all(row["macs"] == 0 and row["bound"] is None for row in parts["fused"])
    assert found["timed_by"] == "profiler"
