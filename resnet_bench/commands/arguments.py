"""Types of arguments that several commands share, and flags that come from the tables of axes and options."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token

from resnet_bench.config import values
from resnet_bench.config.axes import AXES, BY_NAME, find, flag_help
from resnet_bench.config.axis import Axis, Value
from resnet_bench.config.options import OPTIONS


class Unsaid(str):
    """What stands where a flag was not given."""

    __slots__ = ()


_ANY_WHOLE = values.whole(least=None)


def _whole(_type: type[int], tokens: Sequence[Token]) -> int:
    """Read a whole number; the parser's own conversion would round 1.5."""
    number: int = values.from_text(_ANY_WHOLE, tokens[0].value, tokens[0].keyword or "")
    return number


Whole = Annotated[int, Parameter(converter=_whole)]
Command = Callable[..., Any]


def with_options(command: Command) -> Command:
    """Give a command every flag of the table of options: it gets those that were given, as text, as keywords."""
    flags = []
    for option in OPTIONS:
        names = (option.flag, *([option.alias] if option.alias else []))
        shown = Parameter(name=names, help=option.help, negative=())
        hint, absent = (bool, False) if option.switch else (str | None, None)
        flags.append(_keyword(option.name, Annotated[hint, shown], absent))
    return _with_flags(command, flags)


def with_axes(
    axes: Iterable[Axis], *, defaults: Mapping[str, str], several: Sequence[str] = (), only: Mapping[str, str] = {}
) -> Callable[[Command], Command]:
    """Give a command a flag for each axis, of one value or, for those of `several`, of a list.

    Args:
        axes: the axes.
        defaults: what stands where a flag is not given; shown in help. Without one the command does not get it.
        several: names of axes of which the command takes several values.
        only: words that end the help of an axis' flag, such as "With --measured.".
    """

    def decorate(command: Command) -> Command:
        flags = []
        for axis in axes:
            said = [flag_help(axis, several=axis.name in several)]
            if axis.default_words and axis.name not in defaults:
                said.append(f"Default: {axis.default_words}.")
            said += [only[axis.name]] if axis.name in only else []
            names = dict.fromkeys(sorted((axis.singular_flag, axis.flag), reverse=axis.name in several))
            shown = Parameter(name=tuple(names), help=" ".join(said))
            flags.append(_keyword(axis.name, Annotated[str | None, shown], defaults.get(axis.name)))
        return _with_flags(command, flags)

    return decorate


def value_of(given: Mapping[str, str], name: str) -> Value | None:
    """Return the value of an axis' flag; None where it was not given.

    Raises:
        UsageError: it is none.
    """
    axis = BY_NAME[name]
    return axis.from_text(str(given[name]), axis.singular_flag) if name in given else None


def changes_of(text: str, flag: str, among: Sequence[Axis] = AXES) -> dict[str, Value]:
    """Read "precision=bf16,executor=compile": axes of a case with their values.

    Raises:
        UsageError: an axis or a value is none.
    """
    changes: dict[str, Value] = {}
    for part in filter(None, (it.strip() for it in text.split(","))):
        name, _, value = part.partition("=")
        axis = find(name, flag, among=among)
        changes[axis.name] = axis.from_text(value, f"{flag}: {axis.name} =")
    return changes


def _keyword(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _with_flags(command: Command, flags: Sequence[inspect.Parameter]) -> Command:
    """Return the command with the flags in place of its `**given`, and without those that were not given."""
    own = inspect.signature(command)
    kept = [it for it in own.parameters.values() if it.kind is not inspect.Parameter.VAR_KEYWORD]
    first = [it for it in kept if it.kind is not inspect.Parameter.KEYWORD_ONLY]
    defaults = {flag.name: Unsaid(flag.default) if isinstance(flag.default, str) else flag.default for flag in flags}

    @functools.wraps(command)
    def called(*arguments: object, **keywords: Any) -> object:
        said = {name: "yes" if value is True and name in defaults else value for name, value in keywords.items()}
        given = {name: it for name, it in (defaults | said).items() if name not in defaults or it not in {None, False}}
        return command(*arguments, **given)

    shown = [*first, *flags, *kept[len(first) :]]
    called.__signature__ = own.replace(parameters=shown)  # type: ignore[attr-defined]
    return called
