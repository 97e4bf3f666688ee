"""JUnit XML: one test case a row of a table of verdicts, or a rule applied to a row of the gate."""

import io
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from resnet_bench.analysis.verdicts.gate import GateResult, Outcome
from resnet_bench.analysis.verdicts.rulings import Status
from resnet_bench.errors import ExitCode
from resnet_bench.records import Record, Verdict, VerdictTable
from resnet_bench.storage import files
from resnet_bench.words import plain


class TestResult(StrEnum):
    """JUnit's outcomes; an error is an incomplete measurement."""

    PASSED = "passed"
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


class TestCase(Record, frozen=True, kw_only=True):
    """One <testcase>."""

    classname: str
    name: str
    result: TestResult
    message: str


_VERDICTS = {
    Verdict.REGRESSED: TestResult.FAILURE,
    Verdict.NOT_COMPARABLE: TestResult.SKIPPED,
    Verdict.INCONCLUSIVE: TestResult.SKIPPED,
    Verdict.IMPROVED: TestResult.PASSED,
    Verdict.UNCHANGED: TestResult.PASSED,
}
_STATUSES = {
    Status.FAILED: TestResult.FAILURE,
    Status.INCOMPLETE: TestResult.ERROR,
    Status.UNDECIDED: TestResult.SKIPPED,
    Status.NEW: TestResult.SKIPPED,
    Status.PASSED: TestResult.PASSED,
}


def from_verdicts(table: VerdictTable) -> tuple[TestCase, ...]:
    """Return one test case a row."""
    return tuple(
        TestCase(
            classname=row.metric,
            name=row.case.key,
            result=_VERDICTS[row.verdict],
            message=f"{row.verdict.value}: {row.reason}",
        )
        for row in table.comparisons
    )


def from_gate(result: GateResult) -> tuple[TestCase, ...]:
    """Return one test case for every rule on every row, for every rule that matched nothing, and where all did."""
    cases = [
        TestCase(
            classname=outcome.metric or "case",
            name=f"{outcome.case.key} ({outcome.rule})",
            result=_of_outcome(outcome),
            message=_said(outcome),
        )
        for outcome in result.outcomes
    ]
    nothing = "this rule matches nothing"
    cases += [
        TestCase(classname="rule", name=it, result=TestResult.SKIPPED, message=nothing) for it in result.unmatched
    ]
    if result.nothing_checked:
        cases.append(
            TestCase(
                classname="check", name="anything checked", result=TestResult.ERROR, message=result.nothing_checked
            )
        )
    cases += [
        TestCase(classname="check", name="every line read", result=TestResult.ERROR, message=it)
        for it in result.unreadable
    ]
    return tuple(cases)


def _of_outcome(outcome: Outcome) -> TestResult:
    """Return what the outcome is to a test runner; an undecided row fails where its rule says that it does."""
    if outcome.status is Status.UNDECIDED and outcome.exit_code is ExitCode.FOUND:
        return TestResult.FAILURE
    return _STATUSES[outcome.status]


def _said(outcome: Outcome) -> str:
    passed_or_failed = outcome.status in {Status.PASSED, Status.FAILED}
    return outcome.message if passed_or_failed else f"{outcome.status.value}: {outcome.message}"


def render(cases: Iterable[TestCase]) -> str:
    """Return the XML; names are data and are escaped, control characters made visible."""
    cases = tuple(cases)
    suite = ET.Element(
        "testsuite",
        name="resnet-bench",
        tests=str(len(cases)),
        failures=str(sum(case.result is TestResult.FAILURE for case in cases)),
        errors=str(sum(case.result is TestResult.ERROR for case in cases)),
        skipped=str(sum(case.result is TestResult.SKIPPED for case in cases)),
    )
    for case in cases:
        element = ET.SubElement(suite, "testcase", classname=plain(case.classname), name=plain(case.name))
        if case.result is TestResult.PASSED:
            ET.SubElement(element, "system-out").text = plain(case.message)
        else:
            ET.SubElement(element, case.result.value, message=plain(case.message))
    ET.indent(suite)
    buffer = io.BytesIO()
    ET.ElementTree(suite).write(buffer, encoding="utf-8", xml_declaration=True)
    return buffer.getvalue().decode() + "\n"


def write(path: Path, cases: Iterable[TestCase]) -> None:
    """Write the XML to a file.

    Raises:
        StoreError: the file cannot be written.
    """
    files.whole(path, render(cases))
