"""What a case is called where people read it, from the table of axes."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from resnet_bench.config.axes import AXES, BY_NAME, default
from resnet_bench.records import Case


def label(case: Case, *, varied: Iterable[str] = ()) -> str:
    """Return a case as a person says it: what is always said, what is not at its default, and the axes that vary."""
    shown, device = [], BY_NAME["device"]
    for axis in AXES:
        value = getattr(case, axis.name)
        usual = default(axis)
        if axis is not device and (
            axis.said or usual not in {None, value} or (axis.name in varied and axis.of_machine)
        ):
            shown.append(axis)
    first = [axis for axis in shown if not axis.of_machine]
    last = [axis for axis in shown if axis.of_machine]
    words = " ".join(axis.words(getattr(case, axis.name)) for axis in sorted(first, key=lambda axis: not axis.said))
    told = [f"{words} on {case.device}", *(axis.words(getattr(case, axis.name)) for axis in last)]
    return ", ".join(filter(None, told))


def labels(cases: Sequence[Case]) -> dict[Case, str]:
    """Return the label of each case; no two are alike."""
    varied = [axis.name for axis in AXES if len({getattr(case, axis.name) for case in cases}) > 1]
    several = len({case.machine for case in cases}) > 1
    return {case: (f"{case.machine}: " if several else "") + label(case, varied=varied) for case in cases}


def label_of_pair(left: Case, right: Case) -> str:
    """Return two cases as a person says them: what they share, and how they differ."""
    differing = [axis for axis in AXES if getattr(left, axis.name) != getattr(right, axis.name)]
    if any(axis.said for axis in differing):
        return f"{label(left)} against {label(right)}"
    plain: dict[str, Any] = {axis.name: usual for axis in differing if (usual := default(axis)) is not None}
    ours, theirs = (" ".join(axis.words(getattr(case, axis.name)) for axis in differing) for case in (left, right))
    return label(msgspec.structs.replace(left, **plain)) + (f": {ours} against {theirs}" if differing else "")
