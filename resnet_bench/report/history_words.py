"""A history in words: what became of a series, how far it moved, how commits, cases and identities are named."""

from collections import Counter
from typing import TypeAlias

from resnet_bench import units
from resnet_bench.records import Change, ChangeOutcome, CommitOrder, History, HistorySeries, Suspicion
from resnet_bench.report.document import Health, Severity
from resnet_bench.words import counted, listed

Move: TypeAlias = Change | Suspicion

_SHORT = 7
REPAIRED = "regressed and since repaired"
SUSPECTED = {
    ChangeOutcome.REGRESSED: "suspected regression",
    ChangeOutcome.IMPROVED: "suspected improvement",
}
# What may become of a series, in the order in which it is told, and how grave it is.
FATES = {
    ChangeOutcome.REGRESSED.value: Severity.BAD,
    SUSPECTED[ChangeOutcome.REGRESSED]: Severity.NOTICE,
    REPAIRED: Severity.NOTICE,
    ChangeOutcome.IMPROVED.value: Severity.GOOD,
    SUSPECTED[ChangeOutcome.IMPROVED]: Severity.NOTICE,
}

_WHERE = dict.fromkeys(SUSPECTED.values(), "at the newest commits")


def moves(series: HistorySeries) -> tuple[Move, ...]:
    """Return the changes of a series, and what its newest commits are suspected of."""
    return (*series.changes, *([series.suspected] if series.suspected else []))


def fate(move: Move) -> str:
    """Return a move's outcome in words, repairs and suspicion included."""
    if isinstance(move, Suspicion):
        return SUSPECTED[move.outcome]
    return REPAIRED if move.repaired_by is not None else move.outcome.value


def prospect(history: History, move: Move) -> str:
    """Return what became of a regression, or what would confirm a suspicion; nothing of others."""
    if isinstance(move, Suspicion):
        verb = "confirms" if move.more_commits == 1 else "confirm"
        return f"{move.more_commits} more at this level {verb} it"
    return "" if move.repaired_by is None else f"repaired by {short(history, move.repaired_by)}"


def size(move: Move) -> float:
    """Return by what share a level moved."""
    return abs(move.ratio - 1) if move.ratio is not None else float("inf")


def fates(history: History) -> dict[str, int]:
    """Return the number of moves of each kind that there are."""
    found = Counter(fate(move) for one in history.series for move in moves(one))
    return {words: found[words] for words in FATES if found[words]}


def finding(history: History) -> str:
    """Return the sentence that says what became of the series."""
    ordered = "in commit order" if history.order is CommitOrder.HISTORY else "by date"
    read = (
        f"{counted(len(history.series), 'series', 'series')} over {counted(len(history.commits), 'commit')} {ordered}"
    )
    said = [f"{count} {words}" for words, count in fates(history).items()]
    return (
        f"{read}: {listed(said) if said else 'no level moved'} (by {units.percent_short(history.min_change)} or more)."
    )


def health(history: History) -> tuple[Health, ...]:
    """Return the counts for the health line."""
    found = [
        Health(severity=FATES[words], text=f"{count} {words} {_WHERE.get(words, 'across commits')}")
        for words, count in fates(history).items()
    ]
    if history.failing:
        found.append(Health(severity=Severity.BAD, text=f"{history.failing} failed at the newest commit"))
    if history.unjudged:
        found.append(Health(severity=Severity.BAD, text=f"{history.unjudged} could not be judged"))
    return tuple(found)


def case_words(history: History) -> dict[tuple[str, str], str]:
    """Return each case by metric and name without the parts that all cases of the metric share, the first one kept."""
    cases: dict[str, list[str]] = {}
    for one in history.series:
        cases.setdefault(one.metric, []).append(one.case)
    words: dict[tuple[str, str], str] = {}
    for metric, names in cases.items():
        mark = ", " if any(", " in name for name in names) else "/"
        parts = [name.split(mark) for name in names]
        told = [0]
        if len({len(part) for part in parts}) == 1:
            told += [place for place in range(1, len(parts[0])) if len({part[place] for part in parts}) > 1]
        else:
            told = list(range(max(map(len, parts))))
        words |= {
            (metric, name): mark.join(part[place] for place in told if place < len(part))
            for name, part in zip(names, parts, strict=True)
        }
    return words


def identity_words(series: HistorySeries) -> str:
    """Return what must agree, on one line."""
    return ", ".join(f"{name} {value}" for name, value in series.identity.items() if value)


def level(series: HistorySeries) -> float:
    """Return the level that a series is on now: of its last change, or the median of all."""
    if series.changes:
        return series.changes[-1].new
    ordered = sorted(series.values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def short(history: History, place: int) -> str:
    """Return a commit as people write it."""
    return history.commits[place].revision[:_SHORT]
