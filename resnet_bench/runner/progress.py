"""What a person sees while a sweep runs: a bar in a terminal or notebook, one plain line a launch elsewhere."""

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from resnet_bench import units
from resnet_bench.config.case_labels import label, labels
from resnet_bench.records import Case, Launch, Skip, Trial
from resnet_bench.runner import notebook
from resnet_bench.words import counted, logged, say


class Reporter(Protocol):
    """Hears of every launch that starts and ends."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...

    def started(self, case: Case, *, remaining_s: float) -> None:
        """Hear that a launch of `case` starts, with about `remaining_s` left for the whole run."""

    def ended(self, entry: Launch | Skip, *, case_is_done: bool) -> None:
        """Hear what came of it, and whether it was the last launch of its case."""

    def again(self, launch: Launch) -> None:
        """Hear that a launch was disturbed, and is made again after the others."""

    def say(self, line: str) -> None:
        """Show a line that is neither."""


class BarReporter:
    """A live bar with the case under way and an estimate of the time left."""

    def __init__(self, names: Mapping[Case, str], total: int) -> None:
        self._names = names
        self._total, self._again = total, 0
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: TaskID = self._progress.add_task("starting", total=total, left="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def started(self, case: Case, *, remaining_s: float) -> None:
        """Show the case and the time left."""
        left = time_left(remaining_s, self._again)
        self._progress.update(self._task, description=logged(self._names[case]), left=left)

    def ended(self, entry: Launch | Skip, *, case_is_done: bool) -> None:  # noqa: ARG002 - the bar shows launches
        """Move the bar on; a skip also leaves a line."""
        self._progress.advance(self._task)
        if isinstance(entry, Skip):
            self._progress.console.print(logged(outcome(entry, self._names[entry.case])), markup=False, highlight=False)

    def again(self, launch: Launch) -> None:  # noqa: ARG002 - the bar counts them
        """Make the bar longer, and count it beside the time left."""
        self._again += 1
        self._progress.update(self._task, total=self._total + self._again)

    def say(self, line: str) -> None:
        """Print above the bar."""
        self._progress.console.print(logged(line), markup=False, highlight=False)


class NotebookReporter:
    """The same bar in a notebook's cell, which keeps the skips."""

    def __init__(self, names: Mapping[Case, str], total: int) -> None:
        self._names = names
        self._cell = notebook.ProgressCell(total)
        self._again = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._cell.close()

    def started(self, case: Case, *, remaining_s: float) -> None:
        """Show the case and the time left."""
        self._cell.show(f"{self._names[case]}, {time_left(remaining_s, self._again)}")

    def ended(self, entry: Launch | Skip, *, case_is_done: bool) -> None:  # noqa: ARG002 - the bar shows launches
        """Move the bar on; a skip also leaves a line."""
        self._cell.advance()
        if isinstance(entry, Skip):
            self.say(outcome(entry, self._names[entry.case]))

    def again(self, launch: Launch) -> None:  # noqa: ARG002 - the bar counts them
        """Make the bar longer, and count it beside the time left."""
        self._again += 1
        self._cell.lengthen()

    def say(self, line: str) -> None:
        """Keep a line below the bar."""
        self._cell.say(line)


class LineReporter:
    """One plain line when a launch ends, with the time left, and one when its case is done: for logs."""

    def __init__(self, names: Mapping[Case, str], total: int) -> None:
        self._names = names
        self._total = total
        self._ended = 0
        self._left = ""
        self._done = 0
        self._latencies: dict[Case, list[float]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def started(self, case: Case, *, remaining_s: float) -> None:  # noqa: ARG002 - said when it ends
        """Keep the time left for the line of what came of it."""
        self._left = f", about {units.duration(remaining_s)} left"

    def ended(self, entry: Launch | Skip, *, case_is_done: bool) -> None:
        """Print a line; launches of a sweep are interleaved, and a case may be done only at its end."""
        self._ended += 1
        latencies = self._latencies.setdefault(entry.case, [])
        if isinstance(entry, Launch):
            latencies.append(_latency_s(entry))
        if case_is_done:
            self._done += 1
            self.say(f"[{self._done}/{len(self._names)}] {outcome(entry, self._names[entry.case], latencies)}")
        else:
            launch = f"launch {self._ended} of {self._total}{self._left}"
            self.say(f"{launch}: {outcome(entry, self._names[entry.case])}")

    def again(self, launch: Launch) -> None:
        """Count one launch more, and say why."""
        self._total += 1
        why = "; ".join(launch.contention.disturbances)
        self.say(f"{self._names[launch.case]}: disturbed ({why}); one more launch of it, after the others")

    def say(self, line: str) -> None:
        """Print to standard error at once."""
        say(line)


def warn(text: str) -> None:
    """Say something on standard error that stops nothing."""
    say(f"warning: {text}")


def once(warn: Callable[[str], None] = warn) -> Callable[[str], None]:
    """Return what warns of each thing once, however often a command meets it."""
    said: set[str] = set()

    def warn_anew(text: str) -> None:
        if text not in said:
            said.add(text)
            warn(text)

    return warn_anew


def reporter(cases: Sequence[Case], *, launches: int) -> Reporter:
    """Return the reporter of a run of these cases that fits where it runs."""
    names = labels(cases)
    if notebook.is_here():
        return NotebookReporter(names, launches)
    return BarReporter(names, launches) if sys.stderr.isatty() else LineReporter(names, launches)


def outcome(entry: Launch | Skip, name: str, latencies_s: Sequence[float] = ()) -> str:
    """Return one line for a case: the latency of its launches, or of this one, or why it was skipped."""
    if isinstance(entry, Skip):
        return f"{name}: skipped, {entry.reason.replace('_', ' ')}: {entry.detail}"
    seen = latencies_s or [_latency_s(entry)]
    count = f"{len(seen)} launch{'es' if len(seen) > 1 else ''}"
    return f"{name}: {units.milliseconds(statistics.median(seen))} ms a batch ({count})"


def time_left(seconds: float, again: int) -> str:
    """Return "about 2 min left", and how many launches are made again."""
    more = f", {again} disturbed and made again" if again else ""
    return f"about {units.duration(seconds)} left{more}"


def _latency_s(launch: Launch) -> float:
    return statistics.median(launch.isolated.iteration_s)


def tried(case: Case, trial: Trial) -> None:
    """Say what a trial of the search for batch sizes gave."""
    took = f"fits, {units.milliseconds(trial.iteration_s)} ms" if trial.fits else f"does not fit: {trial.detail}"
    say(f"search: {label(case)}: {took}")


def pairs_made(pairs: int, seconds: float) -> None:
    """Say how many launch pairs were made in that time."""
    say(f"{counted(pairs, 'launch pair')} after {units.duration(seconds)}")
