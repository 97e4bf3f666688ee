"""From a suite to cases, and from cases to the order of their launches. No torch."""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from resnet_bench import specs
from resnet_bench.config.axes import BY_NAME, SWEPT, are_several
from resnet_bench.config.axis import AUTO, Value
from resnet_bench.config.suite_file import DeviceClass, Suite, Sweep, matches
from resnet_bench.config.values import AllCores
from resnet_bench.errors import ConfigError, StoreError, UsageError
from resnet_bench.machine.devices import is_accelerator
from resnet_bench.records import Case, Header, Mode, Optimizer, Protocol, ReferenceUse, Scaling, State, inputs
from resnet_bench.records.inputs import ModelInput
from resnet_bench.records.plan import ENERGY_WINDOW_S, LEAST_QUEUED
from resnet_bench.runner import choices, room
from resnet_bench.runner.choices import NOTHING_KNOWN, AskedModel, OwnFacts
from resnet_bench.specs import Spec
from resnet_bench.specs.arithmetic import arithmetic
from resnet_bench.wire.messages import Named

# What a launch costs beside its iterations: interpreter, torch, model, memory pass; on accelerators also their context
# and the libraries' search for the best algorithm, and two ticks of the energy counter.
LAUNCH_OVERHEAD_S, ACCELERATOR_OVERHEAD_S, ENERGY_TICKS_S = 4.5, 6.0, 0.1
# Rough multiply-accumulate rates that estimates assume before anything is measured, on accelerators by the bytes of an
# element.
MACS_PER_THREAD_S, MACS_PER_ACCELERATOR_S = 2.5e10, {8: 2.5e12, 4: 5e12, 2: 2e13, 1: 3e13}
TRAINING_FACTOR = 3
_SHORTEST_SAMPLING_S = 0.1


@dataclass(frozen=True, slots=True)
class Slot:
    """One launch to be run: the `index`-th of its case."""

    case: Case
    index: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Cases in order, and what each of their models is: a spec of ours or of the suite, or an external name."""

    cases: tuple[Case, ...]
    models: Mapping[str, Spec | str]

    def model(self, case: Case) -> Spec | str:
        """Return what a case's model is, an architecture with the case's arguments."""
        return choices.with_arguments(self.models[case.model], case.arguments)

    def only(self, cases: tuple[Case, ...]) -> "Plan":
        """Return the plan for some of its cases."""
        return Plan(cases, self.models)


Searched = Callable[[Case, Spec | str], tuple[int, ...]]


def sweeps_for(suite: Suite, device: str) -> tuple[Sweep, ...]:
    """Return the sweeps of a suite that are for such a device."""
    kind = DeviceClass.ACCELERATOR if is_accelerator(device) else DeviceClass.CPU
    return tuple(sweep for sweep in suite.sweeps if sweep.on in {DeviceClass.ANY, kind})


def expand(
    suite: Suite, device: str, *, own: OwnFacts = NOTHING_KNOWN, searched: Searched = lambda _, __: (1,)
) -> Plan:
    """Return the suite's cases on `device`, without duplicates, in the order of its sweeps.

    Args:
        suite: what to measure.
        device: where.
        own: the own inputs of external models, as they were looked up.
        searched: batch sizes of a case (given at batch size 1) whose sweep leaves them to a search.

    Raises:
        ModelError: an unknown model, or an image size too small for it.
        ConfigError: nothing is left to measure.
    """
    chosen = [(sweep, it) for sweep in sweeps_for(suite, device) for it in choices.of_sweep(suite, sweep)]
    models = resolved((choice.name for _, choice in chosen), suite.models)
    cases = dict.fromkeys(case for sweep, choice in chosen for case in _product(choice, sweep, device, own, searched))
    excluded = [exclude.axes for exclude in suite.excludes if exclude.axes]
    kept = tuple(case for case in cases if not any(matches(wanted, case) for wanted in excluded))
    if not kept:
        raise ConfigError(f"the suite has no case for {device}: every sweep is for other devices or excluded.")
    return Plan(kept, models)


def of_header(header: Header) -> Plan:
    """Return the plan that a run was made by.

    Raises:
        StoreError: a model of its suite is none that this release knows.
    """
    return Plan(header.cases, resolved((case.model for case in header.cases), _own_models(header)))


def _own_models(header: Header) -> tuple[Spec, ...]:
    try:
        return tuple(specs.check_architecture(msgspec.convert(table, Spec)) for table in header.models)
    except msgspec.ValidationError as error:
        raise StoreError(f"run {header.id} has a model of its own that cannot be read: {error}.") from error


def added(
    header: Header,
    asked: Mapping[str, tuple[Value, ...]],
    *,
    ask: Callable[[Iterable[Named]], OwnFacts] = lambda _: NOTHING_KNOWN,
) -> Plan:
    """Return the cases that a run has not yet: its own with each of the values asked for, in the order of its own.

    A model that is added has its own input where the model that it stands beside has; `ask` looks it up, and weights
    and arguments that are added.

    Raises:
        UsageError: a value is found by a search, or of the machine.
        StoreError: a model of its suite is none that this release knows.
        ModelError: a model is not known, cannot take the input, or weights or arguments do not fit it.
    """
    for name, found in asked.items():
        if AUTO in found or BY_NAME[name].name not in {axis.name for axis in SWEPT}:
            raise UsageError(f"{BY_NAME[name].flag} {found[0]} cannot be added to a run; start one of its own.")
    own = _own_models(header)
    chosen = dict(asked)
    if "model" in chosen:
        chosen["model"] = specs.matching(map(str, chosen["model"]), [spec.name for spec in own])
    models = resolved((*(case.model for case in header.cases), *map(str, chosen.get("model", ()))), own)
    usual = {name: AskedModel(name, Named(model=model)) for name, model in models.items()}
    known = ask(choice.named for choice in usual.values())
    inputs_of = {name: choice.own_among(known).input for name, choice in usual.items()}
    _refuse_without_ranks({"world_size": tuple(case.world_size for case in header.cases), **chosen})
    trains = Mode.TRAINING in {*(case.mode for case in header.cases), *chosen.get("mode", ())}
    new: dict[Case, None] = {}
    for case in header.cases:
        for values in itertools.product(*chosen.values()):
            changes = dict(zip(chosen, (_there(it, case, header) for it in values), strict=True))
            new[_changed(case, changes, inputs_of, trains=trains)] = None
    known_cases = set(header.cases)
    cases = tuple(case for case in new if case not in known_cases)
    for case in cases:
        model = choices.with_arguments(models[case.model], case.arguments)
        if isinstance(model, Spec):
            specs.check_input(model, inputs.of(case.input, case.image_size))
    planned = Plan(cases, models)
    ask(
        Named(model=planned.model(case), arguments=case.arguments, weights=case.weights)
        for case in cases
        if case.weights or case.arguments
    )
    return planned


def _there(value: Value, case: Case, header: Header) -> Value:
    """Return a value as it is on the machine of a case."""
    return room.cores_of(case, header) if header.fleet and isinstance(value, AllCores) else value


def _changed(case: Case, changes: dict[str, Any], inputs_of: Mapping[str, ModelInput], *, trains: bool) -> Case:
    """Return a case with other values; the input follows the model or the size where it was that model's own.

    `trains` says that training is measured too.
    """
    had = inputs.of(case.input, case.image_size)
    if "model" in changes and not changes.keys() & {"image_size", "input"} and had == inputs_of[case.model]:
        changes["input"] = str(inputs_of[changes["model"]])
    elif "image_size" in changes and "input" not in changes:
        changes["input"] = str(had.sized(changes["image_size"]))
    if changes.get("mode", case.mode) is Mode.INFERENCE:
        changes.pop("optimizer", None)  # it has none
    changes = {name: getattr(case, name) for name in _OF_RANKS} | changes
    changes |= _without_ranks(changes, changes.get("mode", case.mode), trains=trains)
    return msgspec.structs.replace(case, **inputs.in_fields(changes))


_OF_RANKS = ("world_size", "scaling", "nodes")


def _without_ranks(said: Mapping[str, Any], mode: Mode, *, trains: bool) -> dict[str, Any]:
    """Return what a case has of ranks where it has none; `trains` says that training is measured beside it."""
    if mode is Mode.INFERENCE and trains:
        return {"world_size": 1, "scaling": Scaling.WEAK, "nodes": 1}  # ranks are of the training
    # Whichever was said: there is one batch, on one.
    return {"scaling": Scaling.WEAK, "nodes": 1} if said["world_size"] == 1 else {}


def _refuse_without_ranks(said: Mapping[str, Sequence[Any]]) -> None:
    """Refuse to say how ranks share a batch, or where they are, where there are none.

    Raises:
        UsageError: it was said.
    """
    if any(size > 1 for size in said["world_size"]):
        return
    nodes = max(said.get("nodes", (1,)))
    for flag, value in (("--scaling", Scaling.STRONG if Scaling.STRONG in said.get("scaling", ()) else ""),
                        ("--nodes", nodes if nodes > 1 else "")):  # fmt: skip
        if value:
            raise UsageError(f"{flag} {value} is of ranks, and none are asked for: add --mode training --world-size 2.")


def resolved(names: Iterable[str], own: Sequence[Spec]) -> dict[str, Spec | str]:
    """Return what each name is: a suite's own spec, the registry's, or the external name itself.

    Raises:
        ModelError: no such model, with the nearest name.
    """
    specs_of_suite = {spec.name: spec for spec in own}
    return {name: specs_of_suite.get(name) or choices.known(name, specs_of_suite) for name in dict.fromkeys(names)}


def schedule(cases: Sequence[Case], launches: int, *, seed: int) -> tuple[Slot, ...]:
    """Return every launch of every case: rounds of one launch a case, each round in a seeded random order.

    Interleaved, so that a slow quarter of an hour hits all cases alike rather than one of them whole.
    """
    order = random.Random(seed)  # noqa: S311 - an order, not a secret
    slots: list[Slot] = []
    for index in range(launches):
        block = [Slot(case, index) for case in cases]
        order.shuffle(block)
        slots += block
    return tuple(slots)


def estimate_s(case: Case, model: Spec | str, protocol: Protocol) -> float:
    """Return roughly how long one launch of a case takes, in seconds."""
    iteration_s = 0.0
    if isinstance(model, Spec):
        macs = macs_of_image(model, case.image_size) * case.batch_size
        on_device = MACS_PER_ACCELERATOR_S[arithmetic(case.precision).activation_bytes]
        rate = on_device if is_accelerator(case.device) else MACS_PER_THREAD_S * case.threads
        iteration_s = macs / rate * (TRAINING_FACTOR if case.mode is Mode.TRAINING else 1)
    if is_accelerator(case.device):
        return ACCELERATOR_OVERHEAD_S + ENERGY_TICKS_S + _on_accelerator_s(iteration_s, protocol)
    warmup = max(protocol.warmup_budget_s, iteration_s * (1 + protocol.warmup_min_iterations))
    isolated = max(protocol.sampling_budget_s, iteration_s * protocol.min_samples)
    back_to_back = max(protocol.throughput_budget_s, 2 * iteration_s)
    return LAUNCH_OVERHEAD_S + 2 * iteration_s + warmup + isolated + back_to_back


def _on_accelerator_s(iteration_s: float, protocol: Protocol) -> float:
    """Return the seconds of a launch's iterations on a quiet device, whose samples agree as soon as there are enough.

    Energy takes two seconds, those of the back-to-back samples among them, unless a reference takes turns with these.
    """
    sustained = protocol.state is State.SUSTAINED
    warmup = max(protocol.warmup_min_s if sustained else 0.0, iteration_s * (1 + protocol.warmup_min_iterations))
    isolated = max(protocol.min_samples * iteration_s, _SHORTEST_SAMPLING_S)
    shortest = max(protocol.throughput_min_s if sustained else 0.0, ENERGY_WINDOW_S)
    back_to_back = max(shortest, 2 * LEAST_QUEUED * iteration_s)
    if protocol.reference is ReferenceUse.ON:
        back_to_back += ENERGY_WINDOW_S
    return 2 * iteration_s + warmup + isolated + back_to_back


def macs_of_image(model: Spec, image_size: int) -> int:
    """Return MACs of about one image, square ones of a size if that is known."""
    return specs.totals(model, image_size=image_size or model.image_size).macs


# A choice says these of itself; an input has its size.
_OF_CHOICE = frozenset({"model", "arguments", "weights", "batch_size", "input"})


def _product(choice: AskedModel, sweep: Sweep, device: str, own: OwnFacts, searched: Searched) -> Iterator[Case]:
    named = choice.named
    swept = [axis.name for axis in SWEPT if axis.name not in _OF_CHOICE]
    lists: dict[str, Sequence[Any]] = {name: sweep.on_device(name, device) for name in swept}
    lists["precision"] = choice.precisions(sweep, device, own)
    lists["image_size"] = choice.inputs(sweep, own)
    if sweep.searched and are_several(lists):
        raise ConfigError(
            f"batch sizes: {AUTO} finds what fits for one process alone; name the sizes where several run at once."
        )
    _refuse_without_ranks(lists)
    for values in itertools.product(*lists.values()):
        fields: dict[str, Any] = dict(zip(lists, values, strict=True))
        wanted = fields.pop("image_size")
        if fields["mode"] is Mode.INFERENCE:
            fields["optimizer"] = Optimizer.MOMENTUM  # whichever: it has none
        fields |= _without_ranks(fields, fields["mode"], trains=Mode.TRAINING in lists["mode"])
        case = Case(
            model=choice.name,
            arguments=named.arguments,
            weights=named.weights,
            image_size=wanted.image_size,
            input=wanted.short,
            batch_size=1,
            device=device,
            **fields,
        )
        batch_sizes = searched(case, named.model) if sweep.searched else tuple(map(int, sweep["batch_size"]))
        yield from (case.with_batch_size(size) for size in batch_sizes)
