"""The static profile of any model: registry models in closed form, all others traced on the meta device."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import msgspec

from resnet_bench import specs
from resnet_bench.errors import ModelError
from resnet_bench.profilers.without_data import build, explained, untouched
from resnet_bench.records import Mode, Optimizer, Precision, PredictedMemory, Profile
from resnet_bench.specs import EXTERNAL_IMAGE_SIZE, Spec
from resnet_bench.specs.arithmetic import arithmetic

if TYPE_CHECKING:
    from torch import nn


def static_profile(
    model: str | Spec,
    *,
    mode: Mode = Mode.INFERENCE,
    precision: Precision = Precision.FP32,
    batch_size: int = 1,
    image_size: int | None = None,
    counters: Collection[str] = (),
    optimizer: Optimizer = Optimizer.MOMENTUM,
) -> Profile:
    """Return the exact profile of `model`; torch is imported only for external models and for `counters`.

    Args:
        model: a registry name, an external name, or a spec.
        mode: inference or training; decides predicted memory and torch's own count.
        precision: decides bytes.
        batch_size: images.
        image_size: pixels on a side; by default the architecture's own, 224 for external models.
        counters: "fvcore" and "torch" add what those tools say.
        optimizer: decides the optimizer's share of predicted training memory.

    Raises:
        ModelError: the model or its input is wrong.
        UsageError: a counter is not known.
    """
    if isinstance(model, str) and specs.is_external(model):
        size = EXTERNAL_IMAGE_SIZE if image_size is None else image_size
        with untouched():
            profile = profile_module(
                build(model),
                name=model,
                mode=mode,
                precision=precision,
                batch_size=batch_size,
                image_size=size,
                optimizer=optimizer,
            )
    else:
        spec = specs.find(model) if isinstance(model, str) else specs.check_architecture(model)
        profile = specs.profile(
            spec,
            mode=mode,
            precision=precision,
            batch_size=batch_size,
            image_size=spec.image_size if image_size is None else image_size,
            optimizer=optimizer,
        )
    return _with_counters(profile, model, counters) if counters else profile


def profile_module(
    module: "nn.Module",
    *,
    name: str,
    mode: Mode = Mode.INFERENCE,
    precision: Precision = Precision.FP32,
    batch_size: int = 1,
    image_size: int = EXTERNAL_IMAGE_SIZE,
    optimizer: Optimizer = Optimizer.MOMENTUM,
) -> Profile:
    """Return the exact profile of any module that takes (N, 3, H, W) images; `module` is left exactly as it was.

    The work is done on a copy without data on the meta device, so that no weights are allocated and nothing is
    computed, whatever mode, autocast or memory format the caller is in.

    Raises:
        ModelError: the module is TorchScript, needs a tensor's value, or cannot take this input.
    """
    from resnet_bench.models.external import refuse_scripted  # noqa: PLC0415 - torch only where it is needed
    from resnet_bench.profilers.activations import trace  # noqa: PLC0415
    from resnet_bench.profilers.hollow_copy import hollow_copy  # noqa: PLC0415
    from resnet_bench.profilers.parameters import holdings  # noqa: PLC0415

    refuse_scripted(module, name)
    if batch_size < 1 or image_size < 1:
        raise ModelError(f"batch size {batch_size} and image size {image_size}: expected 1 or more of each.")
    with untouched():
        module = explained(name, lambda: _materialised(module, batch_size=batch_size, image_size=image_size))
        held = holdings(module)
        traced = explained(
            name,
            lambda: trace(hollow_copy(module), precision=precision, batch_size=batch_size, image_size=image_size),
        )
        memory = memory_of_module(
            module,
            name=name,
            mode=mode,
            precision=precision,
            batch_size=batch_size,
            image_size=image_size,
            optimizer=optimizer,
        )
    size = arithmetic(precision)
    macs = sum(layer.macs for layer in traced.layers)
    activations = sum(layer.activations for layer in traced.layers)
    return Profile(
        model=name,
        mode=mode,
        precision=precision,
        batch_size=batch_size,
        image_size=image_size,
        parameters=held.parameters,
        trainable_parameters=held.trainable_parameters,
        buffers=held.buffers,
        parameter_bytes=held.parameters * size.weight_bytes,
        predicted_memory=memory,
        macs=macs,
        flops=2 * macs,
        other_flops=sum(layer.other_flops for layer in traced.layers),
        training_flops=traced.training_flops,
        fvcore_count=None,
        torch_counter_flops=None,
        activations=activations,
        activation_bytes=activations * size.activation_bytes,
        weighted_layers=traced.weighted_layers,
        layers=traced.layers,
        uncounted_operators=traced.uncounted,
    )


def _materialised(module: "nn.Module", *, batch_size: int, image_size: int) -> "nn.Module":
    """Return a module without lazy parameters: itself, or a copy without data that has seen one input."""
    import torch  # noqa: PLC0415 - torch only where it is needed
    from torch.nn.parameter import is_lazy  # noqa: PLC0415

    from resnet_bench.profilers.hollow_copy import hollow_copy  # noqa: PLC0415

    if not any(map(is_lazy, (*module.parameters(), *module.buffers()))):
        return module
    copied = hollow_copy(module)
    with torch.no_grad():
        copied(torch.empty(batch_size, 3, image_size, image_size, device="meta"))
    return copied


def memory_of_module(
    module: "nn.Module",
    *,
    name: str,
    mode: Mode,
    precision: Precision,
    batch_size: int,
    image_size: int,
    optimizer: Optimizer = Optimizer.MOMENTUM,
) -> PredictedMemory:
    """Return the predicted memory of one iteration of `module`, which is left exactly as it was.

    Raises:
        ModelError: the module's own code raised.
    """
    from resnet_bench.profilers.hollow_copy import hollow_copy  # noqa: PLC0415
    from resnet_bench.profilers.memory import traced_memory  # noqa: PLC0415 - torch only where it is needed

    if mode is Mode.TRAINING and not any(parameter.requires_grad for parameter in module.parameters()):
        raise ModelError(f"nothing in '{name}' is trainable: no parameter of it asks for a gradient.")
    with untouched():
        return explained(
            name,
            lambda: traced_memory(
                hollow_copy(module),
                mode=mode,
                precision=precision,
                batch_size=batch_size,
                image_size=image_size,
                optimizer=optimizer,
            ),
        )


def _with_counters(profile: Profile, model: str | Spec, counters: Collection[str]) -> Profile:
    from resnet_bench.models import create_model  # noqa: PLC0415 - torch only where it is needed
    from resnet_bench.profilers import counters as others  # noqa: PLC0415

    others.check_counters(counters)
    size = dict(batch_size=profile.batch_size, image_size=profile.image_size)
    with untouched():
        if "fvcore" in counters:
            count = explained(profile.model, lambda: others.fvcore_count(create_model(model, device="meta"), **size))
            profile = msgspec.structs.replace(profile, fvcore_count=count)
        if "torch" in counters:
            flops = explained(
                profile.model,
                lambda: others.torch_counter_flops(create_model(model, device="meta"), mode=profile.mode, **size),
            )
            profile = msgspec.structs.replace(profile, torch_counter_flops=flops)
    return profile
