"""What verdicts and rulings make of a command's exit code: `compare`, `ab` and `check`."""

from collections.abc import Iterable
from enum import StrEnum

from resnet_bench.analysis.metric import ExactMetric
from resnet_bench.analysis.metrics import find_metric
from resnet_bench.analysis.verdicts.rulings import Status
from resnet_bench.analysis.verdicts.thresholds import Undecided
from resnet_bench.errors import ExitCode, gravest
from resnet_bench.records import Verdict, VerdictTable


class FailOn(StrEnum):
    """Which verdicts end with exit code 1."""

    REGRESSED = "regressed"
    CHANGED = "changed"
    INCONCLUSIVE = "inconclusive"


_FAILING = {
    FailOn.REGRESSED: frozenset({Verdict.REGRESSED}),
    FailOn.CHANGED: frozenset({Verdict.REGRESSED, Verdict.IMPROVED}),
    FailOn.INCONCLUSIVE: frozenset({Verdict.REGRESSED, Verdict.INCONCLUSIVE}),
}

_RULINGS = {
    Status.FAILED: ExitCode.FOUND,
    Status.INCOMPLETE: ExitCode.INCOMPLETE,
    Status.NEW: ExitCode.DONE,
    Status.PASSED: ExitCode.DONE,
}
_UNDECIDED = {
    Undecided.STOP: ExitCode.INCOMPLETE,
    Undecided.FAIL: ExitCode.FOUND,
    Undecided.WARN: ExitCode.DONE,
}


def of_ruling(status: Status, undecided: Undecided = Undecided.STOP) -> ExitCode:
    """Return what one rule on one row makes of `check`; what an undecided row does is the rule's choice."""
    return _UNDECIDED[undecided] if status is Status.UNDECIDED else _RULINGS[status]


def of_comparison(table: VerdictTable, fail_on: FailOn | None) -> ExitCode:
    """Return FOUND where a failing verdict stands, INCOMPLETE where nothing measured was comparable.

    Parameters and MACs agree on any two machines: that they do says nothing about what was measured.
    """
    measured = [row for row in table.comparisons if not isinstance(find_metric(row.metric), ExactMetric)]
    failing = _FAILING[fail_on] if fail_on else frozenset()
    codes = [ExitCode.FOUND for row in table.comparisons if row.verdict in failing]
    if all(row.verdict is Verdict.NOT_COMPARABLE for row in measured):
        codes.append(ExitCode.INCOMPLETE)
    return gravest(codes)


def of_decisions(verdicts: Iterable[Verdict]) -> ExitCode:
    """Return FOUND where a live comparison found something regressed, INCOMPLETE where one is undecided."""
    codes = {Verdict.REGRESSED: ExitCode.FOUND, Verdict.INCONCLUSIVE: ExitCode.INCOMPLETE}
    return gravest(codes.get(verdict, ExitCode.DONE) for verdict in verdicts)
