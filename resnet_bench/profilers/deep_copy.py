"""A deep copy of whatever a module holds; what cannot be copied in it (a lock, a file, a generator) is shared.

Only that itself: what holds a lock beside tensors is copied, and the copy's lock is the original's.
"""

import copy
from collections.abc import Iterator
from types import ModuleType
from typing import Any, TypeVar

from torch import nn

Memo = dict[int, Any]
_Copied = TypeVar("_Copied")


def copied(value: _Copied, memo: Memo) -> _Copied:
    """Return a deep copy of `value`; `memo` has, by their numbers, what was copied before, and then this too.

    Raises:
        Exception: what a part raises that is a module, or `value` itself: those are never shared.
    """
    while True:
        try:
            return _attempt(value, memo)
        except Exception:
            refusing = list(_refusing(value, memo, set()))
            if not refusing or any(part is value or isinstance(part, nn.Module) for part in refusing):
                raise
            memo.update({id(part): part for part in refusing})


def _refusing(value: Any, memo: Memo, seen: set[int]) -> Iterator[Any]:
    """Yield the smallest parts that cannot be copied: everything in them can."""
    if id(value) in seen:
        return
    seen.add(id(value))
    failing = [part for part in _parts(value) if not _copies(part, memo)]
    if not failing:
        yield value
    for part in failing:
        yield from _refusing(part, memo, seen)


def _copies(value: Any, memo: Memo) -> bool:
    try:
        copy.deepcopy(value, dict(memo))
    except Exception:  # noqa: BLE001 - whatever its own way to be copied raises
        return False
    return True


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from list(value.keys())
        yield from list(value.values())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from list(value)
    elif not isinstance(value, ModuleType):  # its dict is a whole library
        yield from list(getattr(value, "__dict__", {}).values())
        slots = [getattr(kind, "__slots__", ()) for kind in type(value).__mro__]
        for name in (name for each in slots for name in ((each,) if isinstance(each, str) else each)):
            if hasattr(value, name):
                yield getattr(value, name)


def _attempt(value: _Copied, memo: Memo) -> _Copied:
    """Copy with a memo that is kept only where all went well: a copy that failed leaves half-made objects in it."""
    trial = dict(memo)
    made = copy.deepcopy(value, trial)
    alive = trial.pop(id(trial), [])  # originals, under the trial's own number, which another object may have next
    memo.update(trial)
    memo.setdefault(id(memo), []).extend(alive)
    return made
