"""A file of weights that cannot be used says why, in one line without anything of torch's own pages."""

import io
import os
import re
import warnings
import zipfile

import pytest
import torch
from torch import nn

from resnet_bench.errors import ModelError
from resnet_bench.models import create_model

MODEL = "cifar_resnet20"


def state(**changes):
    return dict(create_model(MODEL).state_dict()) | changes


def saved(content, **options):
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


def flipped(data):
    """One bit of a weight's: in the middle of the largest record."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        largest = max(archive.infolist(), key=lambda entry: entry.file_size)
        at = data.index(archive.read(largest)) + largest.file_size // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def deflated(data):
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry))
    return buffer.getvalue()


def sparse():
    return torch.eye(10, 64).to_sparse()


FILES = {
    "empty": (lambda: b"", "is empty"),
    "text": (lambda: b"not weights, \x1b[31mreally", "is text and not weights"),
    "page": (lambda: b"<!DOCTYPE html><html><body>404</body></html>", "is a web page and not weights"),
    "pointer": (lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer of Git LFS"),
    "noise": (lambda: bytes(range(160, 256)) * 9, "is no file that torch.save wrote"),
    "cut off": (lambda: saved(state())[:-500], "is cut off or damaged"),
    "beginning": (lambda: saved(state())[:64], "is cut off or damaged"),
    "odd pickle": (lambda: bytes(range(128, 256)) * 9, "it is damaged, or no file that torch.save wrote"),
    "old and cut off": (
        lambda: saved(state(), _use_new_zipfile_serialization=False)[:9000],
        "cannot be read as a state dict",
    ),
    "compressed": (lambda: deflated(saved(state())), "is a compressed archive"),
    "whole model": (lambda: saved(nn.Sequential(nn.Linear(2, 2))), "holds a pickled torch.nn"),
    "function": (lambda: saved({"x": os.path.join}), "holds a pickled posixpath.join"),
    "list": (lambda: saved([1, 2]), "are not a state dict"),
    "meta": (lambda: saved(state(**{"fc.bias": torch.empty(10, device="meta")})), "fc.bias holds no data (a meta"),
    "sparse": (lambda: saved(state(**{"fc.weight": sparse()})), "fc.weight is sparse"),
    "complex": (lambda: saved(state(**{"fc.bias": torch.ones(10) * 1j})), "fc.bias is of complex64 and not of float32"),
    "int8": (lambda: saved(state(**{"fc.bias": torch.ones(10, dtype=torch.int8)})), "is of int8 and not of float32"),
    "NaN": (lambda: saved(state(**{"fc.bias": torch.full((10,), float("nan"))})), "fc.bias holds NaN or inf"),
    "all NaN": (lambda: saved({k: v * float("nan") for k, v in state().items()}), "holds NaN or inf and "),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_state_dict_says_what_it_is(tmp_path, name):
    content, words = FILES[name]
    path = tmp_path / "weights.pth"
    path.write_bytes(content())
    with pytest.raises(ModelError) as caught:
        create_model(MODEL, pretrained=str(path))
    text = str(caught.value)
    assert words in text
    assert str(path) in text
    assert text.isprintable()
    assert len(text) < 500


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_another_floating_precision_is_taken(tmp_path, dtype):
    path = tmp_path / "weights.pth"
    torch.save({key: it.to(dtype) if it.is_floating_point() else it for key, it in state().items()}, path)
    assert create_model(MODEL, pretrained=str(path)).fc.weight.dtype is torch.float32


def test_a_flipped_bit_is_refused_where_the_hash_is_known_and_else_noted(tmp_path):
    import hashlib

    good = saved(state())
    digest = hashlib.sha256(good).hexdigest()[:8]
    hashed, plain = tmp_path / f"mine-{digest}.pth", tmp_path / "mine.pth"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in (hashed, plain):
            path.write_bytes(good)
            create_model(MODEL, pretrained=str(path))
    for path in (hashed, plain):
        path.write_bytes(flipped(good))
    with pytest.raises(ModelError, match=f"is damaged: its SHA-256 does not start with {digest}"):
        create_model(MODEL, pretrained=str(hashed))
    with pytest.warns(UserWarning, match="the checksum of .* does not match: it is damaged, or was saved without"):
        create_model(MODEL, pretrained=str(plain))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.mkdir(), "is not a regular file"),
        (os.mkfifo, "is not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "is not a regular file"),
        (lambda path: path.symlink_to(path), "cannot be read: Too many levels"),
        (lambda _: None, "is not there"),
    ],
)
def test_what_is_no_file_is_said_at_once(tmp_path, make, words):
    path = tmp_path / "weights.pth"
    make(path)
    with pytest.raises(ModelError, match=re.escape(words)):
        create_model(MODEL, pretrained=str(path))


def test_safetensors_are_held_to_the_hash_in_their_name_too(tmp_path):
    path = tmp_path / "mine-00000000.safetensors"
    path.write_bytes(b"\x08" + b"\0" * 7 + b"{}      ")
    with pytest.raises(ModelError, match="its SHA-256 does not start with 00000000"):
        create_model(MODEL, pretrained=str(path))


@pytest.mark.parametrize("name", ["w" * 400, "w" * 400 + ".pth", "w\0.pth"])
def test_a_name_that_no_file_has_is_said(name):
    with pytest.raises(ModelError) as caught:
        create_model("resnet18", pretrained=name)
    assert "\n" not in str(caught.value)
