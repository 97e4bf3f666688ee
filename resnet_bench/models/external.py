"""Models of other packages: `torchvision:NAME`, `timm:NAME`, `package.module:callable`. Their code runs as it is."""

import contextlib
import importlib
import inspect
import os
import pickle
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from resnet_bench.errors import ModelError, ResNetBenchError, UnknownModelError, deed, in_words, nearest
from resnet_bench.models import own_inputs
from resnet_bench.models.compat import prepare_for_torchvision, torchvision_models
from resnet_bench.models.foreign_code import staying_here, where
from resnet_bench.models.imported import imported
from resnet_bench.models.meta import built_on
from resnet_bench.models.refusals import refuse_foreign_arithmetic, refuse_scripted
from resnet_bench.models.taken import refuse_unexpected, refuse_wrong
from resnet_bench.records.inputs import ModelInput, square
from resnet_bench.specs import EXTERNAL_FORMS, EXTERNAL_IMAGE_SIZE
from resnet_bench.specs.objects import OBJECT, OBJECTS_VARIABLE, file_of

_TORCHVISION, _TIMM = "torchvision", "timm"
_QUANTIZED = "quantized_"


class Builder(NamedTuple):
    """What builds a model.

    Attributes:
        call: with the model's arguments.
        own_input: the model's own input, from its arguments and the name of published weights.
        published: the arguments that bring published weights of a name, and without one nothing; raises ModelError.
    """

    call: Callable[..., Any]
    own_input: Callable[[Mapping[str, Any], str], ModelInput]
    published: Callable[[str], Mapping[str, Any]]


def build(name: str, *, device: torch.device, arguments: Mapping[str, Any] = {}, published: str = "") -> nn.Module:
    """Return the module that `name` builds, on `device`; on "meta" no weights are allocated.

    With `published` its package loads weights of that name.

    Raises:
        ModelError: the package, the name in it, the arguments or what it returns is wrong; the message says which.
    """
    builder = _find(name)
    refuse_wrong(name, builder.call, arguments)
    built = _call(name, builder, {**builder.published(published), **arguments}, device)
    return _checked(built, name).to(device)


def built_by(build_module: Callable[[], Any], name: str, *, device: str) -> nn.Module:
    """Return what a callable builds on `device`; on "meta" no weights are allocated.

    Raises:
        ModelError: it needs arguments, raises, or returns something else.
    """
    builder = _plain(build_module, name)
    refuse_wrong(name, builder.call, {})
    return _checked(_call(name, builder, {}, torch.device(device)), name).to(device)


def look_up(name: str, *, arguments: Mapping[str, Any] = {}, published: str = "") -> ModelInput:
    """Find what builds a model, and return the model's own input.

    Nothing is built: whether a builder that takes any keyword takes these arguments, only building tells.

    Raises:
        UnknownModelError: nothing is called so, its arguments are wrong, or it has no weights of the name `published`.
    """
    builder = _find(name)
    refuse_wrong(name, builder.call, arguments)
    builder.published(published)
    return builder.own_input(arguments, published)


def _checked(module: object, name: str) -> nn.Module:
    if not isinstance(module, nn.Module):
        raise ModelError(f"'{name}' returned {type(module).__name__}, not a torch.nn.Module.")
    module = unwrapped(module)
    refuse_scripted(module, name)
    refuse_foreign_arithmetic(module, name)
    return module


def unwrapped(module: nn.Module) -> nn.Module:
    """Return the module inside what only spreads it over devices."""
    while isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
        module = module.module
    return module


def _find(name: str) -> Builder:
    package, _, attribute = name.partition(":")
    if not package or not attribute:
        raise UnknownModelError(f"'{name}': expected {', '.join(EXTERNAL_FORMS)}.")
    if package == _TORCHVISION:
        return _torchvision(attribute)
    if package == _TIMM:
        return _timm(attribute)
    if package == OBJECT:
        return _plain(_object(name), name)
    target = imported(name)
    if isinstance(target, nn.Module):
        raise UnknownModelError(
            f"'{name}': '{attribute}' is a module itself ({type(target).__name__}); give a function that returns it."
        )
    return _plain(target, name)


def _plain(call: Callable[..., Any], name: str) -> Builder:
    """Return the builder of a user's own callable, which publishes no weights and says nothing of its input."""

    def published(weights: str) -> Mapping[str, Any]:
        if weights:
            raise UnknownModelError(
                f"weights '{weights}' of '{name}': give a file or a URL; only packages publish names."
            )
        return {}

    return Builder(call, lambda _, __: square(EXTERNAL_IMAGE_SIZE), published)


def _torchvision(attribute: str) -> Builder:
    models = torchvision_models()
    known = models.list_models()
    if attribute not in known:
        raise UnknownModelError(f"torchvision has no model '{attribute}'.{nearest(attribute, known)}")
    if attribute.startswith(_QUANTIZED):
        raise UnknownModelError(
            f"'{_TORCHVISION}:{attribute}' is an int8 network, whose operators are neither counted nor measured here, "
            f"and without weights the builder gives the float one: that is '{_TORCHVISION}:"
            f"{attribute.removeprefix(_QUANTIZED)}'."
        )
    builder = models.get_model_builder(attribute)
    accepted = inspect.signature(builder).parameters
    nothing = {name: None for name in ("weights", "weights_backbone") if name in accepted}  # download nothing

    def published(weights: str) -> Mapping[str, Any]:
        known = models.get_model_weights(attribute).__members__
        return nothing | ({"weights": known[_among(weights, known, attribute)]} if weights else {})

    return Builder(builder, lambda _, weights: own_inputs.of_torchvision(attribute, weights), published)


def _timm(attribute: str) -> Builder:
    torchvision_models()  # timm imports torchvision itself
    try:
        timm = importlib.import_module(_TIMM)
    except ImportError:
        raise UnknownModelError(
            f"'timm:{attribute}' needs timm, which is not installed: pip install 'resnet-bench[timm]'."
        ) from None
    if not timm.is_model(attribute):
        raise UnknownModelError(f"timm has no model '{attribute}'.{nearest(attribute, timm.list_models())}")

    def create(**arguments: Any) -> Any:
        return timm.create_model(attribute, **{"pretrained": False, **arguments})

    def published(weights: str) -> Mapping[str, Any]:
        known = [name.partition(".")[2] for name in timm.list_pretrained(f"{attribute.partition('.')[0]}.*")]
        return {"pretrained": True, "pretrained_cfg": _among(weights, known, attribute)} if weights else {}

    return Builder(create, lambda arguments, _: own_inputs.of_timm(attribute, arguments), published)


def _object(name: str) -> Callable[[], Any]:
    """Return what makes the model that a Python session gave as an object: itself, or what its factory returns."""
    path = file_of(name, Path(os.environ.get(OBJECTS_VARIABLE, "")))
    if not path.is_file():
        raise UnknownModelError(
            f"'{name}' was an object of a Python session, and is known there alone: measure it from Python again, or "
            "name a factory, package.module:callable."
        )
    prepare_for_torchvision()
    try:
        found: Any = pickle.loads(path.read_bytes())  # noqa: S301 - this run's own parent wrote it
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise UnknownModelError(
            f"'{name}' cannot be unpacked in a fresh process: {in_words(error).removesuffix('.')}. Give a factory "
            "instead, package.module:callable."
        ) from error
    if isinstance(found, nn.Module):
        return lambda: found
    return found  # type: ignore[no-any-return]


def _among(weights: str, known: Collection[str], model: str) -> str:
    if weights not in known:
        raise UnknownModelError(
            f"'{model}' has no weights '{weights}'.{nearest(weights, known)} Published: {', '.join(known) or 'none'}."
        )
    return weights


def _call(name: str, builder: Builder, arguments: Mapping[str, Any], device: torch.device) -> Any:
    if device.type == "meta":
        # Some need a number while they are built: see below.
        with contextlib.suppress(Exception, SystemExit), staying_here(), built_on(device):
            return builder.call(**arguments)
    try:
        with staying_here(), built_on(torch.device("cpu")):
            return builder.call(**arguments)
    except (ResNetBenchError, KeyboardInterrupt):
        raise
    except BaseException as error:
        refuse_unexpected(name, error, arguments)
        raise ModelError(f"'{name}' {deed(error)}{where(error)}") from error
