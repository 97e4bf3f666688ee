"""`history`: series across commits from asv's results and from runs, with the commits that changed a level."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from resnet_bench import units
from resnet_bench.analysis.history import history
from resnet_bench.commands.output import destination, give
from resnet_bench.commands.ticker import Ticker
from resnet_bench.config import values
from resnet_bench.errors import ExitCode, StoreError, UsageError
from resnet_bench.git import order
from resnet_bench.git.order import Ordering
from resnet_bench.interop import asv_read
from resnet_bench.records import ChangeOutcome, History, HistorySeries, Run
from resnet_bench.report.documents import history as pages
from resnet_bench.report.history_words import Move, short
from resnet_bench.report.renderers import Format
from resnet_bench.storage import run_directory
from resnet_bench.words import counted, say

DEFAULT_RESULTS = Path(".asv/results")
DEFAULT_RUNS = Path("reports")
_NAMED = 5


class FailOnChange(StrEnum):
    """Which moves end with exit code 1."""

    REGRESSED = "regressed"
    SUSPECTED = "suspected"
    CHANGED = "changed"


def history_command(
    *runs: Path,
    asv_results_dir: Annotated[Path | None, Parameter(name="--asv-results")] = None,
    machine: str = "",
    benchmark: str = "",
    min_change: str = "3 %",
    fail_on: FailOnChange | None = None,
    since: str | None = None,
    repository: Path = Path(),
    branch: str = "HEAD",
    format: Format | None = None,  # noqa: A002 - the flag's name
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Show how measurements moved from commit to commit, and which commits moved them.

    Without arguments it reads .asv/results and the runs in reports. Exit code 1 where --fail-on finds a change that
    still stands, 3 where a benchmark failed at the newest commit or none after --since was measured, else 0.

    Args:
        runs: run directories, or folders of them.
        asv_results_dir: asv's results folder; read as it is, never rewritten.
        machine: only these machines of asv's, with commas.
        benchmark: only these benchmarks of asv's, names or patterns such as 'latency.*', with commas.
        min_change: the smallest change of a measured level to report; of an exact metric every change is.
        fail_on: exit with 1 on such a change: regressed and not repaired; suspected of it at the newest commits, or
            regressed; or any changed.
        since: let --fail-on see only what changed after this revision.
        repository: the checkout that knows the order of commits.
        branch: the revision whose history counts.
        format: text, markdown, json, csv (every point), latex or html; by default what --output's suffix says.
        output: write it to this file; an .html file is a page of its own.
    """
    if since is not None and fail_on is None:
        raise UsageError("--since is of the gate; add --fail-on regressed.")
    to = destination(format, output)
    smallest = values.quantity(units.parse_percent, min_change, "--min-change")
    folders, loaded, notes = _sources(asv_results_dir, runs, chosen=bool(machine or benchmark))
    with Ticker() as ticker:
        chosen = {"machines": _names(machine, "--machine"), "benchmarks": _names(benchmark, "--benchmark")}
        results = [asv_read.read(it, **chosen, progress=ticker) for it in folders]
        found, ordering = history.build(
            results,
            loaded,
            sources=[str(it) for it in (*folders, *runs)] or ["reports"],
            repository=repository,
            branch=branch,
            min_change=smallest,
            notes=notes,
            progress=ticker,
        )
    give(pages.document(found), to)
    return 0 if fail_on is None else _judge(found, fail_on, first=_first(ordering, since, repository, branch))


def _names(text: str, flag: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if text and not found:
        raise UsageError(f"{flag} '{text}' names none.")
    return found


def _sources(results: Path | None, runs: tuple[Path, ...], *, chosen: bool) -> tuple[list[Path], list[Run], list[str]]:
    """Return the results folders, the runs, and what was left out; without names, what lies where it usually does."""
    folders = [results] if results else []
    if not folders and not runs:
        folders = [DEFAULT_RESULTS] if any(DEFAULT_RESULTS.glob("*/*-*.json")) else []
        runs = (DEFAULT_RUNS,) if _run_directories(DEFAULT_RUNS) else ()
    if chosen and not folders:
        raise UsageError("--machine and --benchmark choose among asv's results; name their folder with --asv-results.")
    loaded: list[Run] = []
    refused: list[str] = []
    for path in runs:
        if run_directory.is_run(path):
            loaded.append(run_directory.load(path))
            continue
        inside = _run_directories(path)
        if not inside:
            asvs = "; asv's results go with --asv-results" if next(path.glob("*/machine.json"), None) else ""
            raise StoreError(
                f"{path} is neither a run directory nor a folder of them; expected {path}/*/run.json{asvs}."
            )
        for directory in inside:
            try:
                loaded.append(run_directory.load(directory))
            except StoreError as error:
                refused.append(str(error))
    if refused and not folders and not loaded:
        raise StoreError(f"none of {counted(len(refused), 'run')} can be read: {refused[0]}")
    if not folders and not loaded:
        raise UsageError(
            f"nothing to read: there is no {DEFAULT_RESULTS} and no run in {DEFAULT_RUNS} here; "
            "name runs, or asv's results folder with --asv-results."
        )
    return folders, loaded, _left_out(refused)


def _left_out(refused: list[str]) -> list[str]:
    were = "was" if len(refused) == 1 else "were"
    return [f"{counted(len(refused), 'run')} {were} left out: {' '.join(refused)}"] if refused else []


def _run_directories(folder: Path) -> list[Path]:
    return sorted(header.parent for header in folder.glob(f"*/{run_directory.HEADER_NAME}"))


def _first(ordering: Ordering, since: str | None, repository: Path, branch: str) -> int:
    if ordering.foreign:
        raise UsageError(
            "--fail-on: none of the measured commits is in this repository; a gate needs results of its own history."
        )
    return 0 if since is None else order.after(ordering, since, repository, branch=branch)


def _judge(found: History, fail_on: FailOnChange, *, first: int) -> int:
    """Return the gate's exit code, and say on standard error what it is about."""
    if failing := [(one, it) for one in found.series for it in _found(one, fail_on) if it.first_after >= first]:
        named = [
            " ".join(filter(None, (one.metric, one.case, "at", short(found, it.first_after))))
            for one, it in failing[:_NAMED]
        ]
        more = ", ..." if len(failing) > _NAMED else ""
        say(f"--fail-on {fail_on}: {counted(len(failing), 'change')}: {', '.join(named)}{more}")
        return ExitCode.FOUND
    if first >= len(found.commits):
        say("--since: no commit after it was measured, so there is nothing to judge.")
        return ExitCode.INCOMPLETE
    return ExitCode.INCOMPLETE if found.failing or found.unjudged else ExitCode.DONE


def _found(one: HistorySeries, fail_on: FailOnChange) -> list[Move]:
    """Return the moves of a series that the gate is about."""
    if fail_on is FailOnChange.CHANGED:
        return list(one.changes)
    standing: list[Move] = [
        it for it in one.changes if it.outcome is ChangeOutcome.REGRESSED and it.repaired_by is None
    ]
    if fail_on is FailOnChange.SUSPECTED and one.suspected and one.suspected.outcome is ChangeOutcome.REGRESSED:
        standing.append(one.suspected)
    return standing
