"""Commits that runs say they measured."""

import datetime as dt

from resnet_bench.records import Commit

FIRST = 1_700_000_000


def commit(revision="a" * 40, number=0, **changes):
    """Return commit number `number` of a history of one commit an hour."""
    moment = dt.datetime.fromtimestamp(FIRST + 3600 * number, dt.UTC).isoformat()
    fields = dict(revision=revision, branch="main", committed_at=moment, subject="s", dirty=False)
    return Commit(**fields | changes)
