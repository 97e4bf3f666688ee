"""The artefact of a launch: made by a process of its own, or by an earlier launch of the case that left it here.

Launches share it where they are given a folder for it: the first one makes it, all load the same bytes. Never torch.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from resnet_bench import scratch
from resnet_bench.child.logits import EXPECTED, MOST_IMAGES, images_of
from resnet_bench.executors import artifact
from resnet_bench.records import Skip
from resnet_bench.wire.answers import Converted, Failed
from resnet_bench.wire.messages import ConvertRequest, MeasureRequest

_ANSWER = "answer"


class Made(NamedTuple):
    """An artefact, what its conversion said, and whether that was this launch's own and not an earlier one's."""

    folder: Path
    said: Converted
    now: bool


@contextmanager
def workplace(request: MeasureRequest) -> Iterator[Path]:
    """Yield the folder of the case's artefact: the one that its launches share, else one that goes with this launch."""
    if request.artifacts and Path(request.artifacts).is_dir():
        yield Path(request.artifacts)
        return
    with scratch.folder("artifact") as folder:
        yield folder


def converted(request: MeasureRequest, folder: Path) -> Made | Skip:
    """Return the artefact in a folder, made now by a process of its own where no earlier launch has made it.

    Raises:
        ResNetBenchError: as that process raised it.
    """
    known = _answer(folder)
    if isinstance(known, Converted):
        return Made(folder, known, now=False)
    made = _converted_now(request, folder)
    return made if isinstance(made, Skip) else Made(folder, made, now=True)


def _answer(folder: Path) -> Converted | Skip | Failed | None:
    """Return what a conversion into a folder answered; None where none did, or it was ended before."""
    try:
        return msgspec.json.decode((folder / _ANSWER).read_bytes(), type=Converted | Skip | Failed)
    except (OSError, msgspec.DecodeError):
        return None


def _converted_now(request: MeasureRequest, folder: Path) -> Converted | Skip:
    for left in (artifact.FOLDER, _ANSWER, EXPECTED):  # of a launch that was ended while it converted
        shutil.rmtree(folder / left, ignore_errors=True)
        (folder / left).unlink(missing_ok=True)
    asked = ConvertRequest(
        case=request.case,
        model=request.model,
        index=request.index,
        folder=str(folder),
        seed=request.protocol.seed,
        images=MOST_IMAGES if request.artifacts else images_of(request.index),
        calibration=request.protocol.calibration,
    )
    command = [sys.executable, "-P", "-m", "resnet_bench.child.worker"]
    with (folder / _ANSWER).open("wb") as file:  # no pipe: what a model has forked would keep it open
        done = subprocess.run(command, input=msgspec.json.encode(asked) + b"\n", stdout=file, check=False)
    answer = _answer(folder)
    if answer is None:
        raise RuntimeError(f"the conversion ended with status {done.returncode} and no answer")
    if isinstance(answer, Failed):
        raise answer.exception()
    return answer
