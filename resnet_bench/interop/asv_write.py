"""A run as asv results (format 2) for its commit, so that asv's pages and tables show it beside asv's own.

More is worse in asv, so throughput becomes seconds per image: each metric's `asv` says how. Values are medians over
launches with our interval over launches (infinite below three); samples are all launches' in order. A case that the
run has not is NaN, asv's word for skipped. Exporting again replaces the run's cases and leaves others. asv may rewrite
benchmarks.json: then export once more.
"""

import itertools
import json
import math
import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from resnet_bench.analysis.metrics import EXACT_METRICS, METRICS, NOISY_METRICS
from resnet_bench.analysis.stats import center_interval, percentiles
from resnet_bench.errors import StoreError
from resnet_bench.machine.devices import is_accelerator
from resnet_bench.records import Case, Environment, Run
from resnet_bench.records.asv import EXPORTED, MOST_CASES
from resnet_bench.records.plan import ALWAYS_SAID
from resnet_bench.storage import files, outputs, reading
from resnet_bench.storage.dates import seconds

RESULTS = Path(".asv/results")
MACHINE_FILE = ".asv-machine.json"
_COLUMNS = (
    *("result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b"),
    *("stats_q_25", "stats_q_75", "stats_number", "stats_repeat", "samples", "profile"),
)
_CELLS = ("result", *_COLUMNS[5:12])
# What every release exported. Another number of parameters would be another benchmark to asv, whose history ends there:
# an axis that came later stands beside the model's name, where it says something.
_AXES = ALWAYS_SAID
_UNITS = {f"{EXPORTED}{metric.asv.name}": metric.asv.unit for metric in METRICS}
_VERSION = "1"

Combination = tuple[str, ...]
Cells = dict[str, Any]


class Exported(NamedTuple):
    """What was written: result files, and how many values stand in them."""

    paths: tuple[Path, ...]
    values: int


def machine_record(environment: Environment) -> dict[str, str]:
    """Return asv's description of a machine, with what tells GPU machines apart beside its own fields."""
    identity, name = environment.identity, files.name_of(environment.state.hostname)
    system, _, architecture = identity.system.partition(" ")
    return {
        "machine": name,
        "os": system,
        "arch": architecture,
        "cpu": identity.cpu_name,
        "num_cpu": str(identity.logical_cores),
        "ram": str(environment.memory_bytes),
        "gpu": identity.device_name if is_accelerator(identity.device) else "none",
        "driver": identity.driver or "none",
        "cuda": identity.cuda or "none",
        "torch": identity.torch,
    }


def write_machine(environment: Environment, home: Path) -> Path:
    """Write this machine into asv's list of machines, beside those that stand there, and return the list's path.

    Raises:
        StoreError: the list is no JSON of asv's format 1, or cannot be written.
    """
    path = home / MACHINE_FILE
    known = _read(path) if path.exists() else {}
    if known.pop("version", 1) != 1:
        raise StoreError(f"{path} is not in asv's format 1; move it away and try again.")
    record = machine_record(environment)
    _write(path, known | {record["machine"]: record, "version": 1}, indent=4)
    return path


def export(run: Run, results: Path) -> Exported:
    """Write a run into an asv results folder.

    Raises:
        StoreError: the run has no commit or had uncommitted changes, or the folder cannot be read or written.
    """
    commit = run.header.commit
    if commit is None or commit.dirty:
        why = "had uncommitted changes" if commit else "was made outside a git checkout"
        raise StoreError(f"run {run.name} {why}: asv results belong to a commit; measure a clean checkout.")
    found = [_export_machine(run, environment, results) for environment in run.header.environments]
    entries: dict[str, list[Combination]] = {}
    for _, cells in found:
        for benchmark, by_case in cells.items():
            entries.setdefault(benchmark, []).extend(by_case)
    if not entries:
        raise StoreError(f"run {run.name} has no measured case to export.")
    _merge_benchmarks(results / "benchmarks.json", entries)
    values = sum(len(by_case) for _, cells in found for by_case in cells.values())
    return Exported(tuple(path for path, cells in found if cells), values)


def _export_machine(
    run: Run, environment: Environment, results: Path
) -> tuple[Path, dict[str, dict[Combination, Cells]]]:
    commit = run.header.commit
    if commit is None:  # for the type checker
        raise ValueError("a run without a commit")
    record = machine_record(environment)
    python = ".".join(environment.identity.python.split(".")[:2])
    name = files.name_of(f"resnet-bench-py{python}-torch{environment.identity.torch}")
    if is_accelerator(environment.identity.device):  # a joined run may have both of one host, and a file has one record
        name += f"-{files.name_of(environment.identity.device)}"
    path = results / record["machine"] / f"{files.name_of(commit.revision[:8])}-{name}.json"
    cells = dict(_cells(run, environment.id))
    if not cells:
        return path, {}
    rows = _read(path).get("results", {}) if path.exists() else {}
    started = _milliseconds(run.header.created_at)
    try:
        known = {benchmark: _known(rows.get(benchmark)) for benchmark in cells}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise StoreError(f"{path} is not an export with these axes; move it away and export again.") from error
    for benchmark, by_case in cells.items():
        rows[benchmark] = _row(known[benchmark] | by_case, started)
    content = {
        "commit_hash": commit.revision,
        "env_name": name,
        "date": _milliseconds(commit.committed_at),
        "params": record | {"python": python},
        "python": python,
        "requirements": {"torch": environment.identity.torch},
        "env_vars": {},
        "result_columns": list(_COLUMNS),
        "results": rows,
        "durations": {},
        "version": 2,
    }
    _write(path, content)
    if not (path.parent / "machine.json").exists():
        _write(path.parent / "machine.json", record | {"version": 1}, indent=4)
    return path, cells


def _cells(run: Run, environment: str) -> Iterator[tuple[str, dict[Combination, Cells]]]:
    """Yield each benchmark's values by case, of the launches that one machine made."""
    measured = [
        (measurement, [it for it in measurement.launches if it.environment == environment])
        for measurement in run.measurements
    ]
    measured = [(measurement, launches) for measurement, launches in measured if launches]
    for metric in NOISY_METRICS:
        found = {}
        for measurement, launches in measured:
            timed = [metric.extract(one) for one in metric.replicates(launches)]
            samples = [[metric.asv.value(it) for it in values] for values in timed if values]
            if samples:
                found[_combination(measurement.case)] = _sampled(samples)
        if found:
            yield f"{EXPORTED}{metric.asv.name}", found
    for exact in EXACT_METRICS:
        counts = {
            _combination(it.case): _plain(count) for it, _ in measured if (count := exact.extract(it)) is not None
        }
        if counts:
            yield f"{EXPORTED}{exact.asv.name}", counts


def _combination(case: Case) -> Combination:
    """Return a case's axes as asv writes parameters: their repr."""
    return tuple(repr(value if isinstance(value, int) else str(value)) for value in _axis_values(case))


def _axis_values(case: Case) -> Iterator[object]:
    # Not the machine: it has a folder of its own, and a joined run's case is the one that it was before.
    later = ", ".join(case.words[axis] for axis in case.later if axis != "machine")
    named = msgspec.structs.replace(case, model=f"{case.model} ({later})") if later else case
    return (getattr(named, axis) for axis in _AXES)


def _sampled(launches: Sequence[Sequence[float]]) -> Cells:
    medians = [statistics.median(samples) for samples in launches]
    pooled = [value for samples in launches for value in samples]
    interval = center_interval(medians)
    low, high = percentiles(sorted(pooled), (25, 75))
    return {
        "result": statistics.median(medians),
        "stats_ci_99_a": interval.low if interval else -math.inf,
        "stats_ci_99_b": interval.high if interval else math.inf,
        "stats_q_25": low,
        "stats_q_75": high,
        "stats_number": 1,
        "stats_repeat": len(pooled),
        "samples": pooled,
    }


def _plain(value: float) -> Cells:
    return {"result": value}


def _known(row: Sequence[Any] | None) -> dict[Combination, Cells]:
    """Return the cells of a row that an earlier export wrote."""
    if row is None:
        return {}
    fields = dict(zip(_COLUMNS, row, strict=False))
    combinations = _combinations(fields["params"])
    columns = {name: fields.get(name) or [None] * len(combinations) for name in _CELLS}
    cells = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return {
        combination: cell
        for combination, cell in zip(combinations, cells, strict=True)
        if cell["result"] is not None and math.isfinite(cell["result"])
    }


def _combinations(params: Any) -> list[Combination]:
    """Return every combination of the values of our axes.

    Raises:
        ValueError: these are other axes, or so many values that no export wrote them.
    """
    axes = params if isinstance(params, list) and len(params) == len(_AXES) else []
    texts = all(isinstance(axis, list) and all(isinstance(it, str) for it in axis) for axis in axes)
    if not axes or not texts or math.prod(map(len, axes)) > MOST_CASES:
        raise ValueError("other axes")
    return list(itertools.product(*axes))


def _row(cells: Mapping[Combination, Cells], started: int) -> list[Any]:
    """Return the row of a benchmark: a value for each combination of its axes' values, its trailing nulls cut."""
    parameters = _axes(cells)
    every = list(itertools.product(*parameters))
    fields: dict[str, Any] = {"params": parameters, "version": _VERSION, "started_at": started, "duration": None}
    for name in _CELLS:
        absent = math.nan if name == "result" else None
        column = [cells[it].get(name) if it in cells else absent for it in every]
        fields[name] = None if all(value is None for value in column) else column
    row = [fields.get(column) for column in _COLUMNS]
    while row[-1] is None:
        row.pop()
    return row


def _axes(combinations: Sequence[Combination] | Mapping[Combination, Any]) -> list[list[str]]:
    """Return the values of each axis, numbers in rising order, names in order of appearance."""
    axes = (dict.fromkeys(values) for values in zip(*combinations, strict=True))
    return [sorted(axis, key=int) if all(it.isascii() and it.isdigit() for it in axis) else list(axis) for axis in axes]


def _described(params: Any) -> list[Combination]:
    """Return the combinations of a benchmark that stands in benchmarks.json; none where they are of other axes."""
    try:
        return _combinations(params)
    except ValueError:
        return []


def _merge_benchmarks(path: Path, entries: Mapping[str, Sequence[Combination]]) -> None:
    """Describe the exported benchmarks beside those that stand in benchmarks.json."""
    known = _read(path) if path.exists() else {}
    for name, combinations in entries.items():
        described = known.get(name)
        before = _described(described.get("params")) if isinstance(described, dict) else []
        known[name] = {
            "code": "",
            "name": name,
            "param_names": list(_AXES),
            "params": _axes([*before, *combinations]),
            "rounds": 1,
            "setup_cache_key": None,
            "timeout": 60.0,
            "type": "track",
            "unit": _UNITS[name],
            "version": _VERSION,
        }
    _write(path, known | {"version": 2}, indent=4)


def _milliseconds(moment: str) -> int:
    return int(seconds(moment) * 1000)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(reading.content(path))
    except (OSError, ValueError, RecursionError) as error:
        reason = reading.why(error) if isinstance(error, OSError) else f"broken JSON ({reading.why(error)})"
        raise StoreError(f"cannot read {path}: {reason}; mend it or move it away.") from error
    if not isinstance(content, dict):
        raise StoreError(f"{path} is not a JSON object; mend it or move it away.")
    return content


def _write(path: Path, content: Mapping[str, Any], *, indent: int | None = None) -> None:
    files.make_folder_of(path)
    if path.is_symlink():  # it may lead into a run
        outputs.check(Path(os.path.realpath(path)), ours=lambda _: True)
    files.whole(path, json.dumps(content, indent=indent))
