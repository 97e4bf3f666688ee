"""THE table of launchers: a new one is a file beside this one and a row here."""

from collections.abc import Callable

from resnet_bench.errors import UsageError, nearest
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.launchers.local import LocalLauncher

DEFAULT = "local"
LAUNCHERS: dict[str, Callable[[], Launcher]] = {DEFAULT: LocalLauncher}


def launcher(name: str = DEFAULT) -> Launcher:
    """Return the launcher of that name.

    Raises:
        UsageError: there is none, with the nearest name.
    """
    if name not in LAUNCHERS:
        known = ", ".join(LAUNCHERS)
        raise UsageError(f"--launcher '{name}': expected one of {known}.{nearest(name, LAUNCHERS)}")
    return LAUNCHERS[name]()
