"""Who hears how far a long computation is: a line of text each time, said or not."""

from collections.abc import Callable

Progress = Callable[[str], None]


def silent(_text: str) -> None:
    """Say nothing."""
