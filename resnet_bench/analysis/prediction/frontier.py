"""Which networks keep budgets, and which of those are worth measuring: no other one is both quicker and larger.

Larger in multiply-accumulates: of what fits a budget, the network that computes most for its time. What that is worth
in accuracy is not guessed.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from resnet_bench.analysis.budgets import Budget
from resnet_bench.analysis.prediction.space import Amounts

Kept = NDArray[np.bool_]


def keeping(amounts: Sequence[Amounts], budgets: Sequence[Budget], *, without: int | None = None) -> Kept:
    """Return which networks keep all budgets, but for one that is left out.

    Args:
        amounts: for each budget, one at least, what every network takes of it.
        budgets: the most of each.
        without: position of the one that is left out.
    """
    kept: Kept = np.ones(amounts[0].shape, dtype=np.bool_)
    for number, (found, budget) in enumerate(zip(amounts, budgets, strict=True)):
        if number != without:
            kept &= found <= budget.limit
    return kept


class Conflict(NamedTuple):
    """A budget that binds: the network that takes the least of it among those that keep the others, or among all.

    `network` is None where budgets contradict each other in larger sets only.
    """

    budget: int
    network: int | None
    beside_others: bool


def binding(amounts: Sequence[Amounts], budgets: Sequence[Budget]) -> list[Conflict]:
    """Return which budgets bind where no network keeps all of them: beside the others, or each by itself."""
    beside: list[Conflict] = []
    alone: list[Conflict] = []
    for number, (each, budget) in enumerate(zip(amounts, budgets, strict=True)):
        others = keeping(amounts, budgets, without=number)
        if others.any():
            beside.append(Conflict(number, int(np.where(others, each, np.inf).argmin()), beside_others=True))
        if each.min() > budget.limit:
            alone.append(Conflict(number, int(each.argmin()), beside_others=False))
    return beside or alone or [Conflict(number, None, beside_others=False) for number in range(len(budgets))]


def frontier(latency_s: Amounts, macs: Amounts, kept: Kept) -> list[int]:
    """Return the networks that no other is both as quick as and larger than, the quickest first."""
    order: NDArray[Any] = np.lexsort((-macs, latency_s))
    found: list[int] = []
    largest = 0.0
    for at in order:
        if kept[at] and macs[at] > largest:
            largest = float(macs[at])
            found.append(int(at))
    return found


def spread_out(found: Sequence[int], latency_s: Amounts, count: int) -> list[int]:
    """Return so many of a frontier at most: the slowest, and others at even ratios of latency."""
    if len(found) <= count:
        return list(found)
    logs = np.log(latency_s[list(found)])
    wanted = np.linspace(logs[0], logs[-1], count)
    places = dict.fromkeys(int(np.abs(logs - value).argmin()) for value in wanted)
    return [found[place] for place in places]
