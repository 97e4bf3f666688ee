"""`profile --measured`: time the layers of each model in a child, then look up the ceilings of its machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from resnet_bench import specs
from resnet_bench.analysis.layers import Dissection
from resnet_bench.analysis.roofline import headroom
from resnet_bench.config.axes import completed
from resnet_bench.config.axis import AUTO, Value
from resnet_bench.config.case_labels import label
from resnet_bench.config.suite_file import Sweep, load_suite
from resnet_bench.errors import IncompleteError, ResNetBenchError, StoreError, UsageError
from resnet_bench.machine import environment
from resnet_bench.machine.devices import known_without_torch, likely
from resnet_bench.records import Case, Ceilings, LayerProfile, Precision, Skip, inputs
from resnet_bench.runner import ceilings, choices, layer_library
from resnet_bench.runner.choices import AskedModel, OwnFacts
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.progress import warn
from resnet_bench.specs import Spec
from resnet_bench.specs.arithmetic import check_precision
from resnet_bench.storage import outputs
from resnet_bench.wire.answers import Dissected
from resnet_bench.wire.messages import LayersRequest
from resnet_bench.words import say

BUDGET_S = 5.0


def dissect(
    models: Sequence[AskedModel], asked: Mapping[str, Value], *, launcher: Launcher, trace: Path | None = None
) -> tuple[Dissection, ...]:
    """Time the layers of models one after another, each against the ceilings of this machine.

    Args:
        models: which.
        asked: values of axes, of every model alike; no image size means each model's own.
        launcher: where they run.
        trace: file of a Chrome trace to write.

    Raises:
        UsageError, ModelError, DeviceError: the question does not fit.
        StoreError: the trace cannot be written.
        IncompleteError: a model's layers could not be timed, for a reason that is no mistake of the user's.
    """
    if trace is not None:
        if len(models) > 1:
            raise UsageError("--trace takes one model: one file holds one trace.")
        if trace.exists() and not (trace.is_file() or trace.is_dir()):  # first: to open a pipe would wait for a reader
            raise StoreError(f"cannot write {trace}: it is not a regular file; choose another one.")
        outputs.check(trace)
    device = str(asked.get("device", AUTO))
    threads = asked.get("threads", environment.default_threads())
    here = {**asked, "device": known_without_torch(device) or device, "threads": threads}
    said = (str(it) for it in (asked.get("input", ""), *(choice.input for choice in models)) if it)
    functions = {inputs.parse(it).function for it in said} - {""}
    own = choices.ask(launcher, (choice.named for choice in models), functions)
    cases = [_case(choice, here, own) for choice in models]
    measured = []
    for case, choice in zip(cases, models, strict=True):
        say(f"timing the layers of {label(case)}")
        measured.append(_measured(case, choice.named.model, launcher, trace))
    known = _ceilings(measured[0], launcher)
    return tuple(_dissection(it.layers, known) for it in measured)


def _dissection(profile: LayerProfile, known: Ceilings | None) -> Dissection:
    bound = headroom(profile.case, profile.work, (known,)) if known else None
    return Dissection(profile=profile, ceilings=known, headroom=bound)


def _case(choice: AskedModel, asked: Mapping[str, Value], own: OwnFacts) -> Case:
    named = choice.named
    sweep = Sweep(axes={name: (value,) for name, value in asked.items() if name in {"image_size", "input"}})
    (wanted,) = choice.inputs(sweep, own)
    built_in = choice.own_among(own).precision
    if "precision" in asked:
        check_precision(choice.name, built_in=built_in, asked=Precision(str(asked["precision"])))
    said = {
        "precision": built_in,
        **completed(asked, str(asked["device"])),
        "image_size": wanted.image_size,
        "input": wanted.short,
    }
    fields: dict[str, Any] = {"batch_size": 1, **said}
    case = Case(model=choice.name, **fields | {"arguments": named.arguments, "weights": named.weights})
    if isinstance(named.model, Spec) and not case.input:
        specs.check_norms(named.model, mode=case.mode, batch_size=case.batch_size, image_size=case.image_size)
    return case


def _ceilings(found: Dissected, launcher: Launcher) -> Ceilings | None:
    case = found.layers.case
    try:
        return ceilings.known_or_measured(
            found.environment,
            launcher=launcher,
            device=case.device,
            threads=case.threads,
            precisions=(case.precision,),
            warn=warn,
        )
    except ResNetBenchError as error:
        warn(f"no ceilings, so no bounds: {error}")
        return None


def _measured(case: Case, model: Spec | str, launcher: Launcher, trace: Path | None) -> Dissected:
    protocol = load_suite(preset="standard").protocol_on(likely(case.device))
    request = LayersRequest(
        case=case,
        model=model,
        protocol=protocol,
        budget_s=BUDGET_S,
        trace=None if trace is None else str(trace.absolute()),
    )
    answer = launcher.ask(request)
    if isinstance(answer, Skip):
        raise IncompleteError(f"{label(case)}: {answer.reason.replace('_', ' ')}: {answer.detail}")
    layer_library.learn(answer.layers, answer.environment)
    return answer
