"""Two revisions of a repository measured against each other: checked out, installed where asked, compared, removed.

`ab`, `bisect` and the pytest plugin ask here.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from resnet_bench import HOME, specs
from resnet_bench.errors import UsageError
from resnet_bench.git.changes import binaries_differ
from resnet_bench.git.checkout import checked_out
from resnet_bench.machine.devices import HOST
from resnet_bench.records import Record
from resnet_bench.records.live import Decision, Matchup, MatchupResult, PackageFrom, Side
from resnet_bench.runner import live
from resnet_bench.runner.equal_code import EqualCode
from resnet_bench.runner.interruption import stoppable
from resnet_bench.runner.overlay import installed

PACKAGE = "resnet_bench"
# What a live comparison measures where nothing is said: quick, and by CPU time.
DEFAULTS = {"batch_size": "1", "image_size": "96", "device": HOST, "threads": "1"}
_LAYOUTS = ("", "src")


class Revisions(Record, frozen=True, kw_only=True):
    """Which two revisions of which repository; `install` builds each side in an environment of its own."""

    base: str
    contender: str
    repository: Path = Path()
    install: bool = False


def compare(
    matchups: Sequence[Matchup],
    revisions: Revisions,
    terms: live.Terms,
    *,
    on_pair: Callable[[int, float], None] | None = None,
    turns: Path | None = None,
    known: Mapping[str, Decision] = {},
) -> tuple[tuple[MatchupResult, ...], tuple[Side, Side]]:
    """Measure launch pairs of two revisions until every matchup is decided, and return what came out of which sides.

    A case whose sides read the same code is unchanged without measuring; `known` is as `live.measure_pairs` takes it.

    Raises:
        UsageError: no such repository or revision; a side cannot be built, or lacks the case.
        UnsupportedError, IncompleteError: as `live.measure_pairs`.
    """
    with stoppable(), contextlib.ExitStack() as stack:
        repository = revisions.repository
        both = [stack.enter_context(checked_out(repository, it)) for it in (revisions.base, revisions.contender)]
        both = _with_package(matchups, both)
        if revisions.install:
            both = [stack.enter_context(installed(side)) for side in both]
        sides = (both[0], both[1])
        if not binaries_differ(repository, revisions.base, revisions.contender):
            terms = msgspec.structs.replace(terms, equal_code=EqualCode.UNCHANGED)
        return live.measure_pairs(matchups, sides, terms, on_pair=on_pair, output=turns, known=known), sides


def installation(models: Sequence[str]) -> Side:
    """Return the side that is this installation, or the working folder for a user's own models.

    Raises:
        UsageError: some are a user's own, and some are not.
    """
    own = [name for name in models if is_of_revision(name)]
    if own and len(own) < len(models):
        raise UsageError(f"--models: '{own[0]}' is of your own code, others are not; calibrate one kind at a time.")
    return Side(label="this installation", root=str(Path.cwd() if own else HOME))


def _with_package(matchups: Sequence[Matchup], sides: Sequence[Side]) -> list[Side]:
    """Say where `import resnet_bench` leads on both sides: to the revisions where one of them has it.

    Raises:
        UsageError: the repository is another project's, and a model is none of its own, so that nothing would differ.
    """
    if any(_provides_package(Path(side.root)) for side in sides):
        return list(sides)
    for matchup in matchups:
        same = sides[0].root != sides[1].root and matchup.baseline == matchup.contender
        if same and not is_of_revision(matchup.baseline.model):
            raise UsageError(
                f"'{matchup.baseline.model}' is no model of this repository: both sides would be the same installed "
                "code. Name one of its own: --models package.module:callable."
            )
    return [msgspec.structs.replace(side, package=PackageFrom.ENVIRONMENT) for side in sides]


def is_of_revision(model: str) -> bool:
    """Say whether a model's code is named by its module, which a revision can have."""
    return specs.is_external(model) and model.partition(":")[0] not in specs.INSTALLED_PACKAGES


def _provides_package(root: Path) -> bool:
    return any((root / layout / PACKAGE / "__init__.py").is_file() for layout in _LAYOUTS)
