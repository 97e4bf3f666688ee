"""Which arguments a builder takes: what its signature says, or that of what it passes them on to."""

import inspect
import re
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from types import FrameType
from typing import Any

from resnet_bench.errors import UnknownModelError, nearest
from resnet_bench.models.foreign_code import where

_UNEXPECTED = re.compile(r"(?P<callee>[\w.<>]+)\(\) got an unexpected keyword argument '(?P<argument>\w+)'")
_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def refuse_wrong(name: str, call: Callable[..., Any], arguments: Collection[str]) -> None:
    """Refuse arguments that the signature of a model's builder has not, and the lack of those that it needs.

    Raises:
        UnknownModelError: with the first, and what it takes.
    """
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):  # builtins without a signature: calling them tells
        return
    plain = [each for each in parameters if each.kind not in _ANY]
    needed = [each.name for each in plain if each.default is each.empty and each.name not in arguments]
    if needed:
        raise UnknownModelError(
            f"'{name}' needs arguments ({', '.join(needed)}); give them with --arguments, or a function without any."
        )
    known = [each.name for each in plain if each.kind is not inspect.Parameter.POSITIONAL_ONLY]
    takes_any = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    unknown = [argument for argument in arguments if argument not in known and not takes_any]
    if unknown:
        raise UnknownModelError(_no_argument(name, unknown[0], known, near=known))


def refuse_unexpected(name: str, error: BaseException, arguments: Mapping[str, Any]) -> None:
    """Refuse an argument that a builder passed on to what does not take it, where that is what `error` says.

    Raises:
        UnknownModelError: with what that takes.
    """
    found = _UNEXPECTED.search(str(error)) if isinstance(error, TypeError) else None
    if found is None or found["argument"] not in arguments:
        return
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    taken = _taken(found["callee"], frames)
    if not taken:
        said = f"'{name}' has no argument '{found['argument']}': {found['callee']} takes none of that name"
        raise UnknownModelError(f"{said}{where(error)}.") from error
    optional = [each.name for each in taken if each.default is not each.empty]
    names = [each.name for each in taken]
    raise UnknownModelError(_no_argument(name, found["argument"], optional, near=names)) from error


def _taken(callee: str, frames: Sequence[FrameType]) -> list[inspect.Parameter]:
    """Return what a callable takes by name, found where it was called from; what it needs, its caller gives it."""
    wanted = callee.removesuffix(".__init__")
    for frame in reversed(frames):
        for value in (*frame.f_locals.values(), *frame.f_globals.values()):
            if (inspect.isclass(value) or inspect.isroutine(value)) and value.__qualname__ == wanted:
                return [each for each in inspect.signature(value).parameters.values() if each.kind not in _ANY]
    return []


def _no_argument(name: str, argument: str, known: Sequence[str], *, near: Sequence[str]) -> str:
    said = f" It takes {', '.join(known)}." if known else " It takes none."
    return f"'{name}' has no argument '{argument}'.{nearest(argument, near)}{said}"
