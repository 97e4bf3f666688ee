"""Errors a user can cause, each ending in one line and its documented exit code.

ResNetBenchError (2)
├── UsageError (2)        a flag or an argument
├── ConfigError (2)       a suite or thresholds file
├── ModelError (2)        a model name, its weights, its input
├── DeviceError (2)       a device that is not there
├── StoreError (2)        a run directory or baseline that cannot be read or written
├── IncompleteError (3)   a measurement that cannot be finished or is missing
└── Interrupted (130)     the user stopped the run; everything finished is saved
"""

import difflib
from collections.abc import Iterable


class ResNetBenchError(Exception):
    """Something the user can mend; `str()` is the one line to show."""

    exit_code = 2


class UsageError(ResNetBenchError):
    """A flag or an argument is wrong."""


class ConfigError(ResNetBenchError):
    """A suite or thresholds file is wrong."""


class ModelError(ResNetBenchError):
    """A model name, its weights or its input is wrong."""


class DeviceError(ResNetBenchError):
    """The device asked for is not there."""


class StoreError(ResNetBenchError):
    """A run directory or baseline cannot be read or written."""


class IncompleteError(ResNetBenchError):
    """A measurement cannot be finished, or one that is needed is missing."""

    exit_code = 3


class Interrupted(ResNetBenchError):  # noqa: N818 - an event, not a fault
    """The user stopped the run; everything finished is saved."""

    exit_code = 130


def nearest(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the known name nearest to `name`, or an empty string."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean '{matches[0]}'?" if matches else ""
