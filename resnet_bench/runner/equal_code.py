"""What is decided without measuring: both sides read the same files, or the contender those of one measured before."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum

from resnet_bench.records import Verdict
from resnet_bench.records.live import Decision, Matchup
from resnet_bench.wire.live import Ready
from resnet_bench.words import counted


class EqualCode(StrEnum):
    """What a case is whose sides read the same files: measured all the same, or unchanged."""

    MEASURED = "measured"
    UNCHANGED = "unchanged"


def digest(ready: Ready) -> str:
    """Return a digest of all that a side read, "" where it read nothing."""
    return hashlib.sha256(repr(sorted(ready.read.items())).encode()).hexdigest() if ready.read else ""


def decided(matchup: Matchup, ready: tuple[Ready, Ready], known: Mapping[str, Decision]) -> Decision | None:
    """Return what holds without measuring, None where the code is new or the sides' cases are not the same one.

    Args:
        matchup: the cases of both sides.
        ready: what each side's process read.
        known: decisions of contenders against the same baseline, by the digest of what they read.
    """
    baseline, contender = (it.read for it in ready)
    if matchup.baseline != matchup.contender or not contender:
        return None
    if baseline != contender:
        return known.get(digest(ready[1]))
    files = counted(len(contender) - 1, "file")  # beside them stands what is installed
    return Decision(
        verdict=Verdict.UNCHANGED,
        ratio=1.0,
        interval=None,
        detectable=None,
        pairs=0,
        reason=f"not measured: both sides read the same code ({files} of the repository)",
        by_code=True,
    )
