"""The speed of a machine at which its corrected figures are given: made once, and then it stays."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from resnet_bench.records.base import SCHEMA_VERSION, Record
from resnet_bench.records.bounds import Index, NonNegativeCount, NonNegativeNumber, PositiveSeconds, SchemaNumber

# One of fewer launches may be that of a slow moment: it stays until a run has so many.
ENOUGH_LAUNCHES = 20
# Of one case alone there are no more in a run: those that `standard` makes on an accelerator.
_ENOUGH_OF_A_CASE = 5
NominalKey = tuple[str, int, str, str]


class Nominal(Record, frozen=True, kw_only=True):
    """What passes of a version of the reference take at the speed for which corrected figures are given.

    `pass_s` are means a pass of bursts of 1, 2, 3, ... passes, the first of which is slower; CPU time beside cases of
    one thread, else elapsed time. It is of the machine `environment` beside cases of so many `threads`, and was made
    from so many `launches` of `run`, the first of `made_at`, which lay `spread` apart by it: the standard deviation of
    the logarithm. One of no launches was measured by itself, with the ceilings, and is used no more.

    On an accelerator it is of one `case` alone, by its key without a machine: the clock of the device is what the case
    makes of it, and no drift. Empty for all cases of so many threads.
    """

    version: str
    pass_s: Annotated[tuple[PositiveSeconds, ...], Meta(min_length=1)]
    environment: str = ""
    threads: Index = 0
    case: str = ""
    run: str = ""
    made_at: str = ""
    launches: NonNegativeCount = 0
    spread: NonNegativeNumber | None = None

    @property
    def key(self) -> NominalKey:
        """What it is of: machine, threads, version, case."""
        return self.environment, self.threads, self.version, self.case

    def of_passes(self, passes: int) -> float:
        """Return seconds of one of so many passes in a row."""
        return self.pass_s[min(passes, len(self.pass_s)) - 1]


class KeptNominals(Record, frozen=True, kw_only=True):
    """A file of this user's: the nominal speeds of one machine, one for each version and number of threads, or case."""

    schema: SchemaNumber = SCHEMA_VERSION
    nominals: tuple[Nominal, ...]


def is_of_enough(nominal: Nominal) -> bool:
    """Say whether so many launches made it that it stays."""
    return nominal.launches >= (_ENOUGH_OF_A_CASE if nominal.case else ENOUGH_LAUNCHES)


def settled(before: Iterable[Nominal], made: Iterable[Nominal]) -> tuple[Nominal, ...]:
    """Return what is kept of a machine: what was kept before, unless that was of few launches and this is of enough."""
    found = {it.key: it for it in before}
    for it in made:
        known = found.get(it.key)
        if known is None or (is_of_enough(it) and not is_of_enough(known)):
            found[it.key] = it
    return tuple(found.values())


def agreed(nominals: Iterable[Nominal]) -> tuple[Nominal, ...]:
    """Return by which of several runs' their figures are given beside each other: the first of enough launches."""
    by_rank = sorted(nominals, key=lambda it: (not is_of_enough(it), it.made_at))
    return tuple({it.key: it for it in reversed(by_rank)}.values())
