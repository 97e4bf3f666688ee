"""Which case of one side stands against which of the other, and what to say of those that stand alone.

Cases pair by identity, then by workload where only machine, device or threads differ.
"""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from resnet_bench.analysis.verdicts.comparability import OF_CASE, differences
from resnet_bench.records import Case, CaseDigest, Comparison, Difference, Digest, Verdict


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One case on both sides, with everything in which they differ."""

    baseline: CaseDigest
    contender: CaseDigest
    differences: tuple[Difference, ...]

    @property
    def refused(self) -> tuple[Difference, ...]:
        """The differences that --across does not allow: with one of them nothing measured is comparable."""
        return tuple(difference for difference in self.differences if not difference.allowed)

    @property
    def same_machine(self) -> bool:
        """Whether machine and software are the same, whatever was measured there and how: then so is the reference."""
        return all(difference.kind in OF_CASE for difference in self.differences)


def match(baseline: Digest, contender: Digest, across: Collection[str]) -> tuple[list[Pair], list[Comparison]]:
    """Return the pairs, and a not comparable row for each metric of each case that stands alone."""
    partners = {it.case: it for it in contender.cases}
    by_workload: dict[Case, list[CaseDigest]] = {}
    shared = {it.case for it in baseline.cases} & partners.keys()
    for it in contender.cases:
        if it.case not in shared:
            by_workload.setdefault(_workload(it.case), []).append(it)
    pairs, alone = [], []
    for left in baseline.cases:
        candidates = by_workload.get(_workload(left.case), [])
        right = partners[left.case] if left.case in shared else candidates.pop(0) if candidates else None
        if right is None:
            alone += _alone(left, missing_in=contender, sides=("baseline", "contender"))
        else:
            found = differences(left, right, sides=(baseline, contender), across=across)
            pairs.append(Pair(baseline=left, contender=right, differences=found))
    for left_over in by_workload.values():
        for it in left_over:
            alone += _alone(it, missing_in=baseline, sides=("contender", "baseline"))
    return pairs, alone


def _workload(case: Case) -> Case:
    return msgspec.structs.replace(case, device="", threads=0, machine="")


def _alone(subject: CaseDigest, *, missing_in: Digest, sides: tuple[str, str]) -> list[Comparison]:
    """Return a not comparable row for each metric of a case that the other side did not measure."""
    skip = next((skip for skip in missing_in.skips if skip.case == subject.case), None)
    why = f"skipped in the {sides[1]}: {skip.reason.value}" if skip else f"not measured in the {sides[1]}"
    summaries = {summary.metric: summary for summary in subject.summaries}
    values: dict[str, float] = {**subject.exact, **{name: summary.median for name, summary in summaries.items()}}
    return [
        Comparison(
            case=subject.case,
            contender_case=subject.case,
            metric=name,
            baseline=value if sides[0] == "baseline" else None,
            contender=value if sides[0] == "contender" else None,
            ratio=None,
            interval=None,
            baseline_summary=summaries.get(name) if sides[0] == "baseline" else None,
            contender_summary=summaries.get(name) if sides[0] == "contender" else None,
            verdict=Verdict.NOT_COMPARABLE,
            reason=why,
        )
        for name, value in values.items()
    ]
