"""The child's entry: one request on standard input, one JSON line on standard output, then the end.

Everything that libraries print goes to standard error. The child ends with its parent: its standard input is
watched, and when that closes the whole process group is killed.
"""

import datetime as dt
import os
import signal
import sys
import threading
import time
from typing import BinaryIO

import msgspec

from resnet_bench.errors import DeviceError, ResNetBenchError, StoreError
from resnet_bench.records import Case, Ceilings, Launch, LayerProfile, Profile, Skip, SkipReason
from resnet_bench.wire.messages import (
    Answer,
    CeilingsRequest,
    Failed,
    LayersRequest,
    MeasureRequest,
    Probed,
    ProbeRequest,
    Profiled,
    ProfileRequest,
    Request,
    TrialRequest,
    Tried,
)

# Of want of memory: the CPU's allocator, the C++ library's, CUDA's, and cuBLAS's and cuDNN's for their handles.
_OUT_OF_MEMORY_WORDS = ("defaultcpuallocator", "bad_alloc", "out of memory", "status_alloc_failed")
# What torch says of an operator or a batch that it cannot do; the last is batch norm training on a single value.
_UNSUPPORTED_WORDS = ("not implemented for", "Could not run", "Expected more than 1 value per channel")


def main() -> None:
    """Answer the request on standard input."""
    answers = _take_over_stdout()
    line = sys.stdin.buffer.readline()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    request: Request = msgspec.json.decode(line, type=Request)
    answer = _answer(request)
    answers.write(msgspec.json.encode(answer) + b"\n")
    answers.flush()
    # Interpreter shutdown with torch loaded takes a while and can crash in foreign destructors; the answer is out.
    os._exit(0)


def _answer(request: Request) -> Answer:
    match request:
        case ProbeRequest():
            return _probe(request)
        case ProfileRequest():
            return _profile(request)
        case MeasureRequest():
            return _measure(request)
        case LayersRequest():
            return _layers(request)
        case CeilingsRequest():
            return _ceilings(request)
        case TrialRequest():
            return _try(request)


def _probe(request: ProbeRequest) -> Probed | Failed:
    from resnet_bench.machine import environment

    try:
        device = str(environment.find_device(request.device))
        return Probed(device=device, environment=environment.collect(device))
    except ResNetBenchError as error:
        return Failed(message=str(error), exit_code=error.exit_code)


def _profile(request: ProfileRequest) -> Profiled:
    from resnet_bench.profilers.complexity import static_profile

    profiles, refusals = [], []
    for subject in request.subjects:
        name = subject.model if isinstance(subject.model, str) else subject.model.name
        try:
            profile = static_profile(
                subject.model,
                mode=subject.mode,
                precision=subject.precision,
                batch_size=subject.batch_size,
                image_size=subject.image_size,
                counters=("fvcore", "torch"),
            )
            profiles.append(_slim(profile))
        except ResNetBenchError as error:
            refusals.append((name, str(error)))
    return Profiled(profiles=tuple(profiles), refusals=tuple(refusals))


def _slim(profile: Profile) -> Profile:
    """Keep of the layers what a roofline needs: the layers themselves would fill a run's header."""
    from resnet_bench.specs.costs import iteration_work

    work = iteration_work(
        profile.layers,
        mode=profile.mode,
        precision=profile.precision,
        trainable_parameters=profile.trainable_parameters,
    )
    return msgspec.structs.replace(profile, layers=(), work=work)


def _layers(request: LayersRequest) -> LayerProfile | Skip | Failed:
    from resnet_bench.child.layers import dissect

    try:
        return dissect(request)
    except StoreError as error:
        return Failed(message=str(error), exit_code=error.exit_code)
    except Exception as error:  # noqa: BLE001 - whatever a model raises is a result
        return _skip(request.case, 0, error)


def _ceilings(request: CeilingsRequest) -> Ceilings | Failed:
    from resnet_bench.child.layers import ceilings

    try:
        return ceilings(request)
    except ResNetBenchError as error:
        return Failed(message=str(error), exit_code=error.exit_code)


def _measure(request: MeasureRequest) -> Launch | Skip:
    started = time.perf_counter()
    started_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    from resnet_bench.child.measure import measure

    try:
        return measure(request, started=started, started_at=started_at)
    except Exception as error:  # noqa: BLE001 - whatever a model raises is a result: the sweep goes on
        return _skip(request.case, request.index, error)


def _try(request: TrialRequest) -> Tried | Skip:
    from resnet_bench.child.trial import attempt

    try:
        return attempt(request)
    except Exception as error:  # noqa: BLE001 - whatever a model raises is a result: the search goes on
        return _skip(request.case, 0, error)


def _skip(case: Case, index: int, error: Exception) -> Skip:
    words = str(error) if isinstance(error, ResNetBenchError) else f"{type(error).__name__}: {error}"
    return Skip(case=case, index=index, reason=_reason(error), detail=_first_line(words))


def _reason(error: BaseException) -> SkipReason:
    import torch

    # A model's own exception is the cause of the one that names the model.
    chain = [error] if error.__cause__ is None else [error, error.__cause__]
    text = " ".join(str(each) for each in chain)
    if any(isinstance(each, MemoryError | torch.OutOfMemoryError) for each in chain):
        return SkipReason.OUT_OF_MEMORY
    if any(words in text.lower() for words in _OUT_OF_MEMORY_WORDS):
        return SkipReason.OUT_OF_MEMORY
    if isinstance(error, DeviceError):
        return SkipReason.CRASHED  # it was there when the run began: --resume shall try again
    unsupported = any(isinstance(each, ResNetBenchError | NotImplementedError) for each in chain)
    if unsupported or any(words in text for words in _UNSUPPORTED_WORDS):
        return SkipReason.UNSUPPORTED
    return SkipReason.CRASHED


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0][:500] if lines else ""


def _take_over_stdout() -> BinaryIO:
    """Keep the real standard output for the answer; what others print goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _end_with_parent() -> None:
    # Not through sys.stdin: interpreter shutdown would wait for its lock.
    while os.read(0, 4096):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
