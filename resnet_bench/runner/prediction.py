"""Predict cases by this machine's layer library, and time the layers that it lacks."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from resnet_bench.analysis.prediction.judging import judged
from resnet_bench.analysis.prediction.knowledge import knowledge
from resnet_bench.analysis.prediction.predict import missing_shapes
from resnet_bench.analysis.prediction.shapes import static_pieces
from resnet_bench.analysis.published import published
from resnet_bench.config.axes import completed
from resnet_bench.config.axis import AUTO, Value
from resnet_bench.config.case_labels import label
from resnet_bench.config.suite_file import load_suite
from resnet_bench.errors import IncompleteError, ResNetBenchError, UnsupportedError, UsageError
from resnet_bench.executors import table as executors
from resnet_bench.machine import environment
from resnet_bench.machine.devices import kind_of, known_without_torch, likely
from resnet_bench.records import Case, Executor, LayerProfile, Skip
from resnet_bench.records.layer_library import LayerLibrary, LayerShape, LayerWay
from resnet_bench.records.predictions import JudgedPrediction, PredictedLatency
from resnet_bench.runner import ceilings, layer_library
from resnet_bench.runner.choices import AskedModel
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.oracle import Oracle, PredictionSubject, counted_of, family_of, static_of
from resnet_bench.runner.progress import warn
from resnet_bench.specs import Spec
from resnet_bench.storage import layer_library as store
from resnet_bench.wire.answers import Dissected
from resnet_bench.wire.descriptions import CostRequest
from resnet_bench.wire.messages import LayersRequest
from resnet_bench.words import counted, listed, say

BUDGET_S = 5.0
NO_LIBRARY = (
    "no layers were timed here; time those of two networks first, a minute or two: "
    "resnet-bench machine --layers resnet18 resnet50"
)
_SHORT = 2  # blocks of a stage: one that changes the shape and one that does not are all that there are


def subjects(
    models: Sequence[AskedModel], asked: Mapping[str, Value], batch_sizes: Sequence[int], *, launcher: Launcher
) -> tuple[PredictionSubject, ...]:
    """Return the cases that are asked for, model by model and by batch size.

    Args:
        models: which.
        asked: values of axes, of every model alike; no image size means each model's own.
        batch_sizes: of each model.
        launcher: where models of other packages are traced.

    Raises:
        UnsupportedError: an executor that fuses, or a network whose layers cannot be told apart.
        ModelError, DeviceError: the question does not fit.
    """
    device = _device(str(asked.get("device", AUTO)), launcher)
    said = completed({"threads": environment.default_threads(), **asked, "device": device}, device)
    return tuple(_subject(choice, said, size, launcher) for choice in models for size in batch_sizes)


def _device(asked: str, launcher: Launcher) -> str:
    return known_without_torch(asked) or launcher.machines(asked)[0].device


def _subject(choice: AskedModel, said: Mapping[str, Any], batch_size: int, launcher: Launcher) -> PredictionSubject:
    model = choice.named.model
    fields = {"image_size": 0, **said, "model": choice.name, "batch_size": batch_size}
    case = Case(**fields | {"arguments": choice.named.arguments})
    refuse(case, model)
    if isinstance(model, Spec):
        if choice.input:
            raise UnsupportedError(f"'{choice.name}' takes {choice.input}; square images alone are predicted.")
        static = static_of(case, model)
        family = family_of(model)
    else:
        static = launcher.ask(
            CostRequest(
                model=model,
                arguments=choice.named.arguments,
                mode=case.mode,
                precision=case.precision,
                batch_size=batch_size,
                image_size=case.image_size or None,
                input=choice.input,
                optimizer=case.optimizer,
                update=kind_of(case.device).update,
                counters=(),
                memory_bytes=None,
            )
        ).profile
        family = published(model).family
        if static.uncounted_operators:
            raise UnsupportedError(
                f"'{model}' runs operators whose cost is not known ({listed(static.uncounted_operators)}); measure it: "
                f"resnet-bench run --models {model}."
            )
    case = msgspec.structs.replace(case, image_size=static.image_size, input=static.input)
    return PredictionSubject(case, model, static, family)


def refuse(case: Case, model: Spec | str) -> None:
    """Refuse what is no sum of layers that a library tells apart.

    Raises:
        UnsupportedError: with what to do instead.
    """
    instead = f"measure it: resnet-bench run --models {case.model}"
    refuse_executor(case.executor, f"predict another executor, or {instead} --executor {case.executor}")
    if isinstance(model, Spec) and model.output_stride is not None:
        raise UnsupportedError(
            f"'{model.name}' has dilated convolutions, which no library tells from others of their shape; {instead}."
        )


def refuse_executor(executor: Executor, instead: str) -> None:
    """Refuse an executor that does not run layer by layer.

    Raises:
        UnsupportedError: with what to do instead.
    """
    facts = executors.facts(executor)
    if not facts.apart:
        does = "fuses layers with their neighbours" if facts.fuses else "does not run every layer by itself"
        raise UnsupportedError(f"{executor} {does}, so its time is no sum over layers; {instead}.")


def predictions(
    asked: Sequence[PredictionSubject],
    *,
    launcher: Launcher,
    measure_missing: bool = False,
    across: bool = False,
    libraries: Sequence[LayerLibrary] = (),
) -> tuple[tuple[PredictedLatency, ...], dict[LayerWay, Oracle]]:
    """Predict cases, and return the libraries beside the predictions.

    Args:
        asked: the cases.
        launcher: where missing layers are timed.
        measure_missing: time them first, those of a spec in a network with all of its distinct layers and few blocks.
        across: take a library of another machine or other software where there is none of this one.
        libraries: take one of these instead of one that is kept here.

    Raises:
        IncompleteError: there is no library, or missing layers could not be timed.
        UsageError: the library is of another machine or software; or one is given, and missing layers are to be timed.
    """
    if libraries and measure_missing:
        raise UsageError(
            "missing layers are timed on this machine, and a library of a file stays as it is: ask for one of both."
        )
    if measure_missing:
        for subject in asked:
            _time_missing(subject, launcher)
    ways = dict.fromkeys(LayerWay.of(it.case) for it in asked)
    oracles = {way: Oracle(way, across=across, libraries=libraries) for way in ways}
    return tuple(oracles[LayerWay.of(it.case)].predict(it) for it in asked), oracles


def lacking(subject: PredictionSubject) -> tuple[LayerShape, ...]:
    """Return the distinct layers of a case that this machine's library has not.

    Raises:
        StoreError: the library cannot be read.
    """
    found = layer_library.find(LayerWay.of(subject.case))
    return missing_shapes(subject.static.layers, knowledge(found.own) if found.own else None)


def _time_missing(subject: PredictionSubject, launcher: Launcher) -> None:
    unknown = lacking(subject)
    if not unknown:
        return
    say(f"{counted(len(unknown), 'layer')} of {label(subject.case)} unknown: timing them")
    model = shortened(subject.model) if isinstance(subject.model, Spec) else subject.model
    time_layers(msgspec.structs.replace(subject.case, model=_name(model)), model, launcher)


def _name(model: Spec | str) -> str:
    return model.name if isinstance(model, Spec) else model


def shortened(spec: Spec) -> Spec:
    """Return a network with all distinct layers of another one: at most two blocks a stage."""
    layers = tuple(min(blocks, _SHORT) for blocks in spec.layers)
    if layers == spec.layers:
        return spec
    return msgspec.structs.replace(spec, name=f"{spec.name}-short", layers=layers)


def time_layers(case: Case, model: Spec | str, launcher: Launcher) -> Dissected:
    """Time the layers of one case, and keep them.

    Raises:
        IncompleteError: they could not be timed, for a reason that is no mistake of the user's.
    """
    protocol = load_suite(preset="standard").protocol_on(likely(case.device))
    answer = launcher.ask(LayersRequest(case=case, model=model, protocol=protocol, budget_s=BUDGET_S))
    if isinstance(answer, Skip):
        raise IncompleteError(f"{label(case)}: {answer.reason.replace('_', ' ')}: {answer.detail}")
    layer_library.learn(answer.layers, answer.environment)
    return answer


def time_library(
    asked: Sequence[PredictionSubject], launcher: Launcher, machine: str = ""
) -> tuple[tuple[LayerProfile, ...], tuple[Case, ...]]:
    """Time the layers of cases one after another, and leave those out that have none that this has not timed already.

    Then the machine's ceilings are looked up or measured, which bound layers that nobody timed, and kept with them.

    Args:
        asked: the cases.
        launcher: where they are timed.
        machine: the identity of that machine, "" for this one.

    Returns:
        The profiles, and the cases that were left out.
    """
    timed: list[Dissected] = []
    left_out: list[Case] = []
    seen: set[tuple[LayerWay, LayerShape]] = set()
    for subject in asked:
        way = LayerWay.of(subject.case)
        shapes = {(way, piece.shape.anywhere) for piece in static_pieces(subject.static.layers)}
        if shapes <= seen:
            left_out.append(subject.case)
            continue
        say(f"timing the layers of {label(subject.case)}")
        timed.append(time_layers(subject.case, subject.model, launcher))
        seen |= shapes
    _look_ceilings_up(timed, launcher, machine)
    for it in timed:
        layer_library.learn(it.layers, it.environment, warn=lambda _: None)  # once more, beside the ceilings
    return tuple(it.layers for it in timed), tuple(left_out)


def _look_ceilings_up(timed: Sequence[Dissected], launcher: Launcher, machine: str) -> None:
    of_each = {(it.layers.case.device, it.layers.case.threads, it.layers.case.precision): it for it in timed}
    for (device, threads, precision), it in of_each.items():
        try:
            ceilings.known_or_measured(
                it.environment,
                launcher=launcher,
                device=device,
                threads=threads,
                precisions=(precision,),
                warn=warn,
                budget_s=ceilings.QUICK_BUDGET_S,
                attempts=1,
                shelf=machine,
            )
        except ResNetBenchError as error:
            warn(f"no ceilings, so nothing bounds layers that nobody timed: {error}")


def everything_judged() -> tuple[JudgedPrediction, ...]:
    """Return, of every way that layers are known in here, the predictions of all that runs measured here.

    Raises:
        IncompleteError: there is no library.
        StoreError: something cannot be read.
    """
    measured = layer_library.measured_here()
    ways = [way for way in store.ways() if layer_library.find(way).own is not None]
    if not ways:
        raise IncompleteError(NO_LIBRARY)
    libraries = (layer_library.find(way).own for way in ways)
    return tuple(it for library in libraries if library for it in judged(library, measured, counted_of))


def libraries_of(profiles: Sequence[LayerProfile], machine: str = "") -> tuple[LayerLibrary, ...]:
    """Return the libraries that profiles went to, as they are now: this machine's, or those of that identity.

    Raises:
        StoreError: one cannot be read.
    """
    ways = dict.fromkeys(LayerWay.of(profile.case) for profile in profiles)
    if machine:
        return tuple(library for way in ways for library in store.read(way) if library.environment == machine)
    return tuple(library for way in ways if (library := layer_library.find(way).own) is not None)
