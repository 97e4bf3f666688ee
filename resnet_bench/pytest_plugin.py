"""Fixtures for somebody else's test suite. Until one is used this imports pytest and the standard library alone.

`resnet_bench_profile` and `assert_cost_unchanged` are exact and run anywhere in milliseconds; `resnet_bench_check`
measures, is skipped unless --resnet-bench is given, and wants to be alone.
"""

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

_MARKER = "resnet_bench"
_MEASURES = "resnet_bench_check"
_FOLDER = "cost_snapshots"
_HELP = (
    "resnet_bench(baseline=None, against=None, limit='5 %', metric='latency_s', **options): defaults of "
    "resnet_bench_check; the test measures, and is skipped unless --resnet-bench is given."
)
_MEASURED = pytest.StashKey[list[Any]]()
_BEGAN = pytest.StashKey[float]()
_PROBLEM = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add three flags."""
    group = parser.getgroup("resnet-bench", "costs and speed of networks")
    group.addoption("--resnet-bench", action="store_true", help="run tests that measure; they want the machine alone")
    group.addoption("--resnet-bench-update", action="store_true", help="write the snapshots of assert_cost_unchanged")
    group.addoption("--resnet-bench-report", metavar="PATH", help="write a page of what was measured, such as x.html")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker, and refuse a page that could not be written."""
    config.addinivalue_line("markers", _HELP)
    config.stash[_MEASURED] = []
    config.stash[_BEGAN] = time.time()
    path = config.getoption("--resnet-bench-report")
    if path:
        from resnet_bench.api import check_page  # noqa: PLC0415 - only where a page is asked for
        from resnet_bench.errors import ResNetBenchError  # noqa: PLC0415

        try:
            check_page.refuse(Path(path))
        except ResNetBenchError as error:
            raise pytest.UsageError(f"--resnet-bench-report: {error}") from error


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what measures, in words, unless it was asked for and is alone."""
    why = _why_not_measured(config)
    for item in items:
        if why and (item.get_closest_marker(_MARKER) or _MEASURES in getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.skip(reason=why))


def _why_not_measured(config: pytest.Config) -> str:
    if not config.getoption("--resnet-bench"):
        return "it measures; give --resnet-bench to run it"
    workers: int = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        return (
            f"it measures, and {workers} workers share this machine: run it alone, with -n 0 "
            "(pytest -m resnet_bench --resnet-bench -n 0)"
        )
    return ""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page of what was measured, where one was asked for."""
    config = session.config
    path, found = config.getoption("--resnet-bench-report"), config.stash[_MEASURED]
    if path and found:
        from resnet_bench.api import check_page  # noqa: PLC0415 - only where there is something
        from resnet_bench.errors import ResNetBenchError  # noqa: PLC0415

        try:
            check_page.write(found, Path(path))
        except ResNetBenchError as error:
            config.stash[_PROBLEM] = str(error)
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say where the page is, or that there is nothing in it."""
    path = config.getoption("--resnet-bench-report")
    if not path:
        return
    page = Path(path)  # a worker of xdist may have written it
    written = page.is_file() and page.stat().st_mtime >= config.stash[_BEGAN] - _CLOCKS_DIFFER_S
    said = f"report: {path}" if written else f"{path} was not written: {config.stash.get(_PROBLEM, _NOTHING)}"
    terminalreporter.write_line(f"resnet-bench: {said}")


_CLOCKS_DIFFER_S = 1.0
_NOTHING = "nothing was measured"


@pytest.fixture
def resnet_bench_profile() -> Callable[..., Any]:
    """Return `resnet_bench.profile`: exact parameters, MACs, FLOPs, activations and memory of a model."""
    from resnet_bench.api import profile  # noqa: PLC0415

    return profile


@pytest.fixture
def assert_cost_unchanged(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return a function that holds a model's exact cost against a snapshot beside the test.

    It takes what `resnet_bench.profile` takes, and `name` where one test asks more than once.
    """
    from resnet_bench.analysis import cost_snapshot  # noqa: PLC0415
    from resnet_bench.api import profile  # noqa: PLC0415
    from resnet_bench.storage import files, reading  # noqa: PLC0415

    asked: set[Path] = set()

    def check(model: Any, *, name: str = "", **more: Any) -> Any:
        __tracebackhide__ = True
        found = profile(model, **more)
        path = _snapshot_path(request.node, name)
        if path in asked:
            pytest.fail(
                "this test asks twice: give each a name, assert_cost_unchanged(model, name='wide').", pytrace=False
            )
        asked.add(path)
        now = cost_snapshot.of_profile(found)
        if request.config.getoption("--resnet-bench-update"):
            files.make_folder_of(path)
            files.whole(path, cost_snapshot.to_text(now))
            return found
        shown = os.path.relpath(path, request.config.rootpath)
        if not path.exists():
            pytest.fail(f"{shown} is not there yet; pytest --resnet-bench-update writes it.", pytrace=False)
        try:
            before = cost_snapshot.from_text(reading.content(path).decode(), shown)
        except (OSError, ValueError) as error:
            pytest.fail(f"{shown}: {reading.why(error)}; pytest --resnet-bench-update writes it anew.", pytrace=False)
        changed = cost_snapshot.differences(before, now)
        if changed:
            told = "\n".join((f"the cost of {found.model} is not what {shown} says:", *changed, _MEANT))
            pytest.fail(told, pytrace=False)
        return found

    return check


_MEANT = "If that is meant: pytest --resnet-bench-update, and commit the file."


_LONGEST_NAME = 200  # file systems take 255 bytes


def _snapshot_path(node: pytest.Item, name: str) -> Path:
    """Return a file that no other test and no other question of this one has: all that sets them apart stays."""
    function, bracket, parameters = node.nodeid.partition("::")[2].partition("[")
    words = quote(function.replace("::", "."))
    words += f"-{quote(parameters.removesuffix(']'), safe='=+,')}" if bracket else ""
    words += f"@{quote(name, safe='=+,')}" if name else ""
    if len(words) > _LONGEST_NAME:
        words = f"{words[: _LONGEST_NAME - 13]}-{hashlib.sha256(words.encode()).hexdigest()[:12]}"
    return node.path.parent / _FOLDER / node.path.stem / f"{words}.tsv"


@pytest.fixture
def resnet_bench_check(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return a function that measures a model and fails the test where it got slower.

    `baseline="main"` holds it against a stored baseline of this machine, `against="HEAD~1"` measures both now; without
    either it only measures. Keywords of the marker are its defaults; it returns the run, or None against a revision.
    """
    from resnet_bench import api  # noqa: PLC0415
    from resnet_bench.api import checks  # noqa: PLC0415
    from resnet_bench.storage import baselines  # noqa: PLC0415

    marker = request.node.get_closest_marker(_MARKER)
    defaults = dict(marker.kwargs) if marker else {}
    root = request.config.rootpath

    def check(model: Any, **given: Any) -> Any:
        __tracebackhide__ = True
        options = {**defaults, **given}
        baseline, against = options.pop("baseline", None), options.pop("against", None)
        limit, metric = options.pop("limit", checks.LIMIT), options.pop("metric", checks.METRIC)
        if against is not None:
            checked = checks.against_revision(model, against, options, limit=limit, repository=root)
            request.config.stash[_MEASURED].append(checked.compared)
            _report(checked)
            return None
        run = api.run(model, **options)
        request.config.stash[_MEASURED].append(run)
        for skip in run.record.skips:
            pytest.fail(f"{skip.case.key} could not be measured: {skip.reason}: {skip.detail}", pytrace=False)
        if baseline is not None:
            where = root / baselines.DEFAULT_DIRECTORY
            _report(checks.against_baseline(run, baseline, limit=limit, metric=metric, baselines_dir=where))
        return run

    return check


def _report(checked: Any) -> None:
    __tracebackhide__ = True
    match checked.finding.value:
        case "elsewhere":
            pytest.skip(checked.text)
        case "failed" | "undecided":
            pytest.fail(checked.text, pytrace=False)
