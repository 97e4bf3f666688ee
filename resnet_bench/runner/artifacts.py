"""Where launches of a run share what their case is converted to, on this machine: made once, gone with the case."""

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from resnet_bench import scratch
from resnet_bench.executors import table as executors
from resnet_bench.records import Case
from resnet_bench.runner.launchers.fleet import Fleet
from resnet_bench.runner.launchers.launcher import Launcher


class Artifacts:
    """A folder for each case that is converted; without a root there is none, and each launch converts by itself."""

    def __init__(self, root: Path | None, cases: Sequence[Case]) -> None:
        self._root = root
        self._numbers = {case: number for number, case in enumerate(cases)}

    def folder(self, case: Case) -> str:
        """Return the folder of a case, "" where it has none: its launches do not share what they make."""
        if self._root is None or not is_converted(case):
            return ""
        own = self._root / str(self._numbers[case])
        with contextlib.suppress(OSError):
            own.mkdir(exist_ok=True)
        return str(own)

    def forget(self, case: Case) -> None:
        """Remove what a case was converted to."""
        if self._root is not None:
            shutil.rmtree(self._root / str(self._numbers[case]), ignore_errors=True)


@contextlib.contextmanager
def artifacts(launcher: Launcher, cases: Sequence[Case]) -> Iterator[Artifacts]:
    """Give the folders of a sweep's cases; those of other machines have theirs there, each launch its own."""
    with shared_root(() if isinstance(launcher, Fleet) else cases) as root:
        yield Artifacts(root, cases)


@contextlib.contextmanager
def shared_root(cases: Iterable[Case]) -> Iterator[Path | None]:
    """Give a folder for what cases are converted to, None where none of them is."""
    if not any(map(is_converted, cases)):
        yield None
        return
    with scratch.folder("artifacts") as root:
        yield root


def is_converted(case: Case) -> bool:
    """Say whether a case is measured as what it is converted to."""
    return executors.facts(case.executor).converts
