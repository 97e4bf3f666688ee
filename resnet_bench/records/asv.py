"""asv's results as they were read: values by benchmark, commit, machine and combination of parameters."""

from typing import NamedTuple

MOST_CASES = 10**6  # of one benchmark, which asv would run one by one
EXPORTED = "run.track_"  # what `export --to asv` calls a run's metrics


class AsvValue(NamedTuple):
    """One benchmark's value at one commit for one combination of parameters, with its interval's bounds."""

    value: float
    low: float | None
    high: float | None


class AsvRow(NamedTuple):
    """One benchmark in one file: values by combination, None where it failed, NaN where it was skipped."""

    benchmark: str
    version: str
    cases: tuple[str, ...]
    values: tuple[AsvValue | None, ...]

    @property
    def exported(self) -> bool:
        """Whether `export --to asv` wrote it: a run's metric under asv's roof."""
        return self.benchmark.startswith(EXPORTED)


class AsvFile(NamedTuple):
    """One commit on one machine in one environment; `date` is in seconds since 1970.

    `unread` are benchmarks whose row does not fit its own parameters.
    """

    revision: str
    date: int
    machine: str
    identity: tuple[tuple[str, str], ...]
    rows: tuple[AsvRow, ...]
    unread: tuple[str, ...] = ()


class AsvResults(NamedTuple):
    """A results folder. `units` are by benchmark: as asv's benchmarks.json has them, else as its names say."""

    files: tuple[AsvFile, ...]
    units: dict[str, str]
    notes: tuple[str, ...]
