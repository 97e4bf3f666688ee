"""Operators as a runtime says that it ran them: counted by kind, provider and type, and the MACs of products."""

import math
from collections.abc import Iterable, Sequence

import msgspec

from resnet_bench.records import RanOperators


def counted(operators: Iterable[RanOperators]) -> tuple[RanOperators, ...]:
    """Return them with counts and MACs added up, by kind, provider and type."""
    found: dict[tuple[str, str, str], RanOperators] = {}
    for it in operators:
        key = (it.operator, it.provider, it.dtype)
        known = found.get(key)
        if known is not None:
            it = msgspec.structs.replace(it, count=known.count + it.count, macs=known.macs + it.macs)  # noqa: PLW2901
        found[key] = it
    return tuple(found[key] for key in sorted(found))


def convolution_macs(weights: Sequence[int], output: Sequence[int]) -> int:
    """Return the MACs of a convolution: of each output as many as a channel has weights, its groups' own apart.

    Args:
        weights: (out, in / groups, ...), or (groups, out / groups, in / groups, ...) with one dimension more.
        output: (N, out, ...).
    """
    return math.prod(output) * math.prod(weights[1 + len(weights) - len(output) :])


def product_macs(taken: Sequence[int], output: Sequence[int]) -> int:
    """Return the MACs of a product of matrices: of each output as many as a row of the first one is long."""
    return math.prod(output) * taken[-1]
