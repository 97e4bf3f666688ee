"""A table of verdicts in words: what its cases share, which rows fold into one, what these launches could find."""

from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.analysis.metrics import NOISY_METRICS
from resnet_bench.config.axes import goes_without_saying
from resnet_bench.records import Case, Comparison, Figures, Verdict, VerdictTable
from resnet_bench.records.plan import ALWAYS_SAID

ORDER = (Verdict.REGRESSED, Verdict.IMPROVED, Verdict.INCONCLUSIVE, Verdict.NOT_COMPARABLE, Verdict.UNCHANGED)
_FOLDED = frozenset({Verdict.UNCHANGED, Verdict.NOT_COMPARABLE})


def detectable_line(table: VerdictTable) -> str:
    """Return the smallest change that these launches find in 95 of 100 comparisons, per noisy metric."""
    said = []
    for metric in NOISY_METRICS:
        values = sorted(row.detectable for row in table.comparisons if row.metric == metric.name and row.detectable)
        if values:
            spread = units.detectable(values[0])
            if len(values) > 1 and units.detectable(values[-1]) != spread:
                spread += f" to {units.detectable(values[-1])}"
            said.append(f"{metric.label} {spread}")
    if not said:
        return "smallest detectable change: unknown, no noisy row has two launches on both sides"
    return f"smallest detectable change (found in 95 of 100): {', '.join(said)}"


def speed_lines(table: VerdictTable) -> tuple[str, ...]:
    """Return why corrected figures of a comparison are others than those of each run's own table."""
    if not any(row.figures is Figures.CORRECTED for row in table.comparisons):
        return ()
    return (
        (
            "corrected figures are at one speed here, the mean of what both sides were measured at; a run's own table "
            "has them at the machine's nominal speed, so the two differ a little"
        ),
    )


def case_labels(table: VerdictTable) -> dict[Case, str]:
    """Return for each case the fields that not all cases share; the whole key where there is one case."""
    cases = list(dict.fromkeys(row.case for row in table.comparisons))
    shared = _shared_fields(cases)
    return {
        case: "/".join(word for field, word in case.words.items() if field == "model" or field not in shared)
        for case in cases
    }


def shared_words(table: VerdictTable) -> str:
    """Return in words what all cases share, "" where they share nothing."""
    cases = list(dict.fromkeys(row.case for row in table.comparisons))
    # Of a field that a later release added, the value which every case had before says nothing.
    worth = {*ALWAYS_SAID, *(cases[0].later if cases else ())}
    told = {it: value for it, value in _shared_fields(cases).items() if it in worth and not goes_without_saying(it)}
    return ", ".join(f"{field.replace('_', ' ')} {value}" for field, value in told.items() if value not in {"", 0})


def _shared_fields(cases: Sequence[Case]) -> dict[str, object]:
    return {
        field: getattr(cases[0], field)
        for field in Case.__struct_fields__
        if cases and field != "model" and len({getattr(case, field) for case in cases}) == 1
    }


def fold(rows: Sequence[Comparison], *, every_row: bool) -> list[tuple[Comparison, tuple[Comparison, ...]]]:
    """Return rows by verdict; two or more unchanged ones, or not comparable for one reason, come as one group."""
    result: list[tuple[Comparison, tuple[Comparison, ...]]] = []
    for verdict in ORDER:
        groups: dict[str, list[Comparison]] = {}
        for row in rows:
            if row.verdict is verdict:
                groups.setdefault(row.reason if verdict is Verdict.NOT_COMPARABLE else "", []).append(row)
        for group in groups.values():
            if verdict in _FOLDED and len(group) > 1 and not every_row:
                result.append((group[0], tuple(group)))
            else:
                result += [(row, ()) for row in sorted(group, key=lambda row: -abs((row.ratio or 1) - 1))]
    return result
