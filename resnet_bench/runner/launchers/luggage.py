"""What processes take along from a Python session: where it imports from, and its models that are objects.

A context, so that no launcher has to know of it: `with_package` gives it to every process that is started inside.
"""

import contextlib
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path

from resnet_bench.specs.objects import OBJECTS_VARIABLE

_VARIABLES: ContextVar[Mapping[str, str]] = ContextVar("luggage", default={})  # noqa: B039 - never written to
_SEARCH_PATH: ContextVar[tuple[str, ...]] = ContextVar("search path", default=())


@contextlib.contextmanager
def taken_along(objects: Path) -> Iterator[None]:
    """Let processes that start inside import what this one can, and find the pickled models in `objects`."""
    variables = _VARIABLES.set({OBJECTS_VARIABLE: str(objects)})
    search_path = _SEARCH_PATH.set(_own_search_path())
    try:
        yield
    finally:
        _SEARCH_PATH.reset(search_path)
        _VARIABLES.reset(variables)


def variables() -> Mapping[str, str]:
    """Return the environment variables to set beside a child's own."""
    return _VARIABLES.get()


def search_path() -> tuple[str, ...]:
    """Return the folders to look for modules in, after those of PYTHONPATH."""
    return _SEARCH_PATH.get()


def _own_search_path() -> tuple[str, ...]:
    """Return where this process imports from beyond what every interpreter of this environment does."""
    shared = {str(Path(path)) for path in sysconfig.get_paths().values()}
    stdlib = Path(sysconfig.get_path("stdlib"))
    shared |= {str(stdlib / "lib-dynload"), str(stdlib.parent / f"{stdlib.name.replace('.', '')}.zip")}
    found = (entry or os.getcwd() for entry in sys.path)  # noqa: PTH109 - as sys.path spells it
    return tuple(dict.fromkeys(entry for entry in found if entry not in shared and Path(entry).exists()))
