"""What a file of weights holds: read without running anything of it, and opened down to the state dict."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from resnet_bench.errors import ModelError, in_words
from resnet_bench.machine.devices import HOST
from resnet_bench.models import downloads, weights_file
from resnet_bench.models.weights_file import DamagedFileError
from resnet_bench.records.weights import WeightsChoice

_SUFFIXES = (".pth", ".pt", ".pth.tar", ".ckpt", ".bin", ".safetensors")
_AVERAGED = ("state_dict_ema", "model_ema", "ema_state_dict")
_NESTED = ("state_dict", "model", "model_state_dict", "net")
_COUNT_OF_AVERAGES = "n_averaged"


def is_file(name: str) -> bool:
    """Whether a name of weights is a file's, be it there or not."""
    if "/" in name or "\\" in name or name.lower().endswith(_SUFFIXES):
        return True
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # too long for a file's name, or with a zero in it
        return False


def refuse_absent(choice: WeightsChoice) -> None:
    """Refuse a file that is not there, and fetch what has to be fetched.

    Raises:
        ModelError: it is not there, or cannot be had.
    """
    if choice.is_url:
        downloads.fetch(choice.source)
    elif not Path(choice.source).exists():
        raise ModelError(f"weights file {choice.source} is not there.")


def state_dict(choice: WeightsChoice, *, url: str = "") -> tuple[Mapping[str, Tensor], str]:
    """Return the state dict that is chosen, and the key of the averaged weights where those were taken.

    Raises:
        ModelError: it cannot be had or read, or there is none.
    """
    if not url and not choice.is_url:
        return _opened(_read(Path(choice.source)), choice.source, raw=choice.raw)
    address = url or choice.source
    path = downloads.fetch(address)
    try:
        return _opened(_read(path), address, raw=choice.raw)
    except DamagedFileError as error:  # the next call shall fetch it anew
        path.unlink(missing_ok=True)
        said = str(error).removesuffix(".")
        raise ModelError(f"weights {address}: {said}; it was removed, the same command fetches it anew.") from error


def _opened(loaded: Any, source: str, *, raw: bool) -> tuple[Mapping[str, Tensor], str]:
    averaged = ""
    while isinstance(loaded, Mapping):
        keys = _NESTED if raw else (*_AVERAGED, *_NESTED)
        key = next((key for key in keys if isinstance(loaded.get(key), Mapping)), None)
        if key is None:
            break
        averaged = key if key in _AVERAGED else averaged
        loaded = loaded[key]
    if not isinstance(loaded, Mapping) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise ModelError(f"weights {source} are not a state dict: expected names with tensors.")
    return {str(key): value for key, value in loaded.items() if key != _COUNT_OF_AVERAGES}, averaged


def _read(path: Path) -> Any:
    if path.suffix != ".safetensors":
        return weights_file.read(path)
    weights_file.beginning(path)
    try:
        from safetensors.torch import load_file  # noqa: PLC0415 - an extra
    except ImportError:
        raise ModelError(
            f"weights file {path} needs safetensors, which is not installed: pip install 'resnet-bench[weights]'."
        ) from None
    try:
        return load_file(path, device=HOST)
    except Exception as error:
        raise DamagedFileError(f"weights file {path} cannot be read as safetensors: {in_words(error)}.") from error
