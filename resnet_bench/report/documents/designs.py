"""Designs as a table, as tables of a suite file, and the command that measures the best: what `design` prints."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from resnet_bench.analysis.criteria import TIME, find_criterion
from resnet_bench.config.axes import AXES, unset
from resnet_bench.report.document import Document, Section
from resnet_bench.report.documents.predictions import error_line
from resnet_bench.report.rows import later
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.runner.designing import BindingBudget, Design, Designs
from resnet_bench.specs import Spec
from resnet_bench.words import counted, listed

SUITE_NAME = Path("design.toml")
# A design says these itself.
_OF_DESIGNS = frozenset({"model", "batch_size", "image_size", "input", "arguments", "weights"})


def document(found: Designs, suite: Path | None) -> Document:
    """Return the frontier; `suite` is the file that the best were written to, None where they were not."""
    asked = listed([str(budget) for budget in found.budgets], limit=8)
    return Document(
        title=f"{counted(len(found.designs), 'network')} under {asked}",
        kind="design",
        content=lambda: found,
        rows=later(Design, found.designs),
        sections=tuple(_sections(found, suite)),
    )


def suite_text(found: Designs) -> str:
    """Return a suite file that measures the best designs at the batch sizes of the budgets."""
    best = [design for design in found.designs if design.best]
    names = ", ".join(_toml(design.name) for design in best)
    sizes = ", ".join(map(str, found.batch_sizes))
    tables = "\n".join(models_table(design) for design in best)
    return f"[[sweep]]\nmodels = [{names}]\nbatch_sizes = [{sizes}]\n\n{tables}"


def models_table(design: Design) -> str:
    """Return a network as it is pasted into a suite file; what is at its default is left out."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(Spec)}
    said = {
        key: value for key, value in design.table.items() if key != "family" and value != defaults.get(key, object())
    }
    return "[[models]]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in said.items())


def _sections(found: Designs, suite: Path | None) -> Iterator[Section]:
    searched = f"{counted(found.searched, 'network')} searched, {found.keeping:,} within the budgets"
    lines = [f"{searched}; of those shown none is both quicker and larger in MACs than another one."]
    if not found.designs:
        lines = [f"{counted(found.searched, 'network')} searched, none within all budgets.", *map(_bound, found.bounds)]
    if found.unknown:
        lines.append(
            f"Left out, because nobody timed some of their layers: {listed(found.unknown, limit=4)}. "
            "Time them with --measure-missing."
        )
    predictions = [it for design in found.designs for it in design.predictions]
    lines += dict.fromkeys(error_line(it.model_error) for it in predictions)
    tables = (_table(found),) if found.designs else ()
    yield Section(id="designs", title="", tables=tables, lines=tuple(lines))
    best = [design for design in found.designs if design.best]
    if best:
        text = [line for design in best for line in (*models_table(design).splitlines(), "")]
        yield Section(id="models", title="The best, to paste into a suite file", lines=tuple(text[:-1]))
        yield Section(id="measure", title="Measure them", lines=(_command(found, suite),))


def run_flags(found: Designs) -> dict[str, str]:
    """Return the flags of `run` under which the best designs are measured as they were predicted, by their names."""
    case = found.designs[0].predictions[0].case
    said = {"models": ",".join(design.name for design in found.designs if design.best)}
    said["batch-sizes"] = ",".join(map(str, found.batch_sizes))
    for axis in AXES:
        value = getattr(case, axis.name)
        if axis.name not in _OF_DESIGNS and (axis.of_machine or value != unset(axis, case.device)[0]) and value:
            said[axis.flag.removeprefix("--")] = str(value)
    return said


def _command(found: Designs, suite: Path | None) -> str:
    flags = " ".join(f"--{name} {value}" for name, value in run_flags(found).items())
    return f"resnet-bench run {suite or SUITE_NAME} {flags}"


def _table(found: Designs) -> Table:
    columns = [Column(key="name", title="network", kind=ColumnKind.NAME)]
    for size in found.batch_sizes:
        low, high = f"low_{size}_s", f"high_{size}_s"
        columns += [
            Column(
                key=f"latency_{size}_s",
                title=f"latency, b{size}",
                kind=ColumnKind.LATENCY,
                unit="ms",
                low=low,
                high=high,
            ),
            Column(key=low, title="low", kind=ColumnKind.LATENCY, unit="ms"),
            Column(key=high, title="high", kind=ColumnKind.LATENCY, unit="ms"),
        ]
    columns += [
        Column(key="macs", title="MACs", kind=ColumnKind.COUNT, help="Of one image."),
        Column(key="parameters", title="parameters", kind=ColumnKind.COUNT),
        Column(
            key="peak_bytes",
            title="peak memory",
            kind=ColumnKind.MEMORY,
            unit="MiB",
            rank=1,
            help="At the largest batch that a budget on it names, else at the first of the latencies.",
        ),
        Column(
            key="sure",
            title="keeps latency",
            kind=ColumnKind.TEXT,
            help="Whether the whole interval keeps the budgets on latency, or the prediction alone.",
        ),
        Column(key="best", title="measure", kind=ColumnKind.TEXT),
    ]
    timed = any(budget.criterion == TIME.name for budget in found.budgets)
    hidden = ("low_", "high_") if timed else ("low_", "high_", "sure")
    shown = tuple(column.key for column in columns if not column.key.startswith(hidden))
    return Table(
        id="designs",
        caption="Frontier",
        columns=tuple(columns),
        rows=tuple(_row(design) for design in found.designs),
        shown=shown,
    )


def _row(design: Design) -> Row:
    latencies: list[float | None] = []
    for it in design.predictions:
        latencies += [it.latency_s, *((it.interval.low, it.interval.high) if it.interval else (None, None))]
    sure = "surely" if design.sure else "likely"
    return (
        design.name,
        *latencies,
        design.macs,
        design.parameters,
        design.peak_bytes,
        sure,
        "*" if design.best else "",
    )


def _bound(bound: BindingBudget) -> str:
    if bound.least is None:
        return f"{bound.budget}: contradicts the others together."
    said = find_criterion(bound.budget.criterion).say(bound.least)
    among = "Of those that keep the others, the least" if bound.beside_others else "The least that any network takes"
    return f"{bound.budget}: binds. {among} is {said} ({bound.name})."


def _toml(value: Any) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(it) for it in value)}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
