"""THE table of launchers: a new one is a file beside this one and a row here."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import msgspec

from resnet_bench.errors import UsageError, nearest
from resnet_bench.records import Machine
from resnet_bench.runner.launchers.command import CommandLauncher
from resnet_bench.runner.launchers.fleet import Fleet
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.runner.launchers.ray import RayLauncher
from resnet_bench.runner.launchers.slurm import SlurmLauncher
from resnet_bench.runner.launchers.ssh import SshLauncher
from resnet_bench.words import either

DEFAULT = "local"


@dataclass(frozen=True, slots=True)
class LauncherFacts:
    """What there is to know of a launcher.

    Attributes:
        start: makes one for a machine.
        place: the field of `Machine` that the flag gives, as in `--launcher ssh:HOST`; empty where it takes none.
        of_place: makes that field's value of the text.
        needs: the field that must be given.
        takes: the fields that a `[[machine]]` table may give beside those that all take; none where it has no table.
        slots: whether several launches may run at once.
    """

    start: Callable[[Machine], Launcher]
    place: str = ""
    of_place: Callable[[str], Any] = str
    needs: str = ""
    takes: tuple[str, ...] = ()
    slots: bool = False


LAUNCHERS: dict[str, LauncherFacts] = {
    DEFAULT: LauncherFacts(lambda _: LocalLauncher()),
    "ssh": LauncherFacts(SshLauncher, place="host", needs="host", takes=("host", "options")),
    "slurm": LauncherFacts(SlurmLauncher, place="constraint", takes=("constraint", "gres", "options"), slots=True),
    "ray": LauncherFacts(
        RayLauncher,
        place="resources",
        of_place=lambda name: {name: 1},
        takes=("resources", "labels", "address"),
        slots=True,
    ),
    "command": LauncherFacts(CommandLauncher, needs="command", takes=("command",)),
}
_OWN_FIELDS = tuple(dict.fromkeys(field for it in LAUNCHERS.values() for field in it.takes))
# What cases are called by, and what a shell takes as it stands.
_NAME = re.compile(r"[\w.@:+-]{1,64}")


def known(name: str, where: str) -> LauncherFacts:
    """Return the facts of a launcher.

    Raises:
        UsageError: there is none of that name, with the nearest one.
    """
    if name not in LAUNCHERS:
        raise UsageError(f"{where} '{name}': expected one of {', '.join(LAUNCHERS)}.{nearest(name, LAUNCHERS)}")
    return LAUNCHERS[name]


def launcher(text: str = "", machines: Sequence[Machine] = ()) -> Launcher | Fleet:
    """Return what starts processes.

    Args:
        text: "local", "ssh:HOST,HOST", "slurm" or "slurm:CONSTRAINT,CONSTRAINT", "ray" or "ray:RESOURCE,RESOURCE";
            a name alone chooses among `machines`, where there are some, and so does the name of one of them.
        machines: what a suite, or a run to be resumed, describes.

    Raises:
        UsageError: there is no such launcher, or it lacks or has no use for what is said of it.
    """
    name, _, said = text.partition(":")
    called = [it for it in machines if it.name == text and text not in LAUNCHERS]
    if called:
        check(called, "--launcher")
        return Fleet([LAUNCHERS[it.launcher].start(it) for it in called])  # type: ignore[misc] # `check` saw to that
    facts = known(name or DEFAULT, "--launcher")
    if not facts.takes and (name or not machines):
        return facts.start(_place(name or DEFAULT, facts, said))
    if said:
        places = [place.strip() for place in said.split(",")]
        if not all(places):
            raise UsageError(f"--launcher {text}: {facts.place} {places.index('') + 1} of {len(places)} is empty.")
        machines = tuple(_place(name, facts, place) for place in places)
    elif name:
        machines = [it for it in machines if it.launcher == name] or [_place(name, facts, "")]
    check(machines, "--launcher" if name else "[[machine]]")
    return Fleet([LAUNCHERS[it.launcher].start(it) for it in machines])  # type: ignore[misc] # `check` saw to that


@contextmanager
def opened(text: str = "", machines: Sequence[Machine] = ()) -> Iterator[Launcher]:
    """Give what `launcher` returns, and let go of what it holds on other machines after that.

    Raises:
        UsageError: as `launcher`.
    """
    starter = launcher(text, machines)
    with starter if isinstance(starter, Fleet) else nullcontext(starter) as started:
        yield started


def check(machines: Sequence[Machine], where: str) -> None:
    """Refuse machines that their launchers cannot have.

    Raises:
        UsageError: with what is wrong of which.
    """
    names = [it.name for it in machines]
    for machine in machines:
        facts, said = known(machine.launcher, f"{where}: launcher"), f"{where}: machine '{machine.name}'"
        if not facts.takes:
            may = either([name for name, it in LAUNCHERS.items() if it.takes])
            raise UsageError(f"{said}: launcher '{machine.launcher}' is this machine alone; expected {may}.")
        if names.count(machine.name) > 1:
            raise UsageError(f"{said} is there twice; give each a name of its own.")
        if not _NAME.fullmatch(machine.name):
            raise UsageError(f"{said}: expected a name of at most 64 letters, digits and . _ - + @ :.")
        for field in _OWN_FIELDS:
            given = getattr(machine, field)
            if given and field not in facts.takes:
                raise UsageError(f"{said}: launcher '{machine.launcher}' has no {field}.")
            if not given and facts.needs == field:
                raise UsageError(f"{said}: launcher '{machine.launcher}' needs its {field}.")
            if isinstance(given, str) and given.startswith("-"):
                raise UsageError(f"{said}: {field} = '{given}' would be read as an option.")
        if machine.slots > 1 and not facts.slots:
            raise UsageError(
                f"{said}: slots = {machine.slots}: launcher '{machine.launcher}' runs one launch at a time."
            )
    refuse_one_host_twice([(it, it.device) for it in machines], where)


def refuse_one_host_twice(machines: Iterable[tuple[Machine, str]], where: str) -> None:
    """Refuse two machines that are one device of one host: their launches would share it, or wait for each other.

    Raises:
        UsageError: with their names.
    """
    seen: dict[tuple[object, ...], str] = {}
    for it, device in machines:
        other = seen.setdefault((it.host, it.options, device), it.name) if it.host else it.name
        if other != it.name:
            on = f"device {device} of host" if device else "host"
            raise UsageError(
                f"{where}: machine '{it.name}' is {on} '{it.host}', which machine '{other}' is already; leave one out, "
                "or give each a device of its own."
            )


def _place(name: str, facts: LauncherFacts, place: str) -> Machine:
    if place and not facts.place:
        raise UsageError(f"--launcher {name}:{place}: launcher '{name}' takes nothing after a colon.")
    machine = Machine(name=place or name, launcher=name)
    return msgspec.structs.replace(machine, **{facts.place: facts.of_place(place)}) if place else machine
