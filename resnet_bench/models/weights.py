"""Trained weights put into a module: of a published name, a file, or a URL; refused where they do not fit."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from resnet_bench.errors import ModelError, nearest
from resnet_bench.models import checkpoints, weights_file
from resnet_bench.models.compat import torchvision_models
from resnet_bench.records import weights as words
from resnet_bench.records.weights import WeightsChoice
from resnet_bench.specs import Spec
from resnet_bench.words import counted

_SHOWN = 3
# What wraps a module before it is saved, by where it stands in a key; those of the second kind hold other parts too.
_WRAPPERS = ("module.", "_orig_mod.")
_HOLDERS = ("model.", "net.", "network.", "backbone.", "encoder.")


def published_name(choice: WeightsChoice) -> str:
    """Return the name of published weights that a choice is; empty for a file or a URL."""
    return "" if choice.is_url or checkpoints.is_file(choice.source) else choice.source


def url_of(spec: Spec, name: str, *, num_classes: int | None = None) -> str:
    """Return where the published weights of a registry model are.

    Raises:
        ModelError: there are no such weights, or they have another number of classes.
    """
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
    classes = len(known[name].meta["categories"])
    if num_classes not in (None, classes):
        raise ModelError(
            f"weights '{name}' of '{spec.name}' have {classes} classes, not {num_classes}; "
            "leave num_classes out, or build without pretrained weights."
        )
    return str(known[name].url)


def load_into(module: nn.Module, text: str, *, name: str, url: str = "") -> str:
    """Load weights into a module and return in words what was loaded.

    Args:
        module: on the host.
        text: the choice, as `records.weights` reads it.
        name: of the model.
        url: where they are, if `text` is a published name.

    Raises:
        ModelError: they cannot be read, or do not fit.
    """
    own = module.state_dict()
    fitting = _fitted(own, text, name=name, url=url)
    module.load_state_dict(dict(own) | dict(fitting.state), strict=True)
    return fitting.words


def refuse_unfit(module: nn.Module, text: str, *, name: str) -> None:
    """Refuse weights of a file or a URL that do not fit a module, which needs no data.

    Raises:
        ModelError: they cannot be read, or do not fit.
    """
    _fitted(module.state_dict(), text, name=name)


class _Fitting(NamedTuple):
    """What is loaded under the module's own names, and in words."""

    state: Mapping[str, Tensor]
    words: str


def _fitted(own: Mapping[str, Tensor], text: str, *, name: str, url: str = "") -> _Fitting:
    choice = words.parse(text)
    found, averaged = checkpoints.state_dict(choice, url=url)
    state = _unwrapped(found, own)
    left: list[str] = []
    if choice.partial:
        state = _what_fits(own, state, source=choice.source, name=name)
        left = [key for key in own if key not in state and not key.endswith("num_batches_tracked")]
    else:
        _refuse_differences(own, state, source=choice.source, name=name)
    weights_file.refuse_unusable(state, own, choice.source)
    said = choice.source + (f", the averaged ones ({averaged})" if averaged else "") + _left_out(left)
    return _Fitting(state, said)


def _unwrapped(found: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return the state under the module's own names, whatever wrapped or held the module when it was saved.

    The module itself may be wrapped, as one that torch.compile returned is, or parts of it.
    """
    names = {_bare(key): key for key in own}
    state = {_bare(key): value for key, value in found.items()}
    if len(names) < len(own) or len(state) < len(found):  # such names are the networks' own
        names, state = {key: key for key in own}, dict(found)
    holder = _holder(names, state)
    held = {key.removeprefix(holder): value for key, value in state.items() if key.startswith(holder)}
    return {names.get(key, key): value for key, value in held.items()}


def _holder(names: Collection[str], found: Collection[str]) -> str:
    """Return the prefix of what holds most of a module in a checkpoint; of two as good a usual one, or none."""
    first = next(iter(names), "")
    usual = ("", *_HOLDERS)
    prefixes = dict.fromkeys([*usual, *(key.removesuffix(first) for key in found if key.endswith(f".{first}"))])
    fitting = {prefix: sum(f"{prefix}{name}" in found for name in names) for prefix in prefixes}
    best = max(fitting, key=lambda prefix: fitting[prefix])
    return best if best in usual or list(fitting.values()).count(fitting[best]) == 1 else ""


def _bare(key: str) -> str:
    """Leave the names of wrappers out of a key, at its start and after any dot."""
    for wrapper in _WRAPPERS:
        key = key.removeprefix(wrapper).replace(f".{wrapper}", ".")
    return key


def _refuse_differences(own: Mapping[str, Tensor], state: Mapping[str, Tensor], *, source: str, name: str) -> None:
    optional = {key for key in own if key.endswith("num_batches_tracked")}  # absent from files older than torch 0.4.1
    missing = [key for key in own if key not in state and key not in optional]
    unknown = [key for key in state if key not in own]
    shapes = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in state and not _has_shape_of(own[key], state[key])
    ]
    parts = [
        f"{label}: {_some(keys)}"
        for label, keys in (("missing", missing), ("unknown", unknown), ("shapes differ", shapes))
        if keys
    ]
    if parts:
        hint = "; #partial after their name loads what fits" if _fitting(own, state) else ""
        raise ModelError(f"weights {source} do not fit '{name}': {'; '.join(parts)}{hint}.")


def _what_fits(
    own: Mapping[str, Tensor], state: Mapping[str, Tensor], *, source: str, name: str
) -> Mapping[str, Tensor]:
    fitting = _fitting(own, state)
    if not fitting:
        raise ModelError(f"of weights {source} nothing fits '{name}': no name and shape is the same.")
    return fitting


def _fitting(own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if key in own and _has_shape_of(own[key], value)}


def _has_shape_of(own: Tensor, found: Tensor) -> bool:
    """Whether a tensor fits in the place of another; a lazy one takes any shape."""
    return is_lazy(own) or found.shape == own.shape


def _left_out(keys: list[str]) -> str:
    return f"; {counted(len(keys), 'tensor')} left as drawn: {_some(keys)}" if keys else ""


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:_SHOWN]) + (f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else "")
