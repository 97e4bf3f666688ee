"""A baseline that moves only for the better: what improved and what is new is taken over, the rest stays as it was.

Taking over a whole run would let every change that the limits allow creep in, until the sum is one that they forbid.
A new value of a single launch stays out: nothing could be told apart from it later, so it would never be replaced.
"""

from collections.abc import Sequence

import msgspec

from resnet_bench.analysis.metrics import POSITION
from resnet_bench.analysis.verdicts.gate import improvements
from resnet_bench.analysis.verdicts.rulings import of_one_launch
from resnet_bench.errors import UsageError
from resnet_bench.machine.names import named_like
from resnet_bench.records import Case, CaseDigest, Commit, Comparison, Digest, Record, VerdictTable


class Ratcheted(Record, frozen=True, kw_only=True):
    """The replacement baseline and how much of it is other than before."""

    baseline: Digest
    improved_values: int
    new_values: int
    new_cases: int
    of_one_launch: int

    @property
    def moved(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.improved_values or self.new_values or self.new_cases)


def ratchet(former: Digest, contender: Digest, table: VerdictTable) -> Ratcheted:
    """Return the former baseline with the contender's improved values, new values and new cases.

    Raises:
        UsageError: the sides differ in what --across allowed; values of two machines make no baseline.
    """
    if table.differences:
        fields = ", ".join(dict.fromkeys(difference.field for difference in table.differences))
        raise UsageError(
            f"--update: {contender.name} differs from the baseline in {fields}, and one baseline holds values of one "
            f"machine and protocol; set it anew: resnet-bench baseline set {former.name} RUN."
        )
    known = named_like(former, contender)
    improved = improvements(table)
    new = tuple(row for row in _new_values(table) if not of_one_launch(row))
    measured = {it.case: it for it in contender.cases}
    partners = {row.case: row.contender_case for row in table.comparisons}  # a machine may have two names
    taken: dict[Case, set[str]] = {}
    for row in (*improved, *new):
        taken.setdefault(row.case, set()).add(row.metric)
    kept = [_moved(it, measured[partners[it.case]], taken[it.case]) if it.case in taken else it for it in known.cases]
    keys = {it.case for it in kept}
    paired = {theirs for ours, theirs in partners.items() if ours in keys}
    unknown = (_replicated(it) for it in contender.cases if it.case not in paired)
    added = [it for it in unknown if it is not None]
    held = keys | {it.case for it in added}
    replacement = msgspec.structs.replace(
        known,
        created_at=contender.created_at,
        runs=tuple(dict.fromkeys((*former.runs, *contender.runs))),
        merged=tuple(dict.fromkeys((*former.merged, *contender.merged))),
        commit=former.commit if _same_tree(former.commit, contender.commit) else None,  # of two trees it is of neither
        identities=former.identities | contender.identities,
        former_ids=tuple(sorted({*former.former_ids, *contender.former_ids})),
        cases=(*kept, *added),
        skips=tuple(skip for skip in known.skips if skip.case not in held),
        missing=tuple(case for case in known.missing if case not in held),
    )
    of_known_cases = sum(row.case in keys for row in new)
    return Ratcheted(
        baseline=replacement,
        improved_values=len(improved),
        new_values=of_known_cases,
        new_cases=len(added),
        of_one_launch=sum(of_one_launch(row) for row in _new_values(table)),
    )


def _same_tree(left: Commit | None, right: Commit | None) -> bool:
    return left is not None and right is not None and (left.revision, left.dirty) == (right.revision, right.dirty)


def _new_values(table: VerdictTable) -> tuple[Comparison, ...]:
    return tuple(row for row in table.comparisons if row.baseline is None and row.contender is not None)


def _replicated(new: CaseDigest) -> CaseDigest | None:
    """Return the case without noisy values of a single launch, None where no other is left."""
    summaries = tuple(summary for summary in new.summaries if summary.launches > 1)
    return None if new.summaries and not summaries else msgspec.structs.replace(new, summaries=summaries)


def _moved(former: CaseDigest, contender: CaseDigest, metrics: set[str]) -> CaseDigest:
    exact = former.exact | {name: value for name, value in contender.exact.items() if name in metrics}
    summaries = {it.metric: it for it in former.summaries} | {
        it.metric: it for it in contender.summaries if it.metric in metrics
    }
    return msgspec.structs.replace(
        former,
        environments=_union(former.environments, contender.environments),
        exact={name: exact[name] for name in sorted(exact, key=POSITION.__getitem__)},
        summaries=tuple(summaries[name] for name in sorted(summaries, key=POSITION.__getitem__)),
    )


def _union(left: Sequence[str], right: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({*left, *right}))
