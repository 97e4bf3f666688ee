"""`profile --measured`: probe the machine, look its ceilings up, time the layers in a child, print."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from resnet_bench import specs
from resnet_bench.analysis.layers import By
from resnet_bench.analysis.roofline import headroom
from resnet_bench.config import axes
from resnet_bench.config.suite_file import load_suite
from resnet_bench.errors import IncompleteError, ResNetBenchError, StoreError, UsageError
from resnet_bench.machine import environment
from resnet_bench.profilers.complexity import EXTERNAL_IMAGE_SIZE
from resnet_bench.records import (
    Case,
    Ceilings,
    Environment,
    Executor,
    LayerProfile,
    MemoryFormat,
    Mode,
    Precision,
    Profile,
    Record,
    Skip,
)
from resnet_bench.report.documents import layers
from resnet_bench.report.documents.layers import Dissection
from resnet_bench.report.format import Format
from resnet_bench.runner import ceilings
from resnet_bench.runner.launchers import local
from resnet_bench.specs import Spec
from resnet_bench.specs.costs import iteration_work
from resnet_bench.wire.messages import LayersRequest, ProfileRequest, ProfileSubject

BUDGET_S = 5.0


class Question(Record, frozen=True, kw_only=True):
    """What is measured, of every model alike; no image size means each model's own."""

    mode: Mode
    batch_size: int
    image_size: int | None
    precision: Precision
    device: str
    executor: Executor
    memory_format: MemoryFormat
    threads: str | None


def dissect(models: Sequence[str], question: Question, *, by: By, trace: Path | None, form: Format) -> None:
    """Time the layers of models one after another and print them.

    Raises:
        UsageError, ModelError, DeviceError: the question does not fit.
        StoreError: the trace cannot be written.
        IncompleteError: a model's layers could not be timed, for a reason that is no mistake of the user's.
    """
    if question.batch_size < 1:
        raise UsageError(f"batch size {question.batch_size}: expected 1 or more.")
    if trace is not None:
        if len(models) > 1:
            raise UsageError("--trace takes one model: one file holds one trace.")
        check_writable(trace)
    subjects = [(name, _model(name)) for name in models]
    threads = _threads(question.threads)
    probed = local.probe(question.device)
    cases = [_case(name, model, question, device=probed.device, threads=threads) for name, model in subjects]
    known = _ceilings(probed.environment, cases[0])
    found = []
    for case, (_, model) in zip(cases, subjects, strict=True):
        print(f"timing the layers of {case.label}", file=sys.stderr, flush=True)
        profile = _measure(case, model, trace)
        found.append(_against(profile, model, known))
    print(layers.render(found, form, by=by))
    if trace is not None:
        print(f"trace: {trace} (open it at ui.perfetto.dev)", file=sys.stderr)


def check_writable(path: Path) -> None:
    """Refuse, before anything is measured, a file that cannot be written.

    Raises:
        StoreError: with what is in the way.
    """
    folder = path.absolute().parent
    if path.is_dir():
        raise StoreError(f"cannot write the trace {path}: it is a folder; name a file in it.")
    if path.exists() and not path.is_file():
        raise StoreError(f"cannot write the trace {path}: it is no regular file; choose another one.")
    if not folder.is_dir():
        raise StoreError(f"cannot write the trace {path}: there is no folder {folder}; make it first.")
    if not os.access(folder, os.W_OK):
        raise StoreError(f"cannot write the trace {path}: no permission to write in {folder}; choose another file.")


def _model(name: str) -> Spec | str:
    return name if specs.is_external(name) else specs.find(name)


def _threads(text: str | None) -> int:
    counts = axes.read_threads(text) if text is not None else (environment.default_threads(),)
    if len(counts) != 1:
        raise UsageError(f"--threads '{text}': a profile takes one number of threads.")
    return counts[0]


def _case(name: str, model: Spec | str, question: Question, *, device: str, threads: int) -> Case:
    own = model.image_size if isinstance(model, Spec) else EXTERNAL_IMAGE_SIZE
    size = own if question.image_size is None else question.image_size
    if isinstance(model, Spec):
        specs.check_image_size(model, size)
        if question.mode is Mode.TRAINING:
            specs.check_trainable(model, batch_size=question.batch_size, image_size=size)
    return Case(
        model=name,
        mode=question.mode,
        batch_size=question.batch_size,
        image_size=size,
        precision=question.precision,
        memory_format=question.memory_format,
        executor=question.executor,
        device=device,
        threads=threads,
    )


def _ceilings(present: Environment, case: Case) -> Ceilings | None:
    try:
        return ceilings.known_or_measured(
            present, device=case.device, threads=case.threads, precisions=(case.precision,), warn=warn
        )
    except ResNetBenchError as error:
        warn(f"no ceilings, so no bounds: {error}")
        return None


def warn(text: str) -> None:
    """Say something on standard error that does not stop the command."""
    print(f"warning: {text}", file=sys.stderr, flush=True)


def _measure(case: Case, model: Spec | str, trace: Path | None) -> LayerProfile:
    protocol = load_suite(preset="standard").protocol
    request = LayersRequest(
        case=case,
        model=model,
        protocol=protocol,
        budget_s=BUDGET_S,
        trace=None if trace is None else str(trace.absolute()),
    )
    answer = local.layers(request)
    if isinstance(answer, Skip):
        raise IncompleteError(f"{case.label}: {answer.reason.replace('_', ' ')}: {answer.detail}")
    return answer


def _against(profile: LayerProfile, model: Spec | str, known: Ceilings | None) -> Dissection:
    if known is None:
        return Dissection(profile=profile)
    return Dissection(
        profile=profile, ceilings=known, headroom=headroom(profile.case, _static(profile.case, model), (known,))
    )


def _static(case: Case, model: Spec | str) -> Profile | None:
    """Return the static profile with its work: in closed form here, of foreign models from a child that has torch."""
    size: dict[str, Any] = dict(
        mode=case.mode, precision=case.precision, batch_size=case.batch_size, image_size=case.image_size
    )
    if isinstance(model, Spec):
        static = specs.profile(model, **size)
        work = iteration_work(
            static.layers,
            mode=case.mode,
            precision=case.precision,
            trainable_parameters=static.trainable_parameters,
        )
        return msgspec.structs.replace(static, work=work)
    found = local.profile(ProfileRequest(subjects=(ProfileSubject(model=model, **size),))).profiles
    return found[0] if found else None
