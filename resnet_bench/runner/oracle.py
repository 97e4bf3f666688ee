"""A layer library made ready to predict: this machine's, judged by what runs measured here."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from resnet_bench import specs
from resnet_bench.analysis.prediction.across import across_error, move
from resnet_bench.analysis.prediction.judging import judged, past_errors
from resnet_bench.analysis.prediction.knowledge import Knowledge, knowledge
from resnet_bench.analysis.prediction.model_error import model_error
from resnet_bench.analysis.prediction.predict import predict, with_error
from resnet_bench.config.axes import completed
from resnet_bench.errors import IncompleteError, UsageError
from resnet_bench.machine.devices import kind_of
from resnet_bench.machine.environment import as_it_is_now
from resnet_bench.machine.identity import same_hardware
from resnet_bench.records import Case, Ceilings, Mode, Profile
from resnet_bench.records.layer_library import LayerLibrary, LayerWay, MeasuredLatency
from resnet_bench.records.predictions import JudgedPrediction, PredictedLatency, PredictionError
from resnet_bench.runner import layer_library
from resnet_bench.specs import Spec
from resnet_bench.storage import ceilings_cache
from resnet_bench.storage import layer_library as store
from resnet_bench.words import counted, listed

# A library of other software says less of this one: so much beside what it says of itself, a relative deviation.
ACROSS_DEVIATION = 0.1


class PredictionSubject(NamedTuple):
    """One case to predict: what its model is, its static profile, and its family."""

    case: Case
    model: Spec | str
    static: Profile
    family: str


class Oracle:
    """A library of this machine with what past predictions say of it: ready to predict cases of its way."""

    def __init__(self, way: LayerWay, *, across: bool = False, libraries: Sequence[LayerLibrary] = ()) -> None:
        """Find the library, among those that are given or else among those that are kept here.

        Raises:
            IncompleteError: there is none; with what makes one. Or ceilings are lacking.
            UsageError: there is one of other software or another machine, and nobody asked for that.
            StoreError: it cannot be read.
        """
        found = layer_library.find(way, libraries)
        library = found.own or found.other
        if library is None:
            raise IncompleteError(_no_library(way, libraries))
        if found.own is None and not across:
            raise UsageError(
                f"the layers that are known were timed on another machine or with other software "
                f"({'; '.join(found.differences)}); time them anew with: {command(way)}; or predict all the same, "
                "with a wider interval, with --across."
            )
        self.library: LayerLibrary = library
        self.differences = found.differences
        self.judged: tuple[JudgedPrediction, ...] = ()
        if found.own is not None:
            self.judged = judged(found.own, layer_library.measured_here(), counted_of)
        self._past = past_errors(self.judged)
        self._errors: dict[str, PredictionError] = {}
        known = knowledge(self.library)
        if known is None:
            raise IncompleteError(_no_library(way))
        self.known: Knowledge = known
        self.ceilings = self.library.ceilings
        self._error: PredictionError | None = None
        if self.differences and same_hardware(library.identity, as_it_is_now(library.identity)):
            self.known.level_deviation += ACROSS_DEVIATION
        elif self.differences:
            self.ceilings, self._error = _moved(library, known)

    @property
    def is_of_another_machine(self) -> bool:
        """Whether the layers were timed on another machine, and moved to this one by the ceilings of both."""
        return self._error is not None

    def predict(self, subject: PredictionSubject) -> PredictedLatency:
        """Predict one case of its way."""
        made = predict(subject.case, subject.static, self.known, family=subject.family, ceilings=self.ceilings)
        return with_error(made, self._error or self._learnt(subject.family))

    def _learnt(self, family: str) -> PredictionError:
        if family not in self._errors:
            self._errors[family] = model_error(self._past, family=family)
        return self._errors[family]


def counted_of(measured: MeasuredLatency) -> tuple[Profile, str] | None:
    """Return the static profile and the family of what was measured, None where a closed form is wanting."""
    case = measured.case
    if case.input or case.arguments:
        return None
    if measured.architecture:
        model = msgspec.convert(measured.architecture, Spec)
    elif case.model in specs.names():
        model = specs.find(case.model)
    else:
        return None
    if model.output_stride is not None:
        return None
    return static_of(case, model), family_of(model)


def family_of(model: Spec) -> str:
    """Return the family that teaches no prediction of a network: of a suite's own, that of the registry built alike."""
    alike = (it.family for it in map(specs.find, specs.names()) if _kind(it) == _kind(model))
    return model.family if model.name in specs.names() else next(alike, model.family)


def _kind(model: Spec) -> tuple[object, ...]:
    shape = (model.layout, model.stem, model.downsample, model.attention, model.norm, model.antialias)
    return (*shape, model.groups > 1, model.widen > 1)


def static_of(case: Case, model: Spec) -> Profile:
    """Return a spec's exact profile for a case.

    Raises:
        ModelError: it cannot take this image or batch.
    """
    return specs.profile(
        model,
        mode=case.mode,
        precision=case.precision,
        batch_size=case.batch_size,
        image_size=case.image_size or model.image_size,
        optimizer=case.optimizer,
        update=kind_of(case.device).update,
    )


def _moved(library: LayerLibrary, known: Knowledge) -> tuple[Ceilings, PredictionError]:
    """Move what is known on another machine to this one; return this one's ceilings, and how far off that is."""
    way, name = library.way, library.identity.device_name
    error = across_error(way.device)
    if error is None:
        raise UsageError(
            f"these layers are of {name}, and how far they are off on another device is learnt from pairs of machines "
            f"whose runs were published, of which none is of such devices; time layers here: {command(way)}."
        )
    if library.ceilings is None:
        raise IncompleteError(
            f"these layers are of {name}, and its ceilings were not kept with them; on that machine: "
            "resnet-bench machine --ceilings, and time a network's layers anew."
        )
    here = ceilings_cache.read_here(device=way.device, threads=way.threads)
    if here is None:
        threads = f" --threads {way.threads}" if way.threads else ""
        raise IncompleteError(
            f"these layers are of {name}; what they take here is told by this machine's ceilings, which take a minute: "
            f"resnet-bench machine --ceilings --device {way.device}{threads}."
        )
    move(known, way, library.ceilings, here)
    return here, error


def _no_library(way: LayerWay, libraries: Sequence[LayerLibrary] = ()) -> str:
    if libraries:
        known = listed([_words(it.way) for it in libraries])
        return f"that library has no layers for {_words(way)} (it has {known}); ask for what it has."
    kept = store.ways()
    beside = f" (known: {listed([_words(it) for it in kept])})" if kept else ""
    return (
        f"no layers were timed here for {_words(way)}{beside}; time those of two networks first, a minute or two: "
        f"{command(way)}"
    )


def _words(way: LayerWay) -> str:
    threads = f", {counted(way.threads, 'thread')}" if way.threads else ""
    where = f"{way.device}{threads}, {way.allocator} allocator"
    return f"{way.mode} in {way.precision}, {way.memory_format}, {way.executor} on {where}"


def command(way: LayerWay, models: Sequence[str] = ("resnet18", "resnet50")) -> str:
    """Return the command that times the layers of models in a way."""
    usual = Case(model="", batch_size=1, image_size=0, device=way.device, threads=way.threads)
    flags = ["--device", way.device]
    flags += ["--threads", str(way.threads)] if way.threads else []
    for name in ("mode", "precision", "memory_format", "executor"):
        if getattr(way, name) != getattr(usual, name):
            flags += [f"--{name.replace('_', '-')}", str(getattr(way, name))]
    if way.allocator != completed({}, way.device)["allocator"]:
        flags += ["--allocator", str(way.allocator)]
    if way.mode is Mode.TRAINING and way.optimizer is not usual.optimizer:
        flags += ["--optimizer", str(way.optimizer)]
    return f"resnet-bench machine --layers {' '.join(models)} {' '.join(flags)}"
