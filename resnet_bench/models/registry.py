"""From a name or a spec to a module on a device."""

from collections.abc import Callable
from functools import partial

import msgspec
import torch
from torch import nn

from resnet_bench import specs
from resnet_bench.errors import DeviceError, ModelError
from resnet_bench.machine import devices
from resnet_bench.models.meta import built_on
from resnet_bench.models.resnet import network
from resnet_bench.specs import Spec


def create_model(
    name_or_spec: str | Spec,
    *,
    num_classes: int | None = None,
    device: str | torch.device = "cpu",
    pretrained: bool | str = False,
) -> nn.Module:
    """Return the network on `device`, in training mode.

    Args:
        name_or_spec: a registry name, an external name (`torchvision:NAME`, `timm:NAME`, `package.module:callable`)
            or a spec.
        num_classes: outputs of the last layer; by default the spec's (1000 for ImageNet, 10 for CIFAR). 0 leaves the
            layer out: the features are the output.
        device: where the weights go; on "meta" none are allocated.
        pretrained: True for torchvision's IMAGENET1K_V1, or a weights name, a path or a URL.

    Raises:
        ModelError: no such model, or weights that do not fit.
        DeviceError: no such device.
    """
    target = _device(device)
    if isinstance(name_or_spec, str) and specs.is_external(name_or_spec):
        from resnet_bench.models import external  # noqa: PLC0415 - other packages only when they are asked for

        if num_classes is not None or pretrained is not False:
            raise ModelError(f"'{name_or_spec}' is built by its own package: num_classes and pretrained do not apply.")
        return external.build(name_or_spec, device=target)
    spec = specs.find(name_or_spec) if isinstance(name_or_spec, str) else specs.check_architecture(name_or_spec)
    if pretrained is False:
        return build(spec, num_classes=num_classes, device=target)
    from resnet_bench.models.pretrained import load_into  # noqa: PLC0415 - downloads only when they are asked for

    model = build(spec, num_classes=num_classes, device=torch.device("cpu"))
    load_into(model, weights=pretrained, spec=spec, num_classes=num_classes)
    return model.to(target)


def build(spec: Spec, *, num_classes: int | None = None, device: torch.device) -> nn.Module:
    """Return the freshly initialised network of `spec`: drawn on the CPU, so that a seed means the same everywhere."""
    if num_classes is not None:
        spec = specs.check_architecture(msgspec.structs.replace(spec, num_classes=num_classes))
    with built_on(device):
        model = network(spec)
    return model.to(device)


def builder(name: str) -> Callable[..., nn.Module]:
    """Return the function that builds the registry model `name`: `resnet50(pretrained=False, num_classes=10)`."""
    return partial(create_model, name)


def _device(device: str | torch.device) -> torch.device:
    try:
        target = torch.device(device)
    except RuntimeError:
        raise DeviceError(f"unknown device '{device}': expected {devices.expected()}, or meta.") from None
    try:
        torch.empty(0, device=target)
    except (RuntimeError, AssertionError) as error:
        raise DeviceError(f"device '{device}' is not here: {str(error).splitlines()[0]}") from error
    return target
