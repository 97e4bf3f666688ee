"""What is said between a parent and the far end of a launch on another machine: one JSON line each way.

An errand has a number that nobody can guess, and its delivery repeats it: what else comes along the way (a login's
greeting, half a line, the answer to an earlier errand) is none.
"""

import hashlib
from functools import cache
from pathlib import Path

import msgspec

import resnet_bench
from resnet_bench.git.command import git
from resnet_bench.records import Record
from resnet_bench.wire.messages import AnyAnswer, AnyRequest
from resnet_bench.wire.pairs import PairsMade, PairsRequest

# Changes with what parent and far end say to each other, or how.
PROTOCOL = 2
_REVISION = 12


class Release(Record, frozen=True, kw_only=True):
    """The product that runs somewhere; `code` is a digest of its files, `revision` its commit where that is known."""

    version: str
    revision: str
    code: str

    @property
    def words(self) -> str:
        """It as people name it."""
        return f"{self.version} ({f'commit {self.revision}, ' if self.revision else ''}files {self.code})"


class Errand(Record, frozen=True, kw_only=True):
    """A request to be answered elsewhere.

    `lock` names what one launch alone may use there, empty for nothing; `bystanders` are marks of the command lines of
    processes that are watched meanwhile.
    """

    protocol: int = PROTOCOL
    number: str
    lock: str = ""
    bystanders: tuple[str, ...] = ()
    request: AnyRequest | PairsRequest


class Delivery(Record, frozen=True, kw_only=True):
    """The answer to the errand of that number, and who gave it; no answer where it speaks another protocol.

    `said` is what is to be known of the machine beside a launch, in words; `now_s` is what its clock says.
    """

    protocol: int = PROTOCOL
    number: str
    release: Release
    answer: AnyAnswer | PairsMade | None
    said: tuple[str, ...] = ()
    now_s: float = 0.0


class Salutation(msgspec.Struct, frozen=True, kw_only=True):
    """What every protocol says of an errand or a delivery, whatever else it says."""

    protocol: int
    number: str
    release: Release | None = None


@cache
def own_release() -> Release:
    """Return what runs here."""
    package = Path(resnet_bench.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes() + b"\0")
    home = resnet_bench.HOME
    revision = git(home, "rev-parse", "HEAD") if (home / ".git").exists() else None
    return Release(
        version=resnet_bench.__version__, revision=(revision or "")[:_REVISION], code=digest.hexdigest()[:_REVISION]
    )
