"""A user's own callable, `package.module:name`, from the working folder or wherever Python finds it."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from resnet_bench.errors import ResNetBenchError, UnknownModelError, in_words, nearest
from resnet_bench.models.compat import prepare_for_torchvision
from resnet_bench.models.foreign_code import where


def imported(name: str) -> Callable[..., Any]:
    """Return the callable that `name` says.

    Raises:
        UnknownModelError: there is none; the message has the nearest name.
    """
    package, _, attribute = name.partition(":")
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
        raise UnknownModelError(f"'{name}': '{attribute}' is {type(target).__name__}, not a callable.")
    return target  # type: ignore[no-any-return]
