"""The static profile of any model: registry models in closed form, external ones traced on the meta device."""

from collections.abc import Collection

import msgspec

from resnet_bench import specs
from resnet_bench.errors import ModelError
from resnet_bench.records import Mode, Precision, Profile
from resnet_bench.specs import Spec

_EXTERNAL_IMAGE_SIZE = 224


def static_profile(
    model: str | Spec,
    *,
    mode: Mode = Mode.INFERENCE,
    precision: Precision = Precision.FP32,
    batch_size: int = 1,
    image_size: int | None = None,
    counters: Collection[str] = (),
) -> Profile:
    """Return the exact profile of `model`.

    torch is imported only for external models and for `counters`.

    Args:
        model: a registry name, an external name, or a spec.
        mode: inference or training; decides predicted memory and torch's own count.
        precision: decides bytes.
        batch_size: images.
        image_size: pixels on a side; by default the architecture's own.
        counters: "fvcore" and "torch" add what those tools say.

    Raises:
        ModelError: the model or its input is wrong.
        UsageError: a counter is not known.
    """
    external = isinstance(model, str) and specs.is_external(model)
    if external:
        raise ModelError(f"'{model}': models of other packages cannot be profiled yet.")
    spec = specs.find(model) if isinstance(model, str) else model
    size = spec.image_size if image_size is None else image_size
    profile = specs.profile(spec, mode=mode, precision=precision, batch_size=batch_size, image_size=size)
    return _with_counters(profile, spec, counters)


def _with_counters(profile: Profile, model: str | Spec, counters: Collection[str]) -> Profile:
    if not counters:
        return profile
    from resnet_bench.models import create_model  # noqa: PLC0415 - torch only where it is needed
    from resnet_bench.profilers import counters as others  # noqa: PLC0415

    others.check_counters(counters)
    size = dict(batch_size=profile.batch_size, image_size=profile.image_size)
    if "fvcore" in counters:
        count = others.fvcore_count(create_model(model, device="meta"), **size)
        profile = msgspec.structs.replace(profile, fvcore_count=count)
    if "torch" in counters:
        flops = others.torch_counter_flops(create_model(model, device="meta"), mode=profile.mode, **size)
        profile = msgspec.structs.replace(profile, torch_counter_flops=flops)
    return profile
