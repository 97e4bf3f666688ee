"""Whole runs of networks that are no classifiers of square images: what cannot run is known before the first launch."""

import json

import pytest
import torch
from torch import nn

from resnet_bench import cli
from resnet_bench.records import SkipReason
from resnet_bench.storage import run_directory

HERE = "tests.runner.test_any_network"
BRIEF = ("--launches", "1", "--batch-sizes", "1", "--device", "cpu", "--threads", "1")


def frozen() -> nn.Module:
    return nn.Sequential(nn.Conv2d(4, 4, 1), nn.Flatten()).requires_grad_(requires_grad=False)


class _Ends(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3)
        self.head = nn.Linear(8, 5)

    def forward(self, images):
        features = self.conv(images)
        return {"logits": self.head(features.mean((2, 3))), "maps": features}


def ends() -> nn.Module:
    return _Ends()


def two(channels: int = 1) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, 4, 1), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 5 * 7, 3))


def launches(directory):
    return [json.loads(line) for line in (directory / run_directory.LAUNCHES_NAME).read_text().splitlines()]


@pytest.mark.slow
def test_what_cannot_be_trained_is_skipped_before_the_first_launch_and_the_rest_is_measured(tmp_path):
    directory = tmp_path / "run"
    models = f"{HERE}:frozen,{HERE}:ends"
    asked = ("--models", models, "--mode", "both", "--input", "4x9x12", "--optimizer", "adamw")
    assert cli.run(["run", *asked, *BRIEF, "-o", str(directory)]) == 0
    lines = launches(directory)
    assert lines[0]["type"] == "skip"
    assert lines[0]["case"]["model"] == f"{HERE}:frozen"
    assert lines[0]["reason"] == SkipReason.UNSUPPORTED
    assert "is trainable" in lines[0]["detail"]
    done = run_directory.load(directory)
    measured = {(it.case.model, it.case.mode, it.case.input, it.case.optimizer) for it in done.measurements}
    assert measured == {
        (f"{HERE}:frozen", "inference", "4x9x12", "momentum"),
        (f"{HERE}:ends", "training", "4x9x12", "adamw"),
        (f"{HERE}:ends", "inference", "4x9x12", "momentum"),
    }
    (trained,) = (it for it in done.header.profiles if it.mode == "training")
    assert (trained.optimizer, trained.input, trained.macs) == ("adamw", "4x9x12", 7 * 10 * 8 * 36 + 40)


@pytest.mark.slow
def test_weights_arguments_and_what_was_loaded_are_on_the_record(tmp_path):
    torch.save({"state_dict": {f"model.{key}": it for key, it in two(2).state_dict().items()}}, tmp_path / "best.ckpt")
    suite = tmp_path / "suite.toml"
    suite.write_text(
        f'[[models]]\nname = "mine"\nmodel = "{HERE}:two"\narguments = {{ channels = 2 }}\n'
        f'weights = "{tmp_path / "best.ckpt"}"\ninput = "2x5x7"\naccuracy = 76.3\n'
        '[[sweep]]\nmodels = ["mine"]\n'
    )
    directory = tmp_path / "run"
    assert cli.run(["run", str(suite), *BRIEF, "-o", str(directory)]) == 0
    (launch,) = run_directory.load(directory).measurements[0].launches
    assert launch.case.arguments == "channels=2"
    assert launch.case.input == "2x5x7"
    assert launch.executed.weights == str(tmp_path / "best.ckpt")
    assert launch.executed.batch_norm_statistics == "those of the loaded weights"
    assert cli.run(["report", str(directory), "-o", str(tmp_path / "page.html")]) == 0
    assert "Given by the suite, of whatever it was measured on" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--models", "torchvision:resnet5"), "Did you mean 'resnet50'?"),
        (("--models", "torchvision:resnet18", "--arguments", "clases=3"), "clases"),
        (("--models", f"{HERE}:two", "--arguments", "chanels=3"), "Did you mean 'channels'?"),
        (("--models", "resnet18", "--weights", "absent.pth"), "weights file absent.pth is not there"),
        (("--models", "resnet18", "--weights", "IMAGENET1K_V7"), "Did you mean 'IMAGENET1K_V1'?"),
        (("--models", "resnet18", "--input", f"{HERE}:nothing"), "has no 'nothing'"),
        (("--models", "torchvision:quantized_resnet18"), "an int8 network"),
        (("--models", f"{HERE}:two", "--input", "1x5x7", "--weights", "{folder}/of_two.pth"), "do not fit"),
    ],
)
@pytest.mark.parametrize("dry", [True, False])
def test_what_is_not_there_is_a_usage_error_before_anything_is_measured(capsys, tmp_path, flags, says, dry):
    directory = tmp_path / "run"
    torch.save(two(2).state_dict(), tmp_path / "of_two.pth")
    flags = [flag.replace("{folder}", str(tmp_path)) for flag in flags]
    ended = cli.run(["run", *flags, *BRIEF, "-o", str(directory), *(["--dry-run"] if dry else [])])
    error = capsys.readouterr().err
    assert ended == 2, error
    assert says in error
    assert not (directory / run_directory.LAUNCHES_NAME).exists()
