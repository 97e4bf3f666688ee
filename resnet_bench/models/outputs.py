"""What a model returns, opened: tensors stand in tuples, lists, dicts and data classes, and classes made of these."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from torch.utils._pytree import tree_leaves

from resnet_bench.errors import UnsupportedError


def leaves(output: Any) -> Iterator[Any]:
    """Yield what an output holds, in its order; torch's own trees know no data classes and no classes of one's own."""
    for leaf in tree_leaves(output):
        held = _held(leaf)
        if held is None:
            yield leaf
        else:
            yield from leaves(held)


def refuse_unrun(output: Any) -> None:
    """Refuse an output that computes what it holds only when it is asked for it.

    Raises:
        UnsupportedError: it is a generator or another iterator.
    """
    if isinstance(output, Iterator):
        raise UnsupportedError(
            f"the model returns a {type(output).__name__}, of which nothing has run; let it return a list of its items."
        )


def _held(leaf: Any) -> list[Any] | None:
    if isinstance(leaf, Mapping):
        return list(leaf.values())
    if isinstance(leaf, list | tuple):
        return list(leaf)
    if dataclasses.is_dataclass(leaf) and not isinstance(leaf, type):
        return [getattr(leaf, field.name) for field in dataclasses.fields(leaf)]
    return None
