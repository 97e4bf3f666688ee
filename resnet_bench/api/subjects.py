"""What somebody gives as a model (a name, a spec, a factory, a module), and the name that it is measured under.

A process that measures is fresh, so a model has to get there: by an importable name where it has one, else pickled.
"""

import inspect
import pickle
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from resnet_bench import specs
from resnet_bench.errors import ModelError, UsageError
from resnet_bench.records import ModelObject, Record
from resnet_bench.specs import Spec
from resnet_bench.specs.objects import OBJECT, file_of
from resnet_bench.storage import files

# A torch.nn.Module is a callable too; torch is not imported to say so.
ModelLike = str | Spec | Callable[..., Any]
Models = ModelLike | Iterable[ModelLike] | Mapping[str, ModelLike]


class Subjects(Record, frozen=True, kw_only=True):
    """Models to measure: the names of all, the specs among them, and the objects that travel, with their pickles."""

    names: tuple[str, ...]
    specs: tuple[Spec, ...]
    objects: tuple[ModelObject, ...]
    pickles: tuple[bytes, ...]

    def pack_into(self, directory: Path) -> None:
        """Write each object where a child process finds it."""
        for travelling, content in zip(self.objects, self.pickles, strict=True):
            files.whole(file_of(travelling.name, directory), content)


def subjects_of(models: Models) -> Subjects:
    """Return what the models are called and how each of them travels; a mapping names its objects itself.

    Raises:
        UsageError: something is no model.
        ModelError: an object cannot travel; the message says why, and what can.
    """
    names: list[str] = []
    own: list[Spec] = []
    objects: list[ModelObject] = []
    pickles: list[bytes] = []
    for wanted, model in _each(models):
        if isinstance(model, str):
            names.append(model)
        elif isinstance(model, Spec):
            names.append(model.name)
            own += [] if model.name in specs.names() and specs.find(model.name) == model else [model]
        elif not wanted and (importable := importable_name(model)):
            names.append(importable)
        else:
            name = _object_name(wanted or _class_name(model), names)
            pickles.append(_pickled(model, name))
            objects.append(ModelObject(name=name, type=_type_path(model), source=_source(model)))
            names.append(name)
    if not names:
        raise UsageError("models: expected at least one model.")
    return Subjects(names=tuple(names), specs=tuple(own), objects=tuple(objects), pickles=tuple(pickles))


def is_module(model: object) -> bool:
    """Say whether something is a torch.nn.Module; if torch is not loaded, nothing is."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def importable_name(model: Callable[..., Any]) -> str | None:
    """Return "package.module:name" of a factory that a fresh process can import; None of everything else."""
    module, qualified = getattr(model, "__module__", None), getattr(model, "__qualname__", None)
    if is_module(model) or not module or not qualified or module == "__main__" or "<" in qualified:
        return None
    found: Any = sys.modules.get(module)
    if getattr(found, "__spec__", None) is None:
        return None
    for part in qualified.split("."):
        found = getattr(found, part, None)
    return f"{module}:{qualified}" if found is model else None


def display_name(model: Callable[..., Any]) -> str:
    """Return what a model without an importable name is called where it is only profiled."""
    return importable_name(model) or _class_name(model)


def _each(models: Models) -> Iterable[tuple[str, ModelLike]]:
    """Yield each model with the name that a mapping gives it, empty where it has none."""
    if isinstance(models, Mapping):
        pairs = [(str(name), model) for name, model in models.items()]
    elif isinstance(models, str | Spec) or callable(models):
        pairs = [("", models)]
    elif isinstance(models, Iterable):
        pairs = [("", model) for model in models]
    else:
        pairs = [("", models)]
    for name, model in pairs:
        if not isinstance(model, str | Spec) and not callable(model):
            raise UsageError(
                f"models: {type(model).__name__} is no model; expected a name, a spec, a torch.nn.Module, or a "
                "callable without arguments that returns one."
            )
        if name and isinstance(model, str | Spec):
            raise UsageError(f"models: '{name}': a mapping names module objects and factories; give names as a list.")
        yield name, model


def _object_name(wanted: str, taken: Iterable[str]) -> str:
    cleaned = re.sub(r"[^\w.\-]+", "-", wanted).strip("-.") or "model"
    known, name, number = set(taken), f"{OBJECT}:{cleaned}", 2
    while name in known:
        name, number = f"{OBJECT}:{cleaned}-{number}", number + 1
    return name


def _class_name(model: Callable[..., Any]) -> str:
    named = getattr(model, "__qualname__", None) or type(model).__qualname__
    return str(named).rpartition(">.")[2].replace("<lambda>", "lambda")


def _type_path(model: Callable[..., Any]) -> str:
    of = type(model) if is_module(model) else model
    return f"{getattr(of, '__module__', '?')}.{getattr(of, '__qualname__', type(of).__qualname__)}"


def _source(model: Callable[..., Any]) -> str:
    """Return the code of the class or function as it is written; empty where Python has not kept it."""
    try:
        return inspect.getsource(type(model) if is_module(model) else model)
    except (OSError, TypeError):
        return ""


def _pickled(model: Callable[..., Any], name: str) -> bytes:
    import cloudpickle  # noqa: PLC0415 - for what has no importable name alone

    try:
        content: bytes = cloudpickle.dumps(model, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # whatever an object's own __reduce__ raises
        reason = str(error).split("\n", maxsplit=1)[0]
        raise ModelError(
            f"'{name}' cannot travel to a fresh process: {type(error).__name__}: {reason}. Give a factory instead, a "
            'function without arguments in a module of yours: models=[build], or "package.module:build".'
        ) from error
    return content
