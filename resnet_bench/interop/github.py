"""GitHub Actions: annotations (on stderr, where they spoil no JSON) and a step summary, within the service's limits.

At most ten annotations of a kind are shown per step, so the last of ten says how many more there are. A step summary
over 1 MiB is refused whole, so it is cut at a line and says so.
"""

import os
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from resnet_bench.analysis.verdicts.gate import GateResult
from resnet_bench.analysis.verdicts.rulings import Status
from resnet_bench.errors import ExitCode, StoreError
from resnet_bench.records import Record, Verdict, VerdictTable
from resnet_bench.records.live import MatchupResult
from resnet_bench.storage import reading
from resnet_bench.words import plain

MOST_ANNOTATIONS = 10
SUMMARY_LIMIT_BYTES = 2**20
_ESCAPED = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_CUT = "\n\n(cut: the step summary is limited to 1 MiB; the whole table is in this step's log)\n"


class Level(StrEnum):
    """GitHub's annotation kinds."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class Annotation(Record, frozen=True, kw_only=True):
    """One annotation."""

    level: Level
    title: str
    message: str


_VERDICTS = {
    Verdict.REGRESSED: Level.ERROR,
    Verdict.INCONCLUSIVE: Level.WARNING,
    Verdict.NOT_COMPARABLE: Level.WARNING,
    Verdict.IMPROVED: Level.NOTICE,
}


def from_verdicts(table: VerdictTable) -> tuple[Annotation, ...]:
    """Return an annotation for every row that is not unchanged."""
    return tuple(
        Annotation(
            level=_VERDICTS[row.verdict],
            title=f"{row.verdict.value}: {row.metric}",
            message=f"{row.case.key}: {row.reason}",
        )
        for row in table.comparisons
        if row.verdict in _VERDICTS
    )


def from_gate(result: GateResult) -> tuple[Annotation, ...]:
    """Return an annotation for every outcome that is no pass, every unmatched rule and every blind one."""
    found = [
        Annotation(
            level=Level.WARNING if outcome.exit_code is ExitCode.DONE else Level.ERROR,
            title=f"{outcome.status.value}: {outcome.rule}",
            message=f"{outcome.case.key}: {outcome.message}",
        )
        for outcome in result.outcomes
        if outcome.status is not Status.PASSED
    ]
    if result.nothing_checked:
        found.append(Annotation(level=Level.ERROR, title="resnet-bench check", message=result.nothing_checked))
    found += [Annotation(level=Level.ERROR, title="resnet-bench check", message=text) for text in result.unreadable]
    found += [Annotation(level=Level.WARNING, title="rule matches nothing", message=it) for it in result.unmatched]
    found += [Annotation(level=Level.WARNING, title="resnet-bench check", message=it) for it in result.blind]
    return tuple(found)


def from_decisions(outcomes: Iterable[MatchupResult]) -> tuple[Annotation, ...]:
    """Return an annotation for every case of a live comparison that is not unchanged."""
    return tuple(
        Annotation(
            level=_VERDICTS[outcome.decision.verdict],
            title=f"{outcome.decision.verdict.value}: {outcome.matchup.contender.model}",
            message=f"{outcome.matchup.contender.key}: {outcome.decision.reason}",
        )
        for outcome in outcomes
        if outcome.decision.verdict in _VERDICTS
    )


def annotation_lines(annotations: Iterable[Annotation]) -> list[str]:
    """Return workflow commands, at most ten of a level; the tenth counts those left out."""
    lines = []
    annotations = tuple(annotations)
    for level in Level:
        group = [it for it in annotations if it.level is level]
        if len(group) > MOST_ANNOTATIONS:
            rest = len(group) - MOST_ANNOTATIONS + 1
            more = Annotation(level=level, title="resnet-bench", message=f"{rest} more, see the step summary")
            group = [*group[: MOST_ANNOTATIONS - 1], more]
        lines += [f"::{level} title={_property(it.title)}::{_data(it.message)}" for it in group]
    return lines


def fit_summary(markdown: str, already: int = 0) -> str:
    """Return `markdown` cut at a line so that it fits beside `already` bytes of the step's summary."""
    room = SUMMARY_LIMIT_BYTES - already
    content = markdown.encode()
    if len(content) <= room:
        return markdown
    kept = content[: max(0, room - len(_CUT.encode()))]
    return kept[: kept.rfind(b"\n") + 1].decode(errors="ignore") + _CUT if len(_CUT.encode()) <= room else ""


def publish(markdown: str, annotations: Iterable[Annotation]) -> None:
    """Print annotations, and append the table to the file that $GITHUB_STEP_SUMMARY names, where it does.

    Raises:
        StoreError: that file cannot be written.
    """
    for line in annotation_lines(annotations):
        print(line, file=sys.stderr)
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return
    path = Path(name)
    try:
        already = 0
        if reading.is_there(path):  # nobody reads a pipe here: opening it would wait for ever
            with reading.opened(path) as file_before:
                already = os.fstat(file_before.fileno()).st_size
        with path.open("a", encoding="utf-8") as file:
            file.write(fit_summary(markdown, already))
    except OSError as error:
        raise StoreError(f"cannot write the step summary {path}: {error.strerror or error}.") from error


def _data(text: str) -> str:
    """Escape what the service has signs for; other control characters become visible."""
    return "".join(_ESCAPED.get(char) or plain(char) for char in text)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
