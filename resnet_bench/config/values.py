"""How values are read from flags, variables and files, and the one sentence that meets a wrong one."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from resnet_bench.errors import ConfigError, ResNetBenchError, UsageError, nearest
from resnet_bench.records import arguments, inputs
from resnet_bench.records.bounds import LARGEST_SIZE
from resnet_bench.words import either


class Preset(StrEnum):
    """How thorough: 2, 6 or 10 launches a case."""

    QUICK = "quick"
    STANDARD = "standard"
    RIGOROUS = "rigorous"


class AllCores(int):
    """All cores: as a number those of this machine, in a suite those of each machine that a case is measured on."""


def with_cores(found: Iterable[Any], cores: int) -> tuple[Any, ...]:
    """Return values where all cores are so many."""
    return tuple(AllCores(cores) if isinstance(it, AllCores) else it for it in found)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one kind of value.

    Attributes:
        one: what is expected, as "a whole number of 1 or more".
        many: the same of several, as "whole numbers of 1 or more".
        example: a list of them, as a file has it.
        accept: takes a value of a file; ValueError says that it is none.
        parse: reads a text of the command line or the environment; ValueError as well.
        members: what there is to choose from, where that is known.
        is_whole: the values are whole numbers.
    """

    one: str
    many: str
    example: str
    accept: Callable[[Any], Any]
    parse: Callable[[str], Any]
    members: tuple[StrEnum, ...] = ()
    is_whole: bool = False


def whole(
    *, least: int | None = 1, example: str = "[1, 8]", words: dict[str, Callable[[], int]] | None = None
) -> Reader:
    """Return the reader of whole numbers from `least` to what records hold; `words` stand for some of them."""
    bound = "" if least is None else f" of {least} or more, at most {LARGEST_SIZE}"
    within = None if least is None else range(least, LARGEST_SIZE + 1)
    or_word = "".join(f', or "{word}"' for word in words or {})

    def accept(value: object) -> int:
        if isinstance(value, str) and words and value in words:
            return words[value]()
        if isinstance(value, bool) or not isinstance(value, int) or (within is not None and value not in within):
            raise ValueError(value)
        return value

    def parse(text: str) -> int:
        said = text.strip()
        return accept(said if words and said in words else int(said))

    one, many = f"a whole number{bound}{or_word}", f"whole numbers{bound}{or_word}"
    return Reader(one, many, example, accept, parse, is_whole=True)


def choice(members: type[StrEnum]) -> Reader:
    """Return the reader of an enum's values. On the command line a hyphen and an underscore are the same."""
    names = [member.value for member in members]

    def spelling(text: str) -> str:
        return text.strip().replace("-", "_")

    alike = {spelling(member.value): member for member in members}

    def parse(text: str) -> StrEnum:
        if spelling(text) not in alike:
            raise ValueError(text)
        return alike[spelling(text)]

    one = f"one of {either(names)}"
    return Reader(one, one, str(names[:2]).replace("'", '"'), members, parse, members=tuple(members))


def words(one: str, many: str, example: str) -> Reader:
    """Return the reader of texts that are not empty, such as names; whether there is such a one is found out later."""

    def accept(value: object) -> str:
        if not _text(value).strip():
            raise ValueError(value)
        return _text(value)

    return Reader(one, many, example, accept, lambda text: accept(text.strip()))


def model_input() -> Reader:
    """Return the reader of what goes into a model; the spelling is the records' own."""

    def accept(value: object) -> str:
        return str(inputs.parse(_text(value)))

    one = "an input such as 3x224x320, 1x28x28+10:int64, image=3x64x64, or package.module:function"
    return Reader(one, one.replace("an input", "inputs", 1), '["3x224x320"]', accept, accept)


def model_arguments() -> Reader:
    """Return the reader of arguments: text, or a table of a file."""

    def accept(value: object) -> str:
        return arguments.to_text(value if isinstance(value, dict) else arguments.from_text(_text(value)))

    one = "arguments such as in_chans=4 act_layer=gelu"
    return Reader(one, one, '["in_chans=4"]', accept, accept)


def words_or_none(one: str, many: str, example: str, *, none: str) -> Reader:
    """Return the reader of texts of which one word, `none`, stands for nothing at all."""
    texts = words(f'{one}, or "{none}"', f'{many}, or "{none}"', example)

    def accept(value: object) -> str:
        said: str = texts.accept(value)
        return "" if said.strip() == none else said.strip()

    return Reader(texts.one, texts.many, texts.example, accept, accept)


def number(what: str = "number", *, below: float = math.inf) -> Reader:
    """Return the reader of finite numbers above 0, and below a bound where there is one; `what` names them."""
    bound = f" and below {below:g}" if math.isfinite(below) else ""

    def accept(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < below:
            raise ValueError(value)
        return float(value)

    one = f"a finite {what} above 0{bound}"
    return Reader(one, one, "[0.5, 0.75]", accept, lambda text: accept(float(text)))


PRESET = choice(Preset)
SEPARATORS = {",": "commas", ";": "semicolons"}


def yes_or_no(value: object, where: str) -> bool:
    """Take true or false of a file.

    Raises:
        ConfigError: it is neither.
    """
    if not isinstance(value, bool):
        raise ConfigError(f"{where} = {value!r}: expected true or false.")
    return value


def from_text(reader: Reader, text: str, where: str) -> Any:
    """Read one value; `where` is what the user wrote it after: --image-size, or RESNET_BENCH_IMAGE_SIZE.

    Raises:
        UsageError: it is none.
    """
    try:
        return reader.parse(text)
    except ValueError:
        raise UsageError(f"{where} '{text}': expected {reader.one}.{_nearest(reader, text)}") from None


def several_from_text(reader: Reader, text: str, where: str, *, separator: str = ",") -> tuple[Any, ...]:
    """Read values separated by commas, or by what else is said, each once.

    Raises:
        UsageError: one is none, or there is none.
    """
    parts = [part.strip() for part in text.split(separator) if part.strip()]
    wrong = next((part for part in parts if not _reads(reader.parse, part)), None if parts else text)
    if wrong is not None:
        expected = reader.one if reader.one == reader.many else f"{reader.many}, separated by {SEPARATORS[separator]}"
        raise UsageError(f"{where} '{wrong}': expected {expected}.{_nearest(reader, wrong)}")
    return _each_once(reader.parse(part) for part in parts)


def from_file(reader: Reader, value: object, where: str) -> Any:
    """Take one value of a file; `where` names the file and the key.

    Raises:
        ConfigError: it is none.
    """
    try:
        return reader.accept(value)
    except ValueError:
        raise ConfigError(f"{where} = {value!r}: expected {reader.one}.{_nearest(reader, str(value))}") from None


def several_from_file(reader: Reader, value: object, where: str, *, or_word: str = "") -> tuple[Any, ...]:
    """Take a list of a file, each value once; `or_word` is one that may stand there instead.

    Raises:
        ConfigError: it is no list of such values, or empty.
    """
    if isinstance(value, list) and value and all(_reads(reader.accept, each) for each in value):
        return _each_once(reader.accept(each) for each in value)
    other = f', or "{or_word}"' if or_word else ""
    several = reader.many.removeprefix("one of ")
    raise ConfigError(
        f"{where} = {value!r}: expected a list of {several}, such as {reader.example}{other}.{_hint(reader, value)}"
    )


def one_or_several_from_file(reader: Reader, value: object, where: str) -> tuple[Any, ...]:
    """Take one value or a list of them.

    Raises:
        ConfigError: it is neither.
    """
    values = value if isinstance(value, list) else [value]
    if values and all(_reads(reader.accept, each) for each in values):
        return _each_once(reader.accept(each) for each in values)
    expected = f"{reader.one}, or a list of them, such as {reader.example}"
    raise ConfigError(f"{where} = {value!r}: expected {expected}.{_hint(reader, value)}")


def quantity(parse: Callable[[str], float], text: str, where: str) -> float:
    """Read a number with its unit, such as 8GiB.

    Raises:
        UsageError: it is none.
    """
    try:
        return parse(text)
    except ResNetBenchError as error:
        raise UsageError(f"{where}: {error}") from None


def _each_once(found: Iterable[Any]) -> tuple[Any, ...]:
    return tuple({(isinstance(it, AllCores), it): it for it in found}.values())


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004 - what a reader raises of any wrong value
    return value


def _nearest(reader: Reader, text: str) -> str:
    return nearest(text, [member.value for member in reader.members])


def _hint(reader: Reader, value: object) -> str:
    wrong = [each for each in (value if isinstance(value, list) else [value]) if not _reads(reader.accept, each)]
    return _nearest(reader, str(wrong[0])) if wrong else ""


def _reads(read: Callable[[Any], Any], value: object) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True
