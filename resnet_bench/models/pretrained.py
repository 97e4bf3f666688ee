"""Trained weights: torchvision's by name, a file, or a URL; read with `weights_only`, refused where they do not fit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from resnet_bench.errors import ModelError, nearest
from resnet_bench.models import downloads, weights_file
from resnet_bench.models.compat import torchvision_models
from resnet_bench.models.weights_file import DamagedFileError
from resnet_bench.specs import Spec

DEFAULT_WEIGHTS = "IMAGENET1K_V1"
_SHOWN = 3


def load_into(model: nn.Module, *, weights: bool | str | Path, spec: Spec, num_classes: int | None) -> None:
    """Load into `model`, built from `spec`, the `weights`: True (IMAGENET1K_V1), a weights name, a path, or a URL.

    Raises:
        ModelError: there are no such weights, they cannot be read, or they do not fit.
    """
    name = DEFAULT_WEIGHTS if weights is True else str(weights)
    if name.startswith(("http://", "https://")):
        state = _download(name)
    elif _is_file(name):
        state = _read(Path(name))
    else:
        state = _published(spec, name, num_classes)
    _fit(model, state, source=name, spec=spec)


def _is_file(name: str) -> bool:
    if "/" in name or "\\" in name or name.endswith((".pth", ".pt")):
        return True
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # too long for a file's name, or with a zero in it
        return False


def _published(spec: Spec, name: str, num_classes: int | None) -> Mapping[str, Tensor]:
    if spec.family.endswith("_v1"):
        raise ModelError(
            f"there are no published weights for '{spec.name}': torchvision's were trained in the v1.5 layout "
            f"('{spec.name.removesuffix('_v1')}') and lose accuracy in this one; give a file of your own."
        )
    models = torchvision_models()
    if spec.name not in models.list_models(module=models):
        raise ModelError(f"torchvision publishes no weights for '{spec.name}'; give a path or a URL.")
    known = models.get_model_weights(spec.name)
    if name not in known.__members__:
        raise ModelError(
            f"'{spec.name}' has no weights '{name}'.{nearest(name, known.__members__)} "
            f"Published: {', '.join(known.__members__)}."
        )
    chosen = known[name]
    classes = len(chosen.meta["categories"])
    if num_classes not in (None, classes):
        raise ModelError(
            f"weights '{name}' of '{spec.name}' have {classes} classes, not {num_classes}; "
            "leave num_classes out, or build without pretrained weights."
        )
    return _download(chosen.url)


def _download(url: str) -> Mapping[str, Tensor]:
    """Read a file of torch's cache; one that is damaged goes, so that the next call fetches it anew."""
    path = downloads.fetch(url)
    try:
        return _state(weights_file.read(path), url)
    except DamagedFileError as error:
        path.unlink(missing_ok=True)
        said = str(error).removesuffix(".")
        raise ModelError(f"weights {url}: {said}; it was removed, the same command fetches it anew.") from error


def _read(path: Path) -> Mapping[str, Tensor]:
    return _state(weights_file.read(path), str(path))


def _state(loaded: Any, source: str) -> Mapping[str, Tensor]:
    """Return the state dict itself, also where a checkpoint keeps it under 'state_dict' or 'model'."""
    for key in ("state_dict", "model"):
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    if not isinstance(loaded, Mapping) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise ModelError(f"weights {source} are not a state dict: expected names with tensors.")
    return {str(key).removeprefix("module."): value for key, value in loaded.items()}


def _fit(model: nn.Module, state: Mapping[str, Tensor], *, source: str, spec: Spec) -> None:
    own = model.state_dict()
    optional = {key for key in own if key.endswith("num_batches_tracked")}  # absent from files older than torch 0.4.1
    missing = [key for key in own if key not in state and key not in optional]
    unknown = [key for key in state if key not in own]
    shapes = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in state and state[key].shape != own[key].shape
    ]
    parts = [
        f"{label}: {', '.join(keys[:_SHOWN])}{f' and {len(keys) - _SHOWN} more' if len(keys) > _SHOWN else ''}"
        for label, keys in (("missing", missing), ("unknown", unknown), ("shapes differ", shapes))
        if keys
    ]
    if parts:
        raise ModelError(f"weights {source} do not fit '{spec.name}': {'; '.join(parts)}.")
    weights_file.refuse_unusable(state, own, source)
    model.load_state_dict(own | dict(state), strict=True)
