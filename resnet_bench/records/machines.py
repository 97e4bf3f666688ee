"""Machines that an engine starts launches on, as a suite describes them."""

import msgspec

from resnet_bench.records.base import Record
from resnet_bench.records.bounds import Count, Duration, PositiveNumber


class Machine(Record, frozen=True, kw_only=True):
    """One `[[machine]]` of a suite; what its launcher has no use for is empty.

    `host` is ssh's; `constraint` and `gres` are Slurm's, as `srun` takes them; `resources` and `labels` are Ray's, of a
    node, and `address` is its cluster's; `command` is a prefix that starts a process elsewhere. `options` are further
    arguments of ssh or srun, `python` the interpreter there, `environment` the variables that a process gets there,
    `device` another one than the suite's. `slots` launches run at once, each on a node that it has for itself, and a
    launch waits `wait_s` for one at most.
    """

    name: str
    launcher: str
    host: str = ""
    constraint: str = ""
    gres: str = ""
    resources: dict[str, PositiveNumber] = msgspec.field(default_factory=dict)
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    address: str = ""
    command: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    python: str = ""
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    device: str = ""
    slots: Count = 1
    wait_s: Duration = 600.0


def case_names(machines: tuple[Machine, ...]) -> tuple[str, ...]:
    """Return what cases call each machine: its name, and nothing where it is the only one."""
    return tuple(it.name for it in machines) if len(machines) > 1 else ("",) * len(machines)
