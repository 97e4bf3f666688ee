"""One file of weights, read without running anything of it; what is wrong with a file is said in words."""

import argparse
import hashlib
import pickle
import re
import stat
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from resnet_bench.errors import ModelError, in_words
from resnet_bench.machine.devices import HOST
from resnet_bench.words import plain

_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"  # files of torch before 1.6
_HASHED = re.compile(r"-([0-9a-f]{8,})\.")
_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")
_HEAD_BYTES = 512
_SHOWN = 3


class DamagedFileError(ModelError):
    """The file is not what it was written as: another copy may be whole."""


def expected_hash(name: str) -> str | None:
    """Return how the SHA-256 begins of what is in a file of that name, such as resnet18-f37072fd.pth, where it says."""
    found = _HASHED.search(name)
    return found[1] if found else None


def read(path: Path) -> Any:
    """Return what `torch.save` wrote to a file, on the CPU.

    A damaged file is told by the hash in its name. Without one the checksums inside the file are looked at, and what
    does not match is a warning: torch can leave them out.

    Raises:
        DamagedFileError: it is empty, cut off, changed, or holds something else than `torch.save` writes.
        ModelError: it is not there, or holds more than tensors.
    """
    head = beginning(path)
    if head.startswith(_ZIP):
        _check_archive(path, trusted=expected_hash(path.name) is not None)
    elif not head.startswith(_PICKLE):
        raise DamagedFileError(f"weights file {path} {_what_else(head)}.")
    try:
        # Training scripts save their arguments beside the weights.
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(path, map_location=HOST, weights_only=True)
    except Exception as error:
        raise _refusal(path, error) from error


def refuse_unusable(state: Mapping[str, Tensor], own: Mapping[str, Tensor], source: str) -> None:
    """Refuse tensors that are no weights of a network whose own are `own`, whatever names and shapes they have.

    Raises:
        ModelError: the first few, each with what is wrong with it.
    """
    faults = {key: fault for key in own if key in state and (fault := _fault(state[key], own[key]))}
    if faults:
        named = [f"{plain(key)} {fault}" for key, fault in faults.items()]
        more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
        raise ModelError(f"weights {source} cannot be used: {', '.join(named[:_SHOWN])}{more}.")


def _fault(found: Tensor, wanted: Tensor) -> str:
    if found.is_meta:
        return "holds no data (a meta tensor)"
    if found.is_nested or found.layout is not torch.strided:
        return f"is {'nested' if found.is_nested else 'sparse'}"
    if found.is_quantized or found.is_complex() or found.is_floating_point() is not wanted.is_floating_point():
        return f"is of {str(found.dtype).removeprefix('torch.')} and not of {str(wanted.dtype).removeprefix('torch.')}"
    if found.is_floating_point() and not bool(torch.isfinite(found.to(wanted.dtype)).all()):
        return "holds NaN or inf"
    return ""


def beginning(path: Path) -> bytes:
    """Return how a file begins, after its hash was found to be what its name says, where it says.

    Raises:
        DamagedFileError: it is another.
        ModelError: it is not there; would have no end, or is no file: then it is not opened.
    """
    head = _head(path)
    expected = expected_hash(path.name)
    if expected is not None and not _sha256(path).startswith(expected):
        raise DamagedFileError(f"weights file {path} is damaged: its SHA-256 does not start with {expected}.")
    return head


def _head(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ModelError(f"weights file {path} is not a regular file.")
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except FileNotFoundError:
        raise ModelError(f"weights file {path} is not there.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or in_words(error)
        raise ModelError(f"weights file {path} cannot be read: {reason}.") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_archive(path: Path, *, trusted: bool) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise ModelError(f"weights file {path} is a compressed archive, and torch.save writes none.")
            changed = None if trusted else archive.testzip()
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise DamagedFileError(f"weights file {path} is cut off or damaged: {in_words(error)}.") from error
    if changed is not None:
        warnings.warn(
            f"weights file {path}: the checksum of '{plain(changed)}' in it does not match: it is damaged, or was "
            "saved without checksums",
            stacklevel=2,
        )


def _what_else(head: bytes) -> str:
    """Say what a file is that `torch.save` did not write, by how it begins."""
    if not head:
        return "is empty"
    if head.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS and not the file itself: fetch it with git lfs pull"
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # no character that the head cuts in two
            return "is no file that torch.save wrote"
        text = head[: error.start].decode()
    page = text.lstrip().lower().startswith(("<!doctype", "<html", "<?xml"))
    return f"is {'a web page' if page else 'text'} and not weights"


def _refusal(path: Path, error: Exception) -> ModelError:
    """Say what is wrong in one line: torch gives a page, with escape codes and advice to run what is in the file."""
    more = _GLOBAL.search(str(error))
    if isinstance(error, pickle.UnpicklingError) and more:
        return ModelError(
            f"weights file {path} cannot be read as a state dict: it holds a pickled {more[1]}, and to load that could "
            "run any code; save model.state_dict() instead of the model."
        )
    said = "it is damaged, or no file that torch.save wrote"
    return DamagedFileError(f"weights file {path} cannot be read as a state dict: {said}.")
