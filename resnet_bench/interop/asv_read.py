"""asv's results (format 2) as they lie in a results folder: read, never rewritten.

`<folder>/<machine>/<commit>-<environment>.json`, a machine.json beside them and a benchmarks.json above. JSON with
`NaN` (skipped) and bare `Infinity`; null is a failure. Rows are aligned with `result_columns` and cut after their last
value. A file that cannot be read is left out, counted and named. asv promises no stability; a contract test holds it.
"""

import itertools
import json
import math
import re
import statistics
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from resnet_bench.analysis.history.progress import Progress, silent
from resnet_bench.analysis.stats import center_interval
from resnet_bench.errors import StoreError, UsageError, nearest
from resnet_bench.records.asv import MOST_CASES, AsvFile, AsvResults, AsvRow, AsvValue
from resnet_bench.storage import reading
from resnet_bench.words import counted

FORMAT = 2
_BESIDE_RESULTS = frozenset({"machine.json", "benchmarks.json"})
# Describe a machine but change without it: a kernel update, a few bytes of memory more or less.
_NOT_IDENTITY = frozenset({"machine", "os", "ram"})
_UNITS = {"time": "seconds", "timeraw": "seconds", "mem": "bytes", "peakmem": "bytes"}
_UPDATE = "run `asv update` on a copy, beside an asv.conf.json whose results_dir is that copy"
_NAMED = 10
# What JSON of another origin can raise on the way to a result.
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
_REVISION = re.compile(r"[0-9a-fA-F]{7,64}")
_LAST_DATE = 253_402_300_799  # of the year 9999


def read(
    directory: Path,
    *,
    machines: Collection[str] = (),
    benchmarks: Collection[str] = (),
    progress: Progress = silent,
) -> AsvResults:
    """Read a results folder.

    Args:
        directory: asv's `results_dir`, or one machine's folder in it.
        machines: names to read; all without one.
        benchmarks: names or patterns (`latency.*`) to read; all without one.
        progress: hears how many files were read.

    Raises:
        StoreError: the folder is not there or nothing in it can be read.
        UsageError: an unknown machine or benchmark.
    """
    paths = _result_paths(directory)
    here = sorted({_folder(path) for path in paths})
    for name in machines:
        if name not in here:
            raise UsageError(f"{directory} has no machine '{name}'.{nearest(name, here)} Machines: {', '.join(here)}.")
    paths = [path for path in paths if not machines or _folder(path) in machines]
    about, notes = _read_benchmarks(directory)
    files, refused = [], []
    for number, path in enumerate(paths):
        progress(f"read {number:,} of {counted(len(paths), 'file')} in {directory}")
        try:
            files.append(_read_file(path, about))
        except _UNREADABLE as error:
            refused.append((path, _why(error)))
    if not files:
        path, why = refused[0]
        raise StoreError(f"{directory}: none of {len(refused)} result files can be read; {path.name}: {why}.")
    if refused:
        named = "; ".join(f"{_folder(path)}/{path.name}: {why}" for path, why in refused[:_NAMED])
        more = f"; and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
        notes.append(f"{len(refused)} of {len(paths)} result files were left out: {named}{more}.")
    notes += _unread(files)
    lost = sorted({_folder(path) for path in paths if not (path.parent / "machine.json").exists()})
    if lost:
        notes.append(f"no machine.json for {', '.join(lost)}: asv itself leaves such folders out.")
    chosen = _chosen(files, benchmarks)
    units = {name: it["unit"] for name, it in about.items()}
    for name in {row.benchmark for file in chosen for row in file.rows}:
        units[name] = units.get(name) or _unit_from_name(name)
    return AsvResults(chosen, units, tuple(notes))


def _folder(path: Path) -> str:
    """Return the name of a result file's folder, its machine; of `.` too."""
    return path.parent.name or path.parent.resolve().name


def _unread(files: Sequence[AsvFile]) -> list[str]:
    """Say which benchmarks' rows were left out of files that were read otherwise."""
    found = [(file, name) for file in files for name in file.unread]
    if not found:
        return []
    named = "; ".join(f"{name} of {file.revision[:8]} on {file.machine}" for file, name in found[:_NAMED])
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    words = "result does not fit its" if len(found) == 1 else "results do not fit their"
    left = "was" if len(found) == 1 else "were"
    return [f"{len(found)} {words} own parameters and {left} left out: {named}{more}."]


def _result_paths(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise StoreError(f"{directory} is not a folder; expected asv's results_dir, as asv.conf.json names it.")
    found = (*directory.glob("*.json"), *directory.glob("*/*.json"))
    paths = sorted(path for path in found if path.name not in _BESIDE_RESULTS)
    paths = [path for path in paths if path.parent != directory or (directory / "machine.json").exists()]
    if not paths:
        raise StoreError(
            f"{directory} holds no asv results; expected <machine>/<commit>-<environment>.json files: run `asv run`."
        )
    return paths


def _read_benchmarks(directory: Path) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return unit and rounds of each benchmark, from the folder or the one above a machine's."""
    path = next((it for it in (directory, directory.parent) if (it / "benchmarks.json").is_file()), None)
    if path is None:
        return {}, [f"{directory} has no benchmarks.json: units are taken from the benchmarks' names."]
    try:
        content = _json(path / "benchmarks.json")
        return {
            name: {"unit": str(it.get("unit") or ""), "rounds": int(it.get("rounds") or 1)}
            for name, it in content.items()
            if isinstance(it, dict)
        }, []
    except _UNREADABLE as error:
        return {}, [f"{path / 'benchmarks.json'} cannot be read ({_why(error)}): units are taken from names."]


def _unit_from_name(benchmark: str) -> str:
    """Return the unit that asv gives a benchmark by the prefix of its function, empty for others."""
    return _UNITS.get(benchmark.rpartition(".")[2].partition("_")[0], "")


def _read_file(path: Path, about: dict[str, dict[str, Any]]) -> AsvFile:
    content = _json(path)
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - a reason to leave the file out, as the others
    if content.get("version") != FORMAT:
        raise ValueError(_wrong_format(content.get("version")))
    columns = content["result_columns"]
    rows = {name: _row(name, _fields(columns, row), about) for name, row in content["results"].items()}
    parameters = dict(content["params"])
    return AsvFile(
        revision=_revision(content["commit_hash"]),
        date=_date(content["date"]),
        machine=str(parameters.get("machine", _folder(path))),
        identity=_identity(content, parameters),
        rows=tuple(row for row in rows.values() if row is not None),
        unread=tuple(name for name, row in rows.items() if row is None),
    )


def _json(path: Path) -> Any:
    raw = reading.content(path)
    content = json.loads(raw)
    if b"\\ud" in raw or b"\\uD" in raw:  # half a surrogate pair is no text, and nothing could be written with it
        json.dumps(content, ensure_ascii=False).encode()
    return content


def _fields(columns: Sequence[str], row: object) -> dict[str, Any]:
    return dict(zip(columns, row, strict=False)) if isinstance(row, list) else {"result": row, "params": None}


def _revision(value: object) -> str:
    if not isinstance(value, str) or not _REVISION.fullmatch(value):
        raise ValueError("not an asv result: its commit_hash is not a revision")
    return value


def _date(milliseconds: float) -> int:
    seconds = int(milliseconds) // 1000
    if not 0 <= seconds <= _LAST_DATE:
        raise ValueError("not an asv result: its date is not a date")
    return seconds


def _wrong_format(version: object) -> str:
    if isinstance(version, int):
        advice = _UPDATE if version < FORMAT else "upgrade resnet-bench"
        return f"format {version}, this reads {FORMAT}: {advice}"
    return "not an asv result: it names no format"


def _identity(content: dict[str, Any], parameters: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what must agree for two commits' values to be joined: machine, Python, requirements, variables.

    An empty text and an absent key are one: asv writes '' for a requirement's latest version.
    """
    found = {name: _text(value) for name, value in parameters.items() if name not in _NOT_IDENTITY}
    found["python"] = _text(content.get("python"))
    requirements = content.get("requirements") or {}
    found |= {name: _text(value) for name, value in requirements.items()} if isinstance(requirements, dict) else {}
    found |= {f"env-{name}": _text(value) for name, value in (content.get("env_vars") or {}).items()}
    return tuple(sorted((name, text) for name, text in found.items() if text))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _row(name: str, fields: dict[str, Any], about: dict[str, dict[str, Any]]) -> AsvRow | None:
    parameters = tuple(tuple(map(str, axis)) for axis in fields.get("params") or ())
    results = fields.get("result")
    count = math.prod(len(axis) for axis in parameters)
    if count > MOST_CASES or (isinstance(results, list) and len(results) != count):
        return None
    cases = _cases(parameters)
    if results is None:  # every combination failed, or the build did
        values: tuple[AsvValue | None, ...] = (None,) * len(cases)
    elif not isinstance(results, list):
        return None
    else:
        none = [None] * len(cases)
        columns = [fields.get(column) or none for column in ("stats_ci_99_a", "stats_ci_99_b", "samples")]
        if any(len(column) != len(cases) for column in columns):
            return None
        lows, highs, samples = columns
        rounds = about.get(name, {}).get("rounds", 1)
        values = tuple(
            _value(result, low, high, sample, rounds)
            for result, low, high, sample in zip(results, lows, highs, samples, strict=True)
        )
    return AsvRow(name, str(fields.get("version") or ""), cases, values)


@lru_cache(maxsize=4096)
def _cases(parameters: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Return a label for each combination, in the order of the results: repr strings lose their quotes."""
    return tuple(", ".join(_unquoted(value) for value in combination) for combination in itertools.product(*parameters))


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _value(result: object, low: object, high: object, samples: object, rounds: int) -> AsvValue | None:
    if isinstance(result, bool) or not isinstance(result, int | float):
        return None
    if isinstance(samples, list) and rounds > 1 and len(samples) >= 2 * rounds and len(samples) % rounds == 0:
        return _of_launches(samples, rounds)
    return AsvValue(float(result), _finite(low), _finite(high))


def _of_launches(samples: Sequence[float], rounds: int) -> AsvValue:
    """Return the median over launches: rounds of one process each stand one after the other, equally long."""
    length = len(samples) // rounds
    medians = [statistics.median(samples[first : first + length]) for first in range(0, len(samples), length)]
    interval = center_interval(medians)
    return AsvValue(statistics.median(medians), interval.low if interval else None, interval.high if interval else None)


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _chosen(files: Sequence[AsvFile], patterns: Collection[str]) -> tuple[AsvFile, ...]:
    if not patterns:
        return tuple(files)
    names = sorted({row.benchmark for file in files for row in file.rows})
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise UsageError(
                f"no benchmark is called '{pattern}'.{nearest(pattern, names)} "
                "Expected a name as asv shows it, or a pattern such as 'latency.*'."
            )
    wanted = {name for name in names for pattern in patterns if fnmatchcase(name, pattern)}
    return tuple(file._replace(rows=tuple(_named(file.rows, wanted))) for file in files)


def _named(rows: Sequence[AsvRow], wanted: Collection[str]) -> Iterator[AsvRow]:
    return (row for row in rows if row.benchmark in wanted)


def _why(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return f"broken JSON at line {error.lineno}, column {error.colno}"
        case UnicodeError():
            why = "not UTF-8"
        case OSError():
            why = error.strerror or str(error)
        case KeyError():
            why = f"not an asv result: it has no {error.args[0]}"
        case ValueError():
            why = str(error)
        case RecursionError():
            why = "not an asv result: nested too deeply"
        case OverflowError():
            why = "not an asv result: a number without bounds"
        case _:
            why = "not an asv result: its fields have other types"
    return why
