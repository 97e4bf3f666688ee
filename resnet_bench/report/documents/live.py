"""A live comparison for people and machines: one row a case, then what remains undecided and what could be seen."""

import statistics
from collections.abc import Sequence

from resnet_bench import units
from resnet_bench.records import Verdict
from resnet_bench.records.live import MatchupResult
from resnet_bench.report.grid import Grid, escape_markdown, markdown_lines, text_lines
from resnet_bench.report.renderers import csv, json
from resnet_bench.words import plain

_HEADERS = ("case", "baseline [ms]", "contender [ms]", "ratio", "interval", "pairs", "verdict", "reason")
_RIGHT = (False, True, True, True, True, True, False, False)


def as_text(outcomes: Sequence[MatchupResult], labels: tuple[str, str]) -> str:
    """Return plain text."""
    head = plain(f"baseline {labels[0]}, contender {labels[1]}")
    return "\n".join([head, "", *text_lines(_grid(outcomes)), "", *closing_lines(outcomes)]) + "\n"


def as_markdown(outcomes: Sequence[MatchupResult], labels: tuple[str, str]) -> str:
    """Return GitHub Markdown."""
    head = f"**baseline** {escape_markdown(labels[0])}, **contender** {escape_markdown(labels[1])}"
    closing = [f"- {escape_markdown(line)}" for line in closing_lines(outcomes)]
    return "\n".join([head, "", *markdown_lines(_grid(outcomes)), "", *closing]) + "\n"


def as_json(outcomes: Sequence[MatchupResult], labels: tuple[str, str]) -> str:
    """Return the decisions with every turn, in base units."""
    content = {"baseline": labels[0], "contender": labels[1], "outcomes": outcomes}
    return json.encode(content)


def as_csv(outcomes: Sequence[MatchupResult], labels: tuple[str, str]) -> str:
    """Return one line a case in base units; the labels stand on every line."""
    columns = ("baseline", "contender", "baseline_case", "contender_case", "baseline_s", "contender_s")
    head = (*columns, "ratio", "low", "high", "confidence", "detectable", "pairs", "verdict", "reason")
    lines: list[tuple[object, ...]] = [head]
    for it in outcomes:
        decision, interval = it.decision, it.decision.interval
        bounds = (interval.low, interval.high, interval.confidence) if interval else (None, None, None)
        cases = (it.matchup.baseline.key, it.matchup.contender.key)
        closing = (decision.detectable, len(it.turns), decision.verdict.value, decision.reason)
        lines.append((*labels, *cases, *_medians(it), decision.ratio, *bounds, *closing))
    return csv.lines(lines)


def closing_lines(outcomes: Sequence[MatchupResult]) -> list[str]:
    """Return what is undecided, and the smallest change that these pairs would have found."""
    open_cases = [it.matchup.contender.key for it in outcomes if it.decision.verdict is Verdict.INCONCLUSIVE]
    lines = [f"undecided: {', '.join(open_cases)}; give it a longer --budget or a wider --band"] if open_cases else []
    reach = [it.decision.detectable for it in outcomes if it.decision.detectable is not None]
    said = units.percent_short(max(reach)) if reach else "unknown, too few launch pairs"
    return [*lines, f"smallest detectable change (found in 95 of 100): {said}"]


def _grid(outcomes: Sequence[MatchupResult]) -> Grid:
    return Grid(headers=_HEADERS, rows=tuple(_row(it) for it in outcomes), right=_RIGHT)


def _row(outcome: MatchupResult) -> tuple[str, ...]:
    decision, interval = outcome.decision, outcome.decision.interval
    left, right = outcome.matchup.baseline.key, outcome.matchup.contender.key
    medians = _medians(outcome)
    return (
        left if left == right else f"{left} against {right}",
        units.milliseconds(medians[0]),
        units.milliseconds(medians[1]),
        units.ratio(decision.ratio if outcome.turns else None),
        f"{units.ratio(interval.low)} to {units.ratio(interval.high)}" if interval else units.UNAVAILABLE,
        str(len(outcome.turns)),
        decision.verdict.value,
        decision.reason,
    )


def _medians(outcome: MatchupResult) -> tuple[float | None, float | None]:
    if not outcome.turns:
        return None, None
    left = statistics.median(statistics.median(it.baseline_s) for it in outcome.turns)
    return left, statistics.median(statistics.median(it.contender_s) for it in outcome.turns)
