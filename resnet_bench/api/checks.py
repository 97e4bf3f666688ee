"""A measured check as a test asks for it: against a baseline of this machine, or against a revision, measured now."""

import itertools
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from resnet_bench import units
from resnet_bench.analysis.digest import digest
from resnet_bench.analysis.metrics import find_metric
from resnet_bench.analysis.verdicts import calibrated, sides
from resnet_bench.analysis.verdicts.compare import compare
from resnet_bench.analysis.verdicts.gate import judge
from resnet_bench.analysis.verdicts.rulings import Status
from resnet_bench.analysis.verdicts.thresholds import Rule
from resnet_bench.api.measured import MeasuredRun
from resnet_bench.api.options import texts_of
from resnet_bench.api.subjects import ModelLike, importable_name
from resnet_bench.config.axes import ALONE, AXES, BY_NAME, completed
from resnet_bench.errors import UsageError
from resnet_bench.git.checkout import WORKING_TREE
from resnet_bench.records import Case, Digest, Figures, Record, Verdict, VerdictTable
from resnet_bench.records.live import Matchup, MatchupResult
from resnet_bench.report.documents import gate as gate_report
from resnet_bench.report.documents import live as live_report
from resnet_bench.report.renderers import Format, render
from resnet_bench.runner import live, revisions
from resnet_bench.storage import calibrations

_COMPARED_AXES = tuple(axis.name for axis in AXES if not axis.of_machine)
LIMIT = "5 %"
METRIC = "latency_s"


class Finding(StrEnum):
    """What a check found; ELSEWHERE: the baseline is another machine's, so nothing can be said here."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"
    ELSEWHERE = "elsewhere"


class ComparedRevisions(Record, frozen=True, kw_only=True):
    """What was measured of two revisions, and what they are called."""

    outcomes: tuple[MatchupResult, ...]
    labels: tuple[str, str]


class Checked(Record, frozen=True, kw_only=True):
    """The finding, what to say of it, and what was measured for it where that is no run."""

    finding: Finding
    text: str
    compared: ComparedRevisions | None = None


def against_baseline(
    contender: MeasuredRun, baseline: str, *, limit: str = LIMIT, metric: str = METRIC, baselines_dir: Path
) -> Checked:
    """Hold a run against a stored baseline by one rule.

    Raises:
        StoreError: there is no such baseline.
        UsageError, ConfigError: no such metric, or the limit is none.
    """
    now = digest(contender.record)
    then = _like(sides.baseline(baseline, baselines_dir), now)
    if not then.cases:
        asked = ", ".join(it.case.key for it in now.cases)
        text = f"baseline '{baseline}' has no case like {asked or 'this test asks for'}; baseline set stores one."
        return Checked(finding=Finding.UNDECIDED, text=text)
    bands, _ = calibrated.bands_for(now, calibrations.DEFAULT_FILE)
    table, raw = (compare(then, now, bands=bands, figures=it) for it in (Figures.CORRECTED, Figures.RAW))
    if elsewhere := _elsewhere(table, baseline):
        return Checked(finding=Finding.ELSEWHERE, text=elsewhere)
    rule = Rule(name=f"{metric}, limit {limit}", metric=find_metric(metric).name, limit=units.parse_percent(limit))
    result = judge(table, [rule], sides=(then, now), raw=raw)
    found = {Status.PASSED: Finding.PASSED, Status.FAILED: Finding.FAILED}.get(result.status, Finding.UNDECIDED)
    return Checked(finding=found, text=render(gate_report.document(result), Format.TEXT).rstrip())


def against_revision(
    model: ModelLike, revision: str, options: Mapping[str, Any], *, limit: str = LIMIT, repository: Path
) -> Checked:
    """Measure the working tree against a revision, as `ab` does; a change within the limit does not matter.

    Raises:
        UsageError: the model has no importable name, or there is no such revision.
    """
    name = model if isinstance(model, str) else importable_name(model) if callable(model) else None
    if name is None:
        raise UsageError("against a revision, a model needs an importable name: package.module:callable.")
    cases = _cases(name, options)
    matchups = [Matchup(baseline=case, contender=case) for case in cases]
    both = revisions.Revisions(base=revision, contender=WORKING_TREE, repository=repository)
    outcomes, labels = revisions.compare(matchups, both, live.Terms(band=units.parse_percent(limit)))
    verdicts = {outcome.decision.verdict for outcome in outcomes}
    found = Finding.PASSED
    if Verdict.INCONCLUSIVE in verdicts:
        found = Finding.UNDECIDED
    if Verdict.REGRESSED in verdicts:
        found = Finding.FAILED
    compared = ComparedRevisions(outcomes=outcomes, labels=(labels[0].label, labels[1].label))
    text = render(live_report.document(outcomes, compared.labels), Format.TEXT).rstrip()
    return Checked(finding=found, text=text, compared=compared)


def _cases(model: str, options: Mapping[str, Any]) -> list[Case]:
    """Return every case of a live check; what it does not name is `ab`'s default."""
    asked = {**revisions.DEFAULTS, **_by_axis(texts_of(options))}
    lists = {name: BY_NAME[name].several_from_text(text, name) for name, text in asked.items()}
    return [
        Case(model=model, **completed(dict(zip(lists, values, strict=True)), str(lists["device"][0])))
        for values in itertools.product(*lists.values())
    ]


def _by_axis(texts: Mapping[str, str]) -> dict[str, str]:
    flags = {axis.flag.removeprefix("--").replace("-", "_"): axis.name for axis in ALONE}
    strange = next((name for name in texts if name not in flags), None)
    if strange is not None:
        raise UsageError(f"'{strange}' is nothing that two revisions are compared by; leave it out.")
    return {flags[name]: text for name, text in texts.items()}


def _like(baseline: Digest, now: Digest) -> Digest:
    """Return a baseline with those of its cases alone that the run asks for, on whatever machine."""
    asked = {_axes_of(it.case) for it in now.cases} | {_axes_of(skip.case) for skip in now.skips}
    return msgspec.structs.replace(
        baseline, cases=tuple(it for it in baseline.cases if _axes_of(it.case) in asked), skips=(), missing=()
    )


def _axes_of(case: Case) -> tuple[object, ...]:
    return tuple(getattr(case, name) for name in _COMPARED_AXES)


def _elsewhere(table: VerdictTable, baseline: str) -> str:
    """Say how the machines differ, where nothing measured could be compared for that; else nothing."""
    noisy = [row for row in table.comparisons if row.metric == METRIC]
    if any(row.verdict is not Verdict.NOT_COMPARABLE for row in noisy):
        return ""
    differing = [it for it in table.differences if not it.allowed]
    if not differing:
        return ""
    said = "; ".join(f"{it.field} is {it.baseline} there and {it.contender} here" for it in differing)
    return f"baseline '{baseline}' was measured elsewhere: {said}."
