"""Models of other packages: `torchvision:NAME`, `timm:NAME`, `package.module:callable`. Their code runs as it is."""

import contextlib
import importlib
import inspect
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from resnet_bench.errors import ModelError, ResNetBenchError, UnknownModelError, deed, in_words, nearest
from resnet_bench.models.compat import prepare_for_torchvision, torchvision_models
from resnet_bench.models.foreign_code import staying_here, where
from resnet_bench.models.meta import built_on
from resnet_bench.specs import EXTERNAL_FORMS
from resnet_bench.specs.objects import OBJECT, OBJECTS_VARIABLE, file_of


def build(name: str, *, device: torch.device) -> nn.Module:
    """Return the module that `name` builds, on `device`; on "meta" no weights are allocated.

    Raises:
        ModelError: the package, the name in it or what it returns is wrong; the message says which.
    """
    return _checked(_call(name, _callable(name), device), name).to(device)


def built_without_data(build_module: Callable[[], Any], name: str) -> nn.Module:
    """Return what a callable builds on the meta device, where no weights are allocated.

    Raises:
        ModelError: it needs arguments, raises, or returns something else.
    """
    return _checked(_call(name, build_module, torch.device("meta")), name)


def look_up(name: str) -> None:
    """Find what builds a model, and build nothing.

    Raises:
        UnknownModelError: nothing is called so, or it needs arguments.
    """
    _refuse_needed_arguments(name, _callable(name))


def refuse_scripted(module: nn.Module, name: str) -> None:
    """Refuse TorchScript, which hides its layers.

    Raises:
        ModelError: `module` is scripted or traced.
    """
    if isinstance(module, torch.jit.ScriptModule):
        raise ModelError(
            f"'{name}' is a TorchScript module (scripted or traced): its layers cannot be followed; "
            "give the eager module that it was made from."
        )


def _checked(module: object, name: str) -> nn.Module:
    if not isinstance(module, nn.Module):
        raise ModelError(f"'{name}' returned {type(module).__name__}, not a torch.nn.Module.")
    refuse_scripted(module, name)
    return module


def _callable(name: str) -> Callable[[], Any]:
    package, _, attribute = name.partition(":")
    if not package or not attribute:
        raise UnknownModelError(f"'{name}': expected {', '.join(EXTERNAL_FORMS)}.")
    if package == "torchvision":
        return _torchvision(attribute)
    if package == "timm":
        return _timm(attribute)
    if package == OBJECT:
        return _object(name)
    return _of_module(name, package, attribute)


def _torchvision(attribute: str) -> Callable[[], Any]:
    models = torchvision_models()
    known = models.list_models()
    if attribute not in known:
        raise UnknownModelError(f"torchvision has no model '{attribute}'.{nearest(attribute, known)}")
    accepted = inspect.signature(models.get_model_builder(attribute)).parameters
    nothing = {name: None for name in ("weights", "weights_backbone") if name in accepted}  # download nothing
    return lambda: models.get_model(attribute, **nothing)


def _timm(attribute: str) -> Callable[[], Any]:
    torchvision_models()  # timm imports torchvision itself
    try:
        timm = importlib.import_module("timm")
    except ImportError:
        raise UnknownModelError(
            f"'timm:{attribute}' needs timm, which is not installed: pip install 'resnet-bench[timm]'."
        ) from None
    if not timm.is_model(attribute):
        raise UnknownModelError(f"timm has no model '{attribute}'.{nearest(attribute, timm.list_models())}")
    return lambda: timm.create_model(attribute, pretrained=False)


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


def _of_module(name: str, package: str, attribute: str) -> Callable[[], Any]:
    for folder in (Path.cwd(), Path.cwd() / "src"):  # a user's own file beside the suite file, or a package in src/
        if folder.is_dir() and str(folder) not in sys.path:
            sys.path.append(str(folder))
    prepare_for_torchvision()  # it may import that itself
    try:
        target: Any = importlib.import_module(package)
    except (ResNetBenchError, KeyboardInterrupt):
        raise
    except BaseException as error:
        said = f"'{name}': module '{package}' cannot be imported: {in_words(error)}{where(error)}"
        raise UnknownModelError(said) from error
    for part in attribute.split("."):
        if not hasattr(target, part):
            raise UnknownModelError(f"'{name}': '{package}' has no '{attribute}'.{nearest(attribute, dir(target))}")
        target = getattr(target, part)
    if not callable(target):
        raise UnknownModelError(
            f"'{name}': '{attribute}' is {type(target).__name__}, not a callable that builds a module."
        )
    return target  # type: ignore[no-any-return]


def _call(name: str, build_module: Callable[[], Any], device: torch.device) -> Any:
    """Call without arguments, as the name promises."""
    _refuse_needed_arguments(name, build_module)
    if device.type == "meta":
        # Some need a number while they are built: see below.
        with contextlib.suppress(Exception, SystemExit), staying_here(), built_on(device):
            return build_module()
    try:
        with staying_here(), built_on(torch.device("cpu")):
            return build_module()
    except (ResNetBenchError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ModelError(f"'{name}' {deed(error)}{where(error)}") from error


def _refuse_needed_arguments(name: str, build_module: Callable[[], Any]) -> None:
    try:
        parameters = inspect.signature(build_module).parameters.values()
    except (TypeError, ValueError):  # builtins without a signature: calling them tells
        return
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [each.name for each in parameters if each.default is each.empty and each.kind not in optional]
    if needed:
        raise UnknownModelError(
            f"'{name}' needs arguments ({', '.join(needed)}); give a callable that takes none, "
            "such as a function that passes them."
        )
