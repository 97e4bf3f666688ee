"""How many processes the kernel killed for want of memory: what tells such a death from any other SIGKILL."""

import contextlib
from pathlib import Path

CONTROL_GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def count(groups: Path = CONTROL_GROUPS, own: Path = OWN_GROUPS) -> int:
    """Return how many processes of this control group the kernel killed so far."""
    kills = 0
    for path in _counters(groups, own):
        with contextlib.suppress(OSError):
            fields = (line.split() for line in path.read_text().splitlines())
            kills += sum(int(field[1]) for field in fields if field[0] == "oom_kill")
    return kills


def _counters(groups: Path, own: Path) -> set[Path]:
    """Return where the kernel may count them: in this process's own group, which many containers see as the root."""
    found = {groups / "memory.events", groups / "memory" / "memory.oom_control"}
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            _, controllers, group = line.split(":", 2)  # cgroups(7); version 2 names no controllers
            if not controllers:
                found.add(groups / group.lstrip("/") / "memory.events")
            elif "memory" in controllers.split(","):
                found.add(groups / "memory" / group.lstrip("/") / "memory.oom_control")
    return found
