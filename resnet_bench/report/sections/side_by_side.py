"""The summary of several runs: a row for each case, and in it the same columns for each run."""

from collections.abc import Mapping, Sequence

import msgspec

from resnet_bench.analysis.best import gain_over
from resnet_bench.analysis.metric import Place
from resnet_bench.analysis.results import CaseStatus, Result
from resnet_bench.report.labels import Labels
from resnet_bench.report.ratio_columns import OF_RATIOS
from resnet_bench.report.sections.peak_words import named_by_peak
from resnet_bench.report.sections.result_columns import BY_KEY, INDEX, RESULT_COLUMNS
from resnet_bench.report.table import Column, ColumnKind, Row, Table, Value


def side_by_side(results: Sequence[Result], labels: Labels, long: Table) -> Table:
    """Return a row for each case that any run planned, and in it the same columns for each run."""
    slots: dict[tuple[str, ...], dict[int, int]] = {}
    for position, result in enumerate(results):
        slots.setdefault(labels.slot(result.case), {})[result.run] = position
    found_slots = _in_order(slots)
    shared = ("model", "family", *labels.case_axes, "batch_size", "parameters", "macs_per_image", "accuracy")
    measured = [
        it.column.key for it in RESULT_COLUMNS if it.place is Place.SIDE_BY_SIDE and it.column.key in long.shown
    ]
    columns = [BY_KEY[key] for key in shared]
    shown = [key for key in shared if key in long.shown]
    for run, name in enumerate(labels.runs):
        for key in measured:
            columns += named_by_peak(_columns_of_run(key, run, name), [it for it in results if it.run == run])
            shown.append(f"{key}.{run}")
        if run > 0:
            columns.append(
                Column(
                    key=f"throughput_ratio.{run}",
                    title="ratio",
                    kind=ColumnKind.RATIO,
                    group=name,
                    help=f"Throughput relative to {labels.runs[0]}: above 1 is faster. {OF_RATIOS}",
                )
            )
            shown.append(f"throughput_ratio.{run}")
            if "verdict" in long.shown:
                columns.append(
                    msgspec.structs.replace(
                        BY_KEY["verdict"], key=f"verdict.{run}", stands_for="verdict", group=name, facet=False
                    )
                )
                shown.append(f"verdict.{run}")
        columns.append(
            Column(
                key=f"status.{run}",
                title="status",
                kind=ColumnKind.STATUS,
                stands_for="status",
                silent=CaseStatus.MEASURED.value,
                group=name,
            )
        )
        if any(results[found[run]].status is not CaseStatus.MEASURED for found in found_slots if run in found):
            shown.append(f"status.{run}")
    rows = tuple(
        _joined(found, results, long, shared=shared, measured=measured, runs=len(labels.runs)) for found in found_slots
    )
    constants = labels.constants
    return Table(
        id="summary",
        caption="All cases, runs side by side",
        columns=tuple(columns),
        rows=rows,
        shown=tuple(shown),
        constants=constants,
        members=tuple(tuple(found.get(run) for run in range(len(labels.runs))) for found in found_slots),
    )


def _in_order(slots: Mapping[tuple[str, ...], Mapping[int, int]]) -> list[Mapping[int, int]]:
    """Sort by model, variant and batch size, each in order of first appearance: a later run's extras join in."""
    axes = list(zip(*slots, strict=True))
    ranks = [{value: rank for rank, value in enumerate(dict.fromkeys(values))} for values in axes]
    # Slots start with model and batch size; the batch size comes last in the order, by its value.
    return [
        slots[slot]
        for slot in sorted(
            slots,
            key=lambda slot: (
                ranks[0][slot[0]],
                *(rank[value] for rank, value in zip(ranks[2:], slot[2:], strict=True)),
                int(slot[1]),
            ),
        )
    ]


def _columns_of_run(key: str, run: int, name: str) -> list[Column]:
    column = BY_KEY[key]
    rename = {old: f"{old}.{run}" for old in (key, column.low, column.high) if old}
    parts = [BY_KEY[old] for old in rename]
    return [
        msgspec.structs.replace(
            part,
            key=rename[part.key],
            group=name,
            low=rename.get(part.low) if part.low else None,
            high=rename.get(part.high) if part.high else None,
        )
        for part in parts
    ]


def _joined(
    found: Mapping[int, int],
    results: Sequence[Result],
    long: Table,
    *,
    shared: Sequence[str],
    measured: Sequence[str],
    runs: int,
) -> Row:
    first = long.rows[next(iter(found.values()))]
    values: list[Value] = [first[INDEX[key]] for key in shared]
    base = results[found[0]] if 0 in found else None
    for run in range(runs):
        row = long.rows[found[run]] if run in found else None
        for key in measured:
            column = BY_KEY[key]
            values += [row[INDEX[part]] if row else None for part in (key, column.low, column.high) if part]
        if run > 0:
            one = results[found[run]] if run in found else None
            both = one and base and one.throughput and base.throughput
            values.append(gain_over(base, one).ratio if both and one and base else None)
            if "verdict" in long.shown:
                values.append(row[INDEX["verdict"]] if row else None)
        values.append(row[INDEX["status"]] if row else "not planned")
    return tuple(values)
