"""From a name or a spec to a module on a device."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import msgspec
import torch
from torch import nn

from resnet_bench import specs
from resnet_bench.errors import DeviceError, ModelError
from resnet_bench.machine import devices
from resnet_bench.models.meta import built_on
from resnet_bench.models.resnet import network
from resnet_bench.records.weights import parse as parse_weights
from resnet_bench.specs import Spec

FIRST_WEIGHTS = "IMAGENET1K_V1"


def create_model(
    name_or_spec: str | Spec,
    *,
    num_classes: int | None = None,
    device: str | torch.device = "cpu",
    pretrained: bool | str = False,
    arguments: Mapping[str, Any] = {},
) -> nn.Module:
    """Return the network on `device`, in training mode.

    Args:
        name_or_spec: a registry name, an external name (`torchvision:NAME`, `timm:NAME`, `package.module:callable`)
            or a spec.
        num_classes: outputs of the last layer; by default the spec's (1000 for ImageNet, 10 for CIFAR). 0 leaves the
            layer out: the features are the output.
        device: where the weights go; on "meta" none are allocated.
        pretrained: True for torchvision's IMAGENET1K_V1, or a weights name, a path or a URL; #partial behind it loads
            what fits, #raw leaves averaged weights out.
        arguments: what an external model is built with, or fields of the spec that are to be others.

    Raises:
        ModelError: no such model, or arguments or weights that do not fit.
        DeviceError: no such device.
    """
    weights = FIRST_WEIGHTS if pretrained is True else pretrained or ""
    if isinstance(name_or_spec, str) and specs.is_external(name_or_spec) and num_classes is not None:
        raise ModelError(f"'{name_or_spec}' is built by its own package: give num_classes among its arguments.")
    return create_with_weights(
        name_or_spec, weights, num_classes=num_classes, device=_device(device), arguments=arguments
    ).module


class Created(NamedTuple):
    """A network, and in words which weights it has; empty for random ones."""

    module: nn.Module
    weights: str


def create_with_weights(
    name_or_spec: str | Spec,
    weights: str,
    *,
    num_classes: int | None = None,
    device: torch.device,
    arguments: Mapping[str, Any] = {},
) -> Created:
    """Return the network on `device` with the weights that `records.weights` reads in `weights`.

    Raises:
        ModelError: no such model, or arguments or weights that do not fit.
    """
    from resnet_bench.models import external  # noqa: PLC0415 - other packages only when they are asked for
    from resnet_bench.models import weights as trained  # noqa: PLC0415

    choice = parse_weights(weights)
    published = trained.published_name(choice) if weights else ""
    host = torch.device("cpu")
    if isinstance(name_or_spec, str) and specs.is_external(name_or_spec):
        module = external.build(
            name_or_spec, device=host if weights else device, arguments=arguments, published=published
        )
        if not weights or published:
            return Created(module.to(device), published)
        note = trained.load_into(module, weights, name=name_or_spec)
        return Created(module.to(device), note)
    spec = specs.find(name_or_spec) if isinstance(name_or_spec, str) else specs.check_architecture(name_or_spec)
    spec = specs.with_arguments(spec, arguments)
    if not weights:
        return Created(build(spec, num_classes=num_classes, device=device), "")
    url = trained.url_of(spec, published, num_classes=num_classes) if published else ""
    module = build(spec, num_classes=num_classes, device=host)
    note = trained.load_into(module, weights, name=spec.name, url=url)
    return Created(module.to(device), note)


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
