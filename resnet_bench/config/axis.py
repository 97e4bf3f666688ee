"""One row of the table of axes: what can be said of an axis, and how its values are read."""

from collections.abc import Callable
from dataclasses import dataclass

from resnet_bench.config import values
from resnet_bench.config.values import Reader
from resnet_bench.errors import UsageError

AUTO = "auto"
Value = str | int


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis.

    Attributes:
        name: the field of `Case`.
        plural: the same of a list: the key of suite files.
        flag: of `run`; other commands take it in the singular.
        reader: of one value.
        help: of the flag, before the choices.
        title: of its column, with `unit`, and `explained` on demand.
        words: a value as words that stand alone: "2 threads"; empty for one that says nothing.
        unset: values where nothing is said, if not the default of `Case`, which is how old records read; empty for
            that default, or for each model's own.
        default_words: how `--help` says `unset` where it is no fixed value.
        of_host: on an accelerator it is nothing that changes a figure, and stays at the default of `Case`.
        swept: a suite gives a list of it; else the suite, or a joined run, has one for all.
        tunable: a user may turn it for speed; the others say what is asked.
        of_machine: it tells machines apart too, so that runs on two machines differ by it anyway.
        said: a case is always called by it too, or only where it is not at its default or varies.
        silent: it goes without saying where all cases have the same.
        static: it changes what `profile` counts without measuring.
        of_group: it is of several processes that run a case at once; what measures one alone does not take it.
        shared: such processes share it: where several are asked for and nothing is said of it, each has 1.
        together: a word on the command line for all of its choices.
        alone: a word that may stand instead of a list.
        pattern: thresholds and excludes take names with *, ? and [...].
        separator: stands between several values on the command line; another than a comma where a value may hold one.
    """

    name: str
    plural: str
    flag: str
    reader: Reader
    help: str
    title: str
    words: Callable[[Value], str] = str
    unit: str = ""
    explained: str = ""
    unset: Callable[[], tuple[Value, ...]] = tuple
    default_words: str = ""
    swept: bool = True
    tunable: bool = False
    of_machine: bool = False
    of_host: bool = False
    said: bool = False
    silent: bool = False
    static: bool = False
    of_group: bool = False
    shared: bool = False
    together: str = ""
    alone: str = ""
    pattern: bool = False
    separator: str = ","

    @property
    def singular_flag(self) -> str:
        """The flag that takes one value."""
        return "--" + self.name.replace("_", "-")

    def from_text(self, text: str, where: str) -> Value:
        """Read one value.

        Raises:
            UsageError: it is none.
        """
        value: Value = values.from_text(self.reader, text, where)
        return value

    def several_from_text(self, text: str, where: str) -> tuple[Value, ...]:
        """Read values separated by commas, or the words that stand for several.

        Raises:
            UsageError: one is none.
        """
        parts = {part.strip() for part in text.split(",")}
        if self.alone and self.alone in parts:
            if len(parts) > 1:
                raise UsageError(f"{where} '{text}': {self.alone} stands alone; it finds all values by itself.")
            return (self.alone,)
        if self.together and self.together == text.strip():
            return self.reader.members
        return values.several_from_text(self.reader, text, where, separator=self.separator)

    def list_from_file(self, value: object, where: str) -> tuple[Value, ...]:
        """Take the list of a suite file.

        Raises:
            ConfigError: it is none.
        """
        if self.alone and value == self.alone:
            return (self.alone,)
        return values.several_from_file(self.reader, value, where, or_word=self.alone)

    def one_or_list_from_file(self, value: object, where: str) -> tuple[Value, ...]:
        """Take one value, or a list of them.

        Raises:
            ConfigError: it is neither.
        """
        if self.alone and value == self.alone:
            return (self.alone,)
        return values.one_or_several_from_file(self.reader, value, where)
