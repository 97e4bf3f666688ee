"""The static profile of any model: registry models in closed form, all others traced on the meta device."""

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from resnet_bench import specs
from resnet_bench.errors import ModelError
from resnet_bench.profilers.subject import StaticSubject
from resnet_bench.profilers.without_data import explained, untouched
from resnet_bench.records import Mode, Optimizer, Precision, PredictedMemory, Profile, Update
from resnet_bench.records.bounds import LARGEST_COUNT
from resnet_bench.records.inputs import ModelInput, square
from resnet_bench.specs import EXTERNAL_IMAGE_SIZE, Spec
from resnet_bench.specs.arithmetic import arithmetic

if TYPE_CHECKING:
    from torch import nn


def static_profile(
    model: str | Spec,
    *,
    mode: Mode = Mode.INFERENCE,
    precision: Precision | None = None,
    batch_size: int = 1,
    image_size: int | None = None,
    input: str = "",  # noqa: A002 - the axis' name
    arguments: str = "",
    counters: Collection[str] = (),
    optimizer: Optimizer = Optimizer.MOMENTUM,
    update: Update = Update.FOREACH,
    by_running: bool = False,
) -> Profile:
    """Return the exact profile of `model`; torch is imported only where no closed form is, and for `counters`.

    Args:
        model: a registry name, an external name, or a spec.
        mode: inference or training; decides predicted memory and torch's own count.
        precision: decides bytes; by default float32, or what the model is built in.
        batch_size: images.
        image_size: pixels on a side; by default the model's own.
        input: what goes in, as `records.inputs` reads it, where it is no square image.
        arguments: what the model is built with, as `records.arguments` reads it.
        counters: "fvcore" and "torch" add what those tools say.
        optimizer: decides the optimizer's share of predicted training memory.
        update: how its step goes: torch's default is foreach on accelerators and for_loop on a CPU.
        by_running: run an external model once on the CPU, for those whose control flow depends on the data.

    Raises:
        ModelError: the model or its input is wrong, or a count is larger than a record holds.
        UnsupportedError: the model cannot be trained, or not in this precision.
        UsageError: a counter is not known.
    """
    subject = StaticSubject.of(model, image_size=image_size, input=input, arguments=arguments)
    if subject.has_closed_form and not by_running:
        profile = specs.profile(
            subject.spec,
            mode=mode,
            precision=precision or Precision.FP32,
            batch_size=batch_size,
            image_size=subject.input.image_size,
            optimizer=optimizer,
            update=update,
        )
    else:
        with untouched():
            profile = profile_module(
                subject.build(with_data=by_running),
                name=subject.name,
                mode=mode,
                precision=precision,
                batch_size=batch_size,
                inputs=subject.input,
                optimizer=optimizer,
                update=update,
                by_running=by_running,
            )
    kept = optimizer if mode is Mode.TRAINING else Optimizer.MOMENTUM
    profile = msgspec.structs.replace(profile, input=subject.input.short, arguments=subject.arguments, optimizer=kept)
    if counters:
        build = partial(subject.build, with_data=by_running)
        profile = with_counters(profile, build, subject.input, counters, by_running=by_running)
    return refuse_unwritable(profile)


def refuse_unwritable(profile: Profile) -> Profile:
    """Return a profile whose counts all fit in a record.

    Raises:
        ModelError: one is larger: no machine computes or holds so much.
    """
    parts = [part for part in (profile, profile.predicted_memory, *profile.layers) if part is not None]
    if any(isinstance(it, int) and it > LARGEST_COUNT for part in parts for it in msgspec.structs.astuple(part)):
        raise ModelError(
            f"'{profile.model}' at batch size {profile.batch_size} and image size {profile.image_size}: a count is "
            f"beyond 2^{LARGEST_COUNT.bit_length()}, and no record holds it; choose a smaller batch or image."
        )
    return profile


def profile_module(
    module: "nn.Module",
    *,
    name: str,
    mode: Mode = Mode.INFERENCE,
    precision: Precision | None = None,
    batch_size: int = 1,
    image_size: int = EXTERNAL_IMAGE_SIZE,
    inputs: ModelInput | None = None,
    optimizer: Optimizer = Optimizer.MOMENTUM,
    update: Update = Update.FOREACH,
    by_running: bool = False,
) -> Profile:
    """Return the exact profile of any module; `module` is left exactly as it was.

    The work is done on a copy without data on the meta device, so that no weights are allocated and nothing is
    computed, whatever mode, autocast or memory format the caller is in. With `by_running` the copy has its data and
    runs once on the CPU; memory is then not predicted.

    Args:
        module: any module; what only spreads it over devices is taken off.
        name: what it is called.
        mode: inference or training.
        precision: by default float32, or what the module is built in.
        batch_size: images, or whatever the first dimension is.
        image_size: of square RGB images (N, 3, H, W), where `inputs` does not say otherwise.
        inputs: what it is called with.
        optimizer: of a training step.
        update: how its step goes.
        by_running: run it.

    Raises:
        ModelError: the module is TorchScript or quantised, needs a tensor's value, or cannot take this input.
        UnsupportedError: it cannot be trained, or is built in another precision.
    """
    from resnet_bench.models import refusals  # noqa: PLC0415 - torch only where it is needed
    from resnet_bench.models.external import unwrapped  # noqa: PLC0415
    from resnet_bench.models.optimizers import trainable  # noqa: PLC0415
    from resnet_bench.profilers.parameters import holdings  # noqa: PLC0415
    from resnet_bench.profilers.tracing import materialised, traced  # noqa: PLC0415

    module = unwrapped(module)
    refusals.refuse_scripted(module, name)
    refusals.refuse_foreign_arithmetic(module, name)
    wanted = square(image_size) if inputs is None else inputs
    if batch_size < 1 or image_size < 1:
        raise ModelError(f"batch size {batch_size} and image size {image_size}: expected 1 or more of each.")
    precision = refusals.own_precision(module, name, precision)
    if mode is Mode.TRAINING:
        trainable(module, name)
    with untouched():
        module = materialised(module, wanted, name=name, batch_size=batch_size, by_running=by_running)
        held = holdings(module)
        trace = traced(module, wanted, name=name, precision=precision, batch_size=batch_size, by_running=by_running)
        memory = None
        if not by_running:
            memory = memory_of_module(
                module,
                name=name,
                mode=mode,
                precision=precision,
                batch_size=batch_size,
                inputs=wanted,
                optimizer=optimizer,
                update=update,
            )
    size = arithmetic(precision)
    macs = sum(layer.macs for layer in trace.layers)
    activations = sum(layer.activations for layer in trace.layers)
    return Profile(
        model=name,
        mode=mode,
        precision=precision,
        batch_size=batch_size,
        image_size=wanted.image_size,
        input=wanted.short,
        parameters=held.parameters,
        trainable_parameters=held.trainable_parameters,
        buffers=held.buffers,
        parameter_bytes=held.parameters * size.weight_bytes,
        predicted_memory=memory,
        macs=macs,
        flops=2 * macs,
        other_flops=sum(layer.other_flops for layer in trace.layers),
        training_flops=trace.training_flops,
        fvcore_count=None,
        torch_counter_flops=None,
        macs_beyond_torch=trace.macs_beyond_torch,
        activations=activations,
        activation_bytes=activations * size.activation_bytes,
        weighted_layers=trace.weighted_layers,
        layers=trace.layers,
        uncounted_operators=trace.uncounted,
    )


def memory_of_module(
    module: "nn.Module",
    *,
    name: str,
    mode: Mode,
    precision: Precision,
    batch_size: int,
    image_size: int = EXTERNAL_IMAGE_SIZE,
    inputs: ModelInput | None = None,
    optimizer: Optimizer = Optimizer.MOMENTUM,
    update: Update = Update.FOREACH,
) -> PredictedMemory:
    """Return the predicted memory of one iteration of `module`, which is left exactly as it was.

    Raises:
        ModelError: the module's own code raised.
        UnsupportedError: it cannot be trained.
    """
    from resnet_bench.models.inputs import fed, of_shapes  # noqa: PLC0415 - torch only where it is needed
    from resnet_bench.models.optimizers import trainable  # noqa: PLC0415
    from resnet_bench.profilers.hollow_copy import hollow_copy  # noqa: PLC0415
    from resnet_bench.profilers.memory import traced_memory  # noqa: PLC0415

    if mode is Mode.TRAINING:
        trainable(module, name)
    given = of_shapes(square(image_size) if inputs is None else inputs, batch_size)
    with untouched():
        return explained(
            name,
            lambda: traced_memory(
                hollow_copy(module), given, mode=mode, precision=precision, optimizer=optimizer, update=update
            ),
            given=fed(given),
        )


def with_counters(
    profile: Profile,
    build: "Callable[[], nn.Module]",
    wanted: ModelInput,
    counters: Collection[str],
    *,
    by_running: bool = False,
) -> Profile:
    """Return a profile with what fvcore and torch count of the same, as theirs.

    Args:
        profile: ours.
        build: gives the module, which is left as it was; with its data where it is run.
        wanted: what goes in.
        counters: "fvcore" and "torch".
        by_running: run it.

    Raises:
        ModelError: they cannot follow the model.
        UsageError: a counter is not known.
    """
    from resnet_bench.models.external import unwrapped  # noqa: PLC0415
    from resnet_bench.profilers import counters as others  # noqa: PLC0415 - torch only where it is needed
    from resnet_bench.profilers.hollow_copy import full_copy, hollow_copy  # noqa: PLC0415
    from resnet_bench.profilers.tracing import materialised  # noqa: PLC0415

    others.check_counters(counters)
    name, batch_size = profile.model, profile.batch_size
    said: dict[str, Any] = {"batch_size": batch_size, "has_data": by_running}

    def by(tool: str, count: Callable[["nn.Module"], int]) -> int:
        with untouched():
            module = unwrapped(build())
            module = materialised(module, wanted, name=name, batch_size=batch_size, by_running=by_running)
            copied = full_copy if by_running else hollow_copy
            return explained(name, lambda: count(copied(module)), by_running=by_running, by=tool)

    def by_torch(mode: Mode) -> int:
        return by("torch's counter", lambda module: others.torch_counter_flops(module, wanted, mode=mode, **said))

    if "fvcore" in counters:
        count = by("fvcore", lambda module: others.fvcore_count(module, wanted, **said))
        profile = msgspec.structs.replace(profile, fvcore_count=count)
    if "torch" in counters:
        forward = by_torch(Mode.INFERENCE)
        both = by_torch(Mode.TRAINING) if profile.mode is Mode.TRAINING else forward
        profile = msgspec.structs.replace(profile, torch_counter_flops=both, torch_forward_flops=forward)
    return profile
