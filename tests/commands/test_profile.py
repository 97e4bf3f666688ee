"""`profile`, `list` and `show` as a user meets them: real processes where start-up matters, else the entry function."""

import csv
import io
import json
import subprocess
import sys

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
    profile = json.loads(answer(capsys, "profile", "resnet50", "--format", "json"))
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


def test_several_models_are_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    profiles = json.loads(answer(capsys, "profile", "resnet18", "cifar_resnet20", "--format", "json"))
    assert [profile["model"] for profile in profiles] == ["resnet18", "cifar_resnet20"]


@pytest.mark.parametrize("by", ["layer", "stage", "type"])
@pytest.mark.parametrize("model", ["resnet50", "torchvision:resnet18"])
def test_the_tables_columns_add_up_to_its_total_line(capsys: pytest.CaptureFixture[str], by: str, model: str) -> None:
    text = answer(capsys, "profile", model, "--by", by, "--batch-size", "3")
    lines = text.split("\n\n")[1].splitlines()
    columns = slice(-8, -1)
    numbers = [[int(cell.replace(",", "")) for cell in line.split()[columns]] for line in lines[1:]]
    assert [sum(column) for column in zip(*numbers[:-1], strict=True)] == numbers[-1]
    assert lines[-1].startswith("total")


def test_stages_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    profile = json.loads(answer(capsys, "profile", "resnet18", "--by", "stage", "--format", "json"))
    assert [group["name"] for group in profile["groups"]] == ["stem", "layer1", "layer2", "layer3", "layer4", "head"]
    assert sum(group["macs"] for group in profile["groups"]) == profile["macs"]


def test_csv_is_exact_and_markdown_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(answer(capsys, "profile", "resnet18", "--format", "csv"))))
    assert sum(int(row["macs"]) for row in rows) == 1814073344
    assert rows[0]["output_shape"] == "1x64x112x112"
    markdown = answer(capsys, "profile", "resnet18", "--by", "type", "--format", "markdown")
    assert markdown.startswith("## resnet18: inference, batch size 1, image size 224, fp32")
    assert "| Conv2d | 20 |" in markdown


def test_memory_and_other_tools(capsys: pytest.CaptureFixture[str]) -> None:
    case = "--mode training --batch-size 64 --precision amp_bf16 --optimizer adam"
    extras = "--memory 141GiB --by stage --with fvcore,torch"
    text = answer(capsys, "profile", "resnet50", *case.split(), *extras.split())
    assert "Largest batch size in 141.0 GiB: " in text
    assert "263,136,804,864" in text  # 64 x 4,111,512,576
    assert "saved for backward" in text
    profile = json.loads(answer(capsys, "profile", "resnet50", "--memory", "1GiB", "--format", "json"))
    assert profile["memory_limit_bytes"] == 2**30
    assert profile["largest_batch_size"] > 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("profile", "needs at least one model"),
        ("profile resnet5", "Did you mean 'resnet50'"),
        ("profile resnet50 --image-size 31", "smallest for its family (resnet) is 32"),
        ("profile resnet50 --batch-size 0", "batch size 0"),
        ("profile resnet50 --batch-size -1", "batch size -1"),
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


def test_list_has_every_model_with_its_cost_and_accuracy(capsys: pytest.CaptureFixture[str]) -> None:
    entries = json.loads(answer(capsys, "list", "--format", "json"))
    assert [entry["model"] for entry in entries] == list(specs.names())
    by_name = {entry["model"]: entry for entry in entries}
    assert by_name["resnet50"]["macs"] == 4089184256
    assert by_name["resnet50"]["published"][0] == {"weights": "IMAGENET1K_V1", "acc1": 76.13, "acc5": 92.862}
    assert by_name["resnet50_v1"]["published"] == []
    text = answer(capsys, "list", "cifar_*")
    assert text.splitlines()[0].split()[:2] == ["model", "family"]
    assert len(text.splitlines()) == 9
    rows = list(csv.DictReader(io.StringIO(answer(capsys, "list", "--format", "csv"))))
    assert len(rows) == len(specs.names())
    assert answer(capsys, "list", "--format", "markdown").startswith("| model | family |")


def test_show_prints_the_module_tree(capsys: pytest.CaptureFixture[str]) -> None:
    tree = answer(capsys, "show", "resnet18")
    assert tree.startswith("ResNet(\n  (conv1): Conv2d(3, 64, kernel_size=(7, 7)")
    assert "(fc): Linear(in_features=512, out_features=1000, bias=True)" in tree


@pytest.mark.parametrize("arguments", [["list"], ["--help"], ["profile", "resnet50"], ["list", "--format", "json"]])
def test_the_command_line_answers_without_torch(arguments: list[str]) -> None:
    code = (
        "import sys; from resnet_bench import cli; code = cli.run(sys.argv[1:]);"
        "heavy = {'torch', 'torchvision', 'pandas', 'numpy', 'fvcore'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL)
