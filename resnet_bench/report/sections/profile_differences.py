"""Several static profiles side by side: what each costs, and as a ratio to the first."""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.records import Profile
from resnet_bench.report.document import Section
from resnet_bench.report.table import Column, ColumnKind, Row, Table


def profile_differences(profiles: Sequence[Profile]) -> Section | None:
    """Return a row for each count, a column for each model and its ratio to the first; None of a single model."""
    if len(profiles) < 2:  # noqa: PLR2004 - one differs from nothing
        return None
    first, *others = profiles
    columns = [
        Column(key="count", title="count", kind=ColumnKind.TEXT),
        Column(key="model.0", title=first.model, kind=ColumnKind.INTEGER),
    ]
    for number, it in enumerate(others, start=1):
        columns += [
            Column(key=f"model.{number}", title=it.model, kind=ColumnKind.INTEGER),
            Column(key=f"delta.{number}", title=f"to {first.model}", kind=ColumnKind.FIGURE),
        ]
    rows: list[Row] = []
    for name, values in _counts(profiles):
        base = values[0]
        cells: list[str | int | None] = [name, base]
        for value in values[1:]:
            cells += [value, _delta(base, value)]
        rows.append(tuple(cells))
    table = Table(
        id="differences",
        caption=f"Each model against {first.model}",
        columns=tuple(columns),
        rows=tuple(rows),
        shown=tuple(column.key for column in columns),
    )
    return Section(id="differences", title=f"Against {first.model}", tables=(table,))


def _counts(profiles: Sequence[Profile]) -> list[tuple[str, list[int | None]]]:
    memories = [it.predicted_memory for it in profiles]
    return [
        ("parameters", [it.parameters for it in profiles]),
        ("weighted layers", [it.weighted_layers for it in profiles]),
        ("MACs", [it.macs for it in profiles]),
        ("other FLOPs", [it.other_flops for it in profiles]),
        ("training FLOPs", [it.training_flops for it in profiles]),
        ("activations", [it.activations for it in profiles]),
        ("predicted peak, B", [it.peak_bytes if it else None for it in memories]),
    ]


def _delta(base: int | None, value: int | None) -> str | None:
    """Return by how much a count differs: +12.3 %, and a factor from twice on."""
    if not base or value is None:
        return None
    return "=" if value == base else units.change(value / base) if value < 2 * base else units.factor(value / base)
