"""What int8 takes its ranges from: a folder's images as evaluation has them, or seeded ones."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from resnet_bench import cli
from resnet_bench.errors import UnsupportedError, UsageError
from resnet_bench.executors import calibration
from resnet_bench.records import Precision
from tests import make


def case(**axes):
    return make.case("tiny", **dict(batch_size=4, image_size=16) | axes)


@pytest.fixture
def pictures(tmp_path):
    for index, colour in enumerate(((255, 0, 0), (0, 255, 0), (0, 0, 255), (10, 20, 30), (0, 0, 0))):
        (tmp_path / f"class{index % 2}").mkdir(exist_ok=True)
        Image.new("RGB", (40, 30), colour).save(tmp_path / f"class{index % 2}" / f"{index}.png")
    (tmp_path / "labels.txt").write_text("0 1 0 1 0")
    return tmp_path


def test_images_of_a_folder_are_scaled_as_evaluation_scales_them(pictures):
    (batch,) = calibration.batches(case(), str(pictures))
    assert batch.shape == (4, 3, 16, 16)
    assert batch.dtype == np.float32
    red = batch[0, :, 8, 8]
    assert red == pytest.approx((np.array([1, 0, 0]) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225], rel=1e-5)


def test_fewer_images_than_a_batch_are_repeated_and_one_channel_is_grey(pictures):
    (batch,) = calibration.batches(case(batch_size=8, image_size=16, input="1x16x12"), str(pictures))
    assert batch.shape == (8, 1, 16, 12)
    assert np.array_equal(batch[0], batch[5])


def test_without_a_folder_they_are_seeded_and_fill_whole_batches():
    first, again = calibration.batches(case(batch_size=5)), calibration.batches(case(batch_size=5))
    assert [it.shape for it in first] == [(5, 3, 16, 16)] * 7
    assert all(map(np.array_equal, first, again))


def test_of_many_images_those_of_all_classes_are_taken(tmp_path):
    for index in range(100):
        (tmp_path / f"{index:03}.jpg").touch()
    taken = calibration.files(str(tmp_path))
    assert len(taken) == calibration.IMAGES
    assert taken[-1].stem > "090"


@given(st.integers(1, 200))
def test_positions_are_even_over_the_whole_folder(count):
    found = [Path(f"{index:03}.png") for index in range(count)]
    taken = [int(it.stem) for it in calibration.spread(found)]
    assert len(taken) == min(count, calibration.IMAGES)
    gaps = np.diff([*taken, count])
    assert taken[0] == 0
    assert gaps.max() - gaps.min() <= 1


def test_int8_by_photos_is_compared_over_what_photos_hold():
    int8 = case(precision=Precision.INT8)
    free, within = (calibration.compared(int8, 64, seed=1, folder=folder) for folder in ("", "photos"))
    black, white = ((np.full(3, tone) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225] for tone in (0, 1))
    assert free.max() > white.max()
    assert (black[:, None, None] - 1e-6 <= within).all()
    assert (within <= white[:, None, None] + 1e-6).all()
    assert within.dtype == np.float32
    assert len(np.unique(within.std(axis=(1, 2, 3)).round(3))) > 32
    assert np.array_equal(calibration.compared(case(), 64, seed=1, folder="photos"), free)


@pytest.mark.parametrize(("made", "words"), [(True, "has no image"), (False, "is not a folder")])
def test_a_folder_without_images_is_refused(tmp_path, monkeypatch, made, words):
    monkeypatch.chdir(tmp_path)
    if made:
        (tmp_path / "none").mkdir()
    with pytest.raises(UsageError, match=words):
        calibration.files("none")


def test_what_is_no_image_is_named(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"'.*broken\.png' cannot be read as an image: it is of no format"):
        calibration.batches(case(), str(tmp_path))


@pytest.mark.parametrize("error", [SyntaxError("broken PNG file"), Image.DecompressionBombError("so many pixels")])
def test_whatever_a_format_raises_is_said(tmp_path, monkeypatch, error):
    def refuse(_):
        raise error

    (tmp_path / "a.png").write_bytes(b"1")
    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(UsageError, match=rf"a\.png' cannot be read as an image: {type(error).__name__}: {error}"):
        calibration.batches(case(), str(tmp_path))


def test_a_model_that_takes_no_images_cannot_be_calibrated_with_them(pictures):
    with pytest.raises(UnsupportedError, match="images of 1 or 3 channels"):
        calibration.batches(case(input="5x16x16"), str(pictures))


@pytest.mark.slow
def test_a_run_says_so_in_one_line(tmp_path, capsys):
    asked = ("--models", "cifar_resnet20", "--calibration", str(tmp_path), "--device", "cpu", "-o", str(tmp_path / "r"))
    assert cli.run(("run", *asked)) == 2
    assert "has no image" in capsys.readouterr().err


def test_a_pipe_among_the_images_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(UsageError, match="it is a pipe, not a regular file"):
        calibration.batches(case(), str(tmp_path))
