"""What two revisions differ in, as far as git knows it without reading code."""

from pathlib import Path, PurePosixPath

from resnet_bench.git.checkout import WORKING_TREE
from resnet_bench.git.command import git

# Binary files that people look at, and no network is made of.
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico", ".pdf", ".mp4", ".webm", ".woff", ".woff2"})


def binaries_differ(repository: Path, base: str, contender: str) -> bool:
    """Say whether binary files differ but for pictures: a saved network may be opened by a library, past Python."""
    revisions = [it for it in (base, contender) if it != WORKING_TREE]
    if not revisions:
        return False
    listed = git(repository, "diff", "--numstat", "--no-renames", "--no-ext-diff", *revisions, "--")
    if listed is None:
        return True
    changed = [line.split("\t", 2)[2] for line in listed.splitlines() if line.startswith("-\t-\t")]
    return any(PurePosixPath(it.strip('"')).suffix.lower() not in _PICTURES for it in changed)
