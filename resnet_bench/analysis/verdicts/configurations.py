"""Two configurations, or two models, of runs held against each other: each side's cases, brought to one name.

A comparison pairs equal cases. Where the user says in what they differ ("model=resnet50" against "model=mine:net"),
the contender's cases are named as the baseline's for that, so that all else still has to be equal.
"""

from collections.abc import Mapping

import msgspec

from resnet_bench.config.axes import BY_NAME
from resnet_bench.config.axis import Value
from resnet_bench.errors import UsageError
from resnet_bench.records import Digest
from resnet_bench.words import listed

Changes = Mapping[str, Value]


def held_against(baseline: Digest, contender: Digest, changes: tuple[Changes, Changes]) -> tuple[Digest, Digest]:
    """Return the cases of both sides that have the values asked for, the contender's under the baseline's values.

    Args:
        baseline: one side.
        contender: the other; may be the same run.
        changes: axes with their values, of each side.

    Raises:
        UsageError: a side names an axis that the other does not, or has no case of that value.
    """
    alone = sorted(changes[0].keys() ^ changes[1].keys())
    if alone:
        raise UsageError(f"--case-a and --case-b must name the same axes; only one of them names {listed(alone)}.")
    left, right = (_only(side, values) for side, values in zip((baseline, contender), changes, strict=True))
    cases = tuple(
        msgspec.structs.replace(it, case=msgspec.structs.replace(it.case, **changes[0])) for it in right.cases
    )
    return left, msgspec.structs.replace(right, cases=cases)


def _only(side: Digest, values: Changes) -> Digest:
    """Return a side with the cases of these values alone, under a name that says so."""
    kept = tuple(it for it in side.cases if all(getattr(it.case, axis) == value for axis, value in values.items()))
    for axis, value in values.items():
        there = dict.fromkeys(getattr(it.case, axis) for it in side.cases)
        if value not in there:
            words = BY_NAME[axis].words
            raise UsageError(
                f"{side.name} has no case of {words(value)}; there {'is' if len(there) == 1 else 'are'} "
                f"{listed([words(it) for it in there], len(there))}."
            )
    said = ", ".join(BY_NAME[axis].words(value) for axis, value in values.items())
    return msgspec.structs.replace(
        side,
        name=f"{said} ({side.name})",
        runs=tuple(f"{run}: {said}" for run in side.runs),  # the same run on both sides is no comparison with itself
        merged=(),
        cases=kept,
        skips=tuple(it for it in side.skips if all(getattr(it.case, axis) == value for axis, value in values.items())),
        missing=tuple(it for it in side.missing if all(getattr(it, axis) == value for axis, value in values.items())),
    )
