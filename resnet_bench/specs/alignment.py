"""Static layers and the module calls of a running network, put side by side by name and order.

A static layer that no module call carries is an operator (a residual sum); it runs in the gap before the next call.
"""

from collections.abc import Sequence
from typing import NamedTuple

from resnet_bench.records import Layer


class Alignment(NamedTuple):
    """Positions among the static layers.

    `calls` has one for each call, None where nothing was counted (an identity); `gaps` those of the operators before
    each call, and after the last; `not_run` those of modules that were counted and not called.
    """

    calls: tuple[int | None, ...]
    gaps: tuple[tuple[int, ...], ...]
    not_run: tuple[int, ...]


def align(names: Sequence[str], layers: Sequence[Layer]) -> Alignment:
    """Align the names of calls, in the order they ran, with static layers in theirs."""
    modules = frozenset(names)
    calls: list[int | None] = []
    gaps: list[list[int]] = [[] for _ in range(len(names) + 1)]
    not_run: list[int] = []
    at = 0

    def skip(until: int, gap: int) -> None:
        for position in range(at, until):
            (not_run if layers[position].name in modules else gaps[gap]).append(position)

    for index, name in enumerate(names):
        ahead = next((position for position in range(at, len(layers)) if layers[position].name == name), None)
        calls.append(ahead)
        if ahead is not None:
            skip(ahead, index)
            at = ahead + 1
    skip(len(layers), len(names))
    return Alignment(tuple(calls), tuple(map(tuple, gaps)), tuple(not_run))
