"""What a killed process left behind, removed before the next one of its kind measures."""

from functools import cache

from resnet_bench import scratch
from resnet_bench.git import checkout


@cache
def clear() -> None:
    """Remove the scratch folders of this user's whose owners are gone, once a process; checkouts are given back too."""
    for folder in scratch.abandoned():
        checkout.forget(folder)
