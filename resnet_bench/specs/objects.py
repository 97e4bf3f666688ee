"""Models that are objects of a Python session: named `object:NAME`, found by a child process in a folder."""

from pathlib import Path

OBJECT = "object"
# Set in child processes alone: the folder with the pickles of the run that they belong to.
OBJECTS_VARIABLE = "RESNET_BENCH_OBJECTS"


def file_of(name: str, directory: Path) -> Path:
    """Return where the object called `object:NAME` lies."""
    return directory / f"{name.partition(':')[2]}.pickle"
