"""Many series: the same answers from one process and from several, and one faulty series ends nothing."""

import pytest

from resnet_bench.analysis.history import series_pool, series_worker
from tests.make import noisy, series_of


@pytest.fixture
def many():
    steps = [((2000, 1.0), (2000, 1.0 + 0.1 * (number % 3))) for number in range(14)]
    return [series_of(noisy(number, *it), metric=f"a.time_{number}") for number, it in enumerate(steps)]


def test_several_processes_give_the_same_answers_in_the_same_order(many):
    said = []
    newest = {"alpha": 3999}
    alone, _ = series_pool.judge(many, 0.03, newest=newest, processes=1)
    together, faults = series_pool.judge(many, 0.03, newest=newest, processes=2, progress=said.append)
    assert together == alone
    assert faults == []
    assert [len(one.changes) for one in alone] == [0, 1, 1] * 4 + [0, 1]
    assert said[-1] == "judged 14 of 14 series"


def test_the_processes_judge_and_not_the_one_that_asks(many, monkeypatch, capfd):
    """Where they cannot start, the answers are the same: only who gave them tells."""

    def refuse(_chunk):
        raise AssertionError("judged here")

    monkeypatch.setattr(series_pool, "judge_chunk", refuse)
    found, faults = series_pool.judge(many, 0.03, newest={}, processes=2)
    assert [len(one.changes) for one in found] == [0, 1, 1] * 4 + [0, 1]
    assert (faults, capfd.readouterr().err) == ([], "")


def test_a_fault_in_one_series_is_a_note_on_it(many, monkeypatch):
    from resnet_bench.analysis.history.series import judged

    def faulty(series, *arguments, **options):
        if series.metric == "a.time_1":
            raise IndexError("list index out of range")
        return judged(series, *arguments, **options)

    monkeypatch.setattr(series_worker, "judged", faulty)
    found, faults = series_pool.judge(many[:3], 0.03, newest={}, processes=1)
    assert [len(one.changes) for one in found] == [0, 0, 1]
    (note,) = faults
    assert note.startswith("a.time_1 on alpha could not be judged (IndexError: list index out of range)")


def test_what_a_killed_process_leaves_is_judged_here(many, monkeypatch):
    monkeypatch.setattr(series_pool, "START", "import os; os._exit(9)")
    found, faults = series_pool.judge(many, 0.03, newest={}, processes=2)
    assert [len(one.changes) for one in found] == [0, 1, 1] * 4 + [0, 1]
    assert faults == []
