"""Exit codes, and the errors that end in one of them: each in one line.

ResNetBenchError (2)
├── UsageError (2)        a flag or an argument
├── ConfigError (2)       a suite or thresholds file
├── ModelError (2)        a model name, its weights, its input
│   ├── UnknownModelError (2)  nothing is called so, or it cannot be built without arguments
│   └── UntracedError (2)  a model that has to be run to be counted
├── DeviceError (2)       a device that is not there
├── StoreError (2)        a run directory or baseline that cannot be read or written
├── UnsupportedError (3)  a case that cannot run on its device
│   └── OtherPrecisionError (2)  a model built in one precision and asked for in another
├── DisagreesError (3)    a case that does not compute what eager float32 does
├── IncompleteError (3)   a measurement that cannot be finished or is missing
├── InternalError (70)    a fault of ours
└── Interrupted (130)     the user stopped the run; everything finished is saved
"""

import difflib
from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ends.

    DONE includes cases that ran out of memory or are not supported: those are results. FOUND is a gate's. INCOMPLETE
    also means undecided, or nothing to compare. INTERNAL is sysexits.h's EX_SOFTWARE.
    """

    DONE = 0
    FOUND = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERNAL = 70
    INTERRUPTED = 130


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """Return what several findings make of a gate: FOUND before INCOMPLETE before DONE."""
    found = set(codes)
    return next((code for code in (ExitCode.FOUND, ExitCode.INCOMPLETE) if code in found), ExitCode.DONE)


class ResNetBenchError(Exception):
    """Something the user can mend; `str()` is the one line to show."""

    exit_code = ExitCode.USAGE


class UsageError(ResNetBenchError):
    """A flag or an argument is wrong."""


class ConfigError(ResNetBenchError):
    """A suite or thresholds file is wrong."""


class ModelError(ResNetBenchError):
    """A model name, its weights or its input is wrong."""


class UnknownModelError(ModelError):
    """Nothing is called so, or what is cannot be built: a mistake in the name, which no measurement will mend."""


class UntracedError(ModelError):
    """A model needs numbers or a device to go on: running it may count it, tracing it without data does not."""


class DeviceError(ResNetBenchError):
    """The device asked for is not there."""


class StoreError(ResNetBenchError):
    """A run directory or baseline cannot be read or written."""


class UnsupportedError(ResNetBenchError):
    """A case cannot run on this device; a result, recorded as a skip. Alone it leaves nothing measured."""

    exit_code = ExitCode.INCOMPLETE


class OtherPrecisionError(UnsupportedError):
    """A model is built in one precision and was asked for in another: a mistake, of a whole run's case a skip."""

    exit_code = ExitCode.USAGE


class DisagreesError(ResNetBenchError):
    """What a case computes is not the network: a skip, never a figure."""

    exit_code = ExitCode.INCOMPLETE


class IncompleteError(ResNetBenchError):
    """A measurement cannot be finished, or one that is needed is missing."""

    exit_code = ExitCode.INCOMPLETE


class InternalError(ResNetBenchError):
    """Something that no input should be able to cause."""

    exit_code = ExitCode.INTERNAL

    def __str__(self) -> str:
        return (
            f"internal error: {super().__str__()}. Please report this line with the command that led to it; "
            "RESNET_BENCH_DEBUG=1 shows where it happened."
        )


class Interrupted(ResNetBenchError):  # noqa: N818 - an event, not a fault
    """The user stopped the run; everything finished is saved."""

    exit_code = ExitCode.INTERRUPTED


def nearest(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the known name nearest to `name`, or an empty string."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean '{matches[0]}'?" if matches else ""


def named(name: str) -> type[ResNetBenchError]:
    """Return the class of that name; the root of the tree where there is none, as in another release."""
    waiting = [ResNetBenchError]
    while waiting:
        found = waiting.pop()
        if found.__name__ == name:
            return found
        waiting += found.__subclasses__()
    return ResNetBenchError


# Characters of an exception's words; some print a whole graph in one line.
_LONGEST = 500


def text_of(error: BaseException) -> str:
    """Return all that an exception of any origin says, in characters that can be written; its words may raise."""
    try:
        return str(error).encode(errors="backslashreplace").decode()
    except BaseException:  # noqa: BLE001 - whatever a user's own words do
        return "(its own words raise another)"


def in_words(error: BaseException) -> str:
    """Return in one line what was raised: "ValueError: no such width"; our own errors have a sentence."""
    said = text_of(error).strip().partition("\n")[0].rstrip()
    if isinstance(error, SystemExit):
        said = f"sys.exit({said}) was called"
    elif not isinstance(error, ResNetBenchError):
        said = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return said[:_LONGEST]


def deed(error: BaseException) -> str:
    """Return what code did that ended in `error`: "raised ValueError: no such width", "called sys.exit(0)"."""
    said = in_words(error)
    return f"called {said.removesuffix(' was called')}" if isinstance(error, SystemExit) else f"raised {said}"
