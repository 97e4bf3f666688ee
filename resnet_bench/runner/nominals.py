"""The nominal speeds of a run's machines: looked up when it begins, made of its launches where a machine has none."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from resnet_bench.analysis.nominals import made_of
from resnet_bench.errors import StoreError
from resnet_bench.machine.names import rename
from resnet_bench.records import Case, Environment, Nominal, Run
from resnet_bench.records.nominals import settled
from resnet_bench.runner.progress import warn
from resnet_bench.storage import nominals, run_directory

Warn = Callable[[str], None]


def known(environments: Iterable[Environment], cases: Sequence[Case], *, warn: Warn = warn) -> tuple[Nominal, ...]:
    """Return those that are kept of these machines beside cases of so many threads, or beside these very cases."""
    threads, keys = {it.threads for it in cases}, {rename(it, "").key for it in cases}
    found: list[Nominal] = []
    for environment in environments:
        try:
            kept = nominals.read(environment.id)
            found += [it for it in kept if it.threads in threads and (not it.case or it.case in keys)]
        except StoreError as error:
            warn(f"{error} This run has a nominal speed of its own.")
    return tuple(found)


def settle(directory: Path, run: Run, *, warn: Warn = warn) -> None:
    """Record the nominal speeds of a run's figures, and keep for its machines those that they lack.

    The caller holds the directory.

    Raises:
        StoreError: the run's header cannot be written.
    """
    made = made_of(run)
    found: list[Nominal] = []
    for environment in dict.fromkeys(it.environment for it in made):
        here = [it for it in made if it.environment == environment]
        of_run = [it for it in run.header.nominals if it.environment == environment]
        try:
            kept = nominals.change(environment, lambda before: settled(before, here))  # noqa: B023
        except StoreError as error:
            warn(f"{error} This run has a nominal speed of its own.")
            kept = settled(of_run, here)
        used = {it.key for it in here}
        found += [it for it in kept if it.key in used]
    if tuple(found) != run.header.nominals:
        run_directory.extend(directory, msgspec.structs.replace(run.header, nominals=tuple(found)))
