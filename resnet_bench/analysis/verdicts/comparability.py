"""What must agree before two numbers may be compared, in named kinds that `--across` can allow.

The kinds cover the case (device, threads), the machine's identity, what was really executed, and the protocol.
How many launches were made, the seed and the time limit change the certainty of a number and not the number.
"""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from resnet_bench.errors import UsageError, nearest
from resnet_bench.records import CaseDigest, Difference, Digest
from resnet_bench.records.plan import PROTOCOL_FIELDS

_IDENTITY_KINDS = {
    "device_name": "device",
    "device_memory_bytes": "device",
    "cpu_name": "cpu",
    "physical_cores": "cores",
    "logical_cores": "cores",
    "memory_bytes": "memory",
    "system": "system",
    "python": "python",
    "torch": "torch",
    "cuda": "cuda",
    "cudnn": "cudnn",
    "driver": "driver",
    "hip": "hip",
    "power_limit_w": "power",
    "ecc": "ecc",
    "persistence": "persistence",
    "mig": "device",
}
_EXECUTED_KINDS = {
    "parameter_dtype": "precision",
    "autocast_dtype": "precision",
    "tf32_matmul": "precision",
    "tf32_convolution": "precision",
    "cudnn_benchmark": "determinism",
    "deterministic": "determinism",
    "threads": "threads",
    "interop_threads": "threads",
    "wait_policy": "threads",
    "proc_bind": "threads",
    "batch_norm_statistics": "protocol",
    "variables": "variables",
}

# Of what is measured and not of where. Of these --across allows single fields: a kind of them holds several that have
# little to do with one another.
OF_CASE = frozenset({"precision", "determinism", "protocol"})
_FIELDS = (*(field for field, kind in _EXECUTED_KINDS.items() if kind in OF_CASE), *PROTOCOL_FIELDS)

# CPU threads on an accelerator.
_NO_PART = "no part of it"

KINDS = tuple(sorted({*_IDENTITY_KINDS.values(), *_EXECUTED_KINDS.values()}))


def parse_across(text: str) -> frozenset[str]:
    """Read "torch,device" into kinds of difference, or fields such as tf32_matmul where a kind has several.

    Raises:
        UsageError: a kind is unknown.
    """
    kinds = [part.strip() for part in text.split(",") if part.strip()]
    for kind in kinds:
        if kind not in KINDS and kind not in _FIELDS:
            raise UsageError(
                f"--across: '{kind}' is not a kind of difference.{nearest(kind, (*KINDS, *_FIELDS))} {_kinds_text()}"
            )
    return frozenset(kinds)


def differences(
    baseline: CaseDigest, contender: CaseDigest, *, sides: tuple[Digest, Digest], across: Collection[str] = ()
) -> tuple[Difference, ...]:
    """Return everything that differs between two measurements of the same workload."""
    return tuple(
        Difference(
            kind=kind,
            field=field,
            baseline=left,
            contender=right,
            allowed=kind in across or field in across,
            cases=1,
        )
        for (kind, field, left), (_, _, right) in zip(
            facts(baseline, sides[0]), facts(contender, sides[1]), strict=True
        )
        if left != right
    )


def differences_of_runs(baseline: Digest, contender: Digest) -> tuple[Difference, ...]:
    """Return what differs between the cases that two digests share."""
    others = {it.case: it for it in contender.cases}
    found = (
        differences(it, others[it.case], sides=(baseline, contender)) for it in baseline.cases if it.case in others
    )
    return summarize_differences([difference for part in found for difference in part])


def summarize_differences(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """Count the cases of equal differences, most frequent first."""
    counts: dict[Difference, int] = {}
    for difference in found:
        counts[difference] = counts.get(difference, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return tuple(msgspec.structs.replace(difference, cases=count) for difference, count in ordered)


def allowing(found: Sequence[Difference]) -> str:
    """Return what --across must say to allow these differences and nothing else."""
    return ",".join(dict.fromkeys(it.field if it.kind in OF_CASE else it.kind for it in found))


def facts(subject: CaseDigest, side: Digest) -> Iterator[tuple[str, str, str]]:
    """Yield kind, field and value as text; several values where launches did not agree among themselves."""
    yield "device", "device", subject.case.device
    threads = subject.case.threads
    yield "threads", "threads asked for", str(threads) if threads else _NO_PART
    identities = [side.identities[id_] for id_ in subject.environments if id_ in side.identities]
    for field, kind in _IDENTITY_KINDS.items():
        yield kind, field, _values(getattr(identity, field) for identity in identities)
    for field, kind in _EXECUTED_KINDS.items():
        told = _values(getattr(executed, field) for executed in subject.executed)
        yield kind, field, told if threads or kind != "threads" else _NO_PART
    for field in PROTOCOL_FIELDS:
        yield "protocol", field, str(getattr(side.protocol, field))


def _values(values: Iterator[object]) -> str:
    return ", ".join(sorted({_text(value) for value in values})) or "unknown"


def _text(value: object) -> str:
    if isinstance(value, tuple):
        value = " ".join(f"{name}={it}" for name, it in value) or None
    return "none" if value is None else str(value)


def _kinds_text() -> str:
    return f"Kinds: {', '.join(KINDS)}."
