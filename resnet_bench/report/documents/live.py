"""A live comparison: what `ab` prints. One row a case, then what remains undecided and what could be seen."""

import statistics
from collections.abc import Sequence
from typing import Any

from resnet_bench import units
from resnet_bench.analysis.verdicts import interval_words
from resnet_bench.analysis.verdicts.sequential import LOOKS
from resnet_bench.config.case_labels import label_of_pair
from resnet_bench.records import Agreement, Record, Verdict
from resnet_bench.records.live import Decision, Matchup, MatchupResult, PairedSamples
from resnet_bench.report.document import Document, Health, Section
from resnet_bench.report.rows import record_rows
from resnet_bench.report.sections.agreement_columns import nearness
from resnet_bench.report.sections.differences import SEVERITY
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.report.verdict_words import ORDER

_COLUMNS = (
    Column(key="case", title="case", kind=ColumnKind.TEXT),
    Column(key="baseline_s", title="baseline", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="contender_s", title="contender", kind=ColumnKind.LATENCY, unit="ms"),
    Column(key="ratio", title="ratio", kind=ColumnKind.RATIO),
    Column(key="interval", title="interval", kind=ColumnKind.FIGURE),
    Column(key="pairs", title="pairs", kind=ColumnKind.INTEGER, rank=1),
    Column(key="judged_by", title="by", kind=ColumnKind.TEXT),
    Column(key="verdict", title="verdict", kind=ColumnKind.VERDICT),
    Column(key="reason", title="reason", kind=ColumnKind.TEXT),
    Column(
        key="agreement",
        title="agreement",
        kind=ColumnKind.TEXT,
        help="How close a side that is not eager float32 is to that, of its own code.",
    ),
)


class LiveOutcome(Record, frozen=True, kw_only=True):
    """A matchup with its decision, and both sides' seconds per iteration of what was judged.

    `baseline_s` is the median over launch pairs of each pair's median, `contender_s` that times the ratio: the ratio is
    estimated within pairs, and two medians would say something else. `judged_by` names the quantity.
    """

    baseline: str
    contender: str
    matchup: Matchup
    baseline_s: float | None
    contender_s: float | None
    judged_by: str
    decision: Decision
    baseline_agreement: Agreement | None = None
    contender_agreement: Agreement | None = None


class LiveTurns(LiveOutcome, frozen=True, kw_only=True):
    """The same with every turn of every launch pair."""

    turns: tuple[PairedSamples, ...]


def document(results: Sequence[MatchupResult], labels: tuple[str, str]) -> Document:
    """Return the decisions; JSON has every turn, CSV a line for each case."""
    table = Table(
        id="cases",
        caption="Decisions",
        columns=_COLUMNS,
        rows=tuple(_row(it) for it in results),
        shown=tuple(it.key for it in _COLUMNS if it.key != "agreement" or any(map(_agreement, results))),
    )
    return Document(
        title=_title(results, labels),
        kind="ab",
        content=lambda: [LiveTurns(**_fields(it, labels), turns=it.turns) for it in results],
        rows=lambda: record_rows(LiveOutcome, [LiveOutcome(**_fields(it, labels)) for it in results]),
        health=tuple(
            Health(severity=SEVERITY[verdict], text=f"{count} {verdict}")
            for verdict in ORDER
            if (count := sum(it.decision.verdict is verdict for it in results))
        ),
        sections=(
            Section(id="cases", title="", tables=(table,)),
            Section(id="reach", title="", lines=tuple(_closing_lines(results))),
        ),
    )


def _title(results: Sequence[MatchupResult], labels: tuple[str, str]) -> str:
    """Name the sides: two revisions, or two configurations of one."""
    configurations = any(it.matchup.baseline != it.matchup.contender for it in results)
    if labels[0] != labels[1] or not configurations:
        return f"baseline {labels[0]}, contender {labels[1]}"
    return f"{labels[0]}: two configurations"


def _fields(it: MatchupResult, labels: tuple[str, str]) -> dict[str, Any]:
    baseline_s, contender_s = _figures(it)
    return {
        "baseline": labels[0],
        "contender": labels[1],
        "matchup": it.matchup,
        "baseline_s": baseline_s,
        "contender_s": contender_s,
        "judged_by": _judged_by(it),
        "decision": it.decision,
        "baseline_agreement": it.baseline_agreement,
        "contender_agreement": it.contender_agreement,
    }


def _closing_lines(results: Sequence[MatchupResult]) -> list[str]:
    """Return what is undecided, and the smallest change that these pairs would have found."""
    undecided = [it for it in results if it.decision.verdict is Verdict.INCONCLUSIVE]
    names = "; ".join(label_of_pair(it.matchup.baseline, it.matchup.contender) for it in undecided)
    spent = all(it.decision.pairs >= LOOKS[-1] for it in undecided)  # no budget would add one
    needed = f"{LOOKS[-1]} launch pairs are the most; a steadier machine" if spent else "give it a longer --budget"
    lines = [f"undecided: {names}; {needed} or a wider --band{' decides' if spent else ''}"] if undecided else []
    if all(it.decision.by_code for it in results):
        return lines
    reach = [it.decision.detectable for it in results if it.decision.detectable is not None]
    said = units.detectable(max(reach)) if reach else "unknown, too few launch pairs"
    lines += dict.fromkeys(remark for it in results for remark in it.remarks)
    return [*lines, f"smallest detectable change (found in 95 of 100): {said}"]


def _row(result: MatchupResult) -> Row:
    decision = result.decision
    return (
        label_of_pair(result.matchup.baseline, result.matchup.contender),
        *_figures(result),
        decision.ratio if result.turns else None,
        interval_words.of_decision(decision) or None,
        len(result.turns),
        _judged_by(result),
        decision.verdict.value,
        decision.reason,
        _agreement(result),
    )


def _agreement(result: MatchupResult) -> str | None:
    """Return how close each side is to eager float32, None where both are that."""
    sides = (
        ("baseline", result.baseline_agreement, result.matchup.baseline),
        ("contender", result.contender_agreement, result.matchup.contender),
    )
    said = [f"{name} {nearness(near, case)}" for name, near, case in sides if near is not None]
    return "; ".join(said) or None


def _figures(result: MatchupResult) -> tuple[float | None, float | None]:
    if not result.turns:
        return None, None
    left = statistics.median(statistics.median(it.judged_s[0]) for it in result.turns)
    return left, left * result.decision.ratio


def _judged_by(result: MatchupResult) -> str:
    """Return the quantity that launch pairs were compared by: a waiting side makes it elapsed time."""
    if result.decision.by_code:
        return "equal code"
    by_cpu, pairs = sum(it.by_cpu_time for it in result.turns), len(result.turns)
    if by_cpu in {0, pairs}:
        return "CPU time" if by_cpu else "elapsed time"
    return f"CPU time in {by_cpu} of {pairs} pairs, else elapsed"
