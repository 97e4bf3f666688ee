"""A run is called what its user called it: its label, else its directory; a directory by the time says nothing."""

import msgspec
import pytest

from resnet_bench.report.labels import label
from resnet_bench.storage import run_directory
from tests.make import save_run, suite_run


def loaded(tmp_path, *names, labels=("", "")):
    runs = []
    for name, called, revision in zip(names, labels, ("4f2a9c1", "abcdef0"), strict=True):
        run = suite_run(models=("resnet18",), batch_sizes=(1,), revision=revision, run_id=f"id of {revision}")
        run = msgspec.structs.replace(run, header=msgspec.structs.replace(run.header, label=called))
        runs.append(run_directory.load(save_run(tmp_path / name, run)))
    return runs


@pytest.mark.parametrize(
    ("directories", "labels", "expected"),
    [
        (("base", "new"), ("", ""), ("base", "new")),
        (("base", "new"), ("", "with cache"), ("base", "with cache")),
        (("a/run", "b/run"), ("", ""), ("run (id of 4f2a9c1)", "run (id of abcdef0)")),
        (("20261125-233718-af17", "20261125-233720-d72c"), ("", ""), ("4f2a9c1", "abcdef0")),
        (("20261125-233718-af17", "mine"), ("", ""), ("20261125-233718-af17", "mine")),
    ],
)
def test_runs_side_by_side_are_called_as_their_user_called_them(tmp_path, directories, labels, expected):
    assert label(loaded(tmp_path, *directories, labels=labels)).runs == expected
