"""The first ten minutes on a card: nothing that ran is lost, what was cut runs again, and each step has its verdict."""

import html
import json
import math
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import gpu_session
from benchmarks.gpu_common import load_case
from benchmarks.gpu_device_steps import queued, steady_from
from benchmarks.gpu_network_steps import near
from benchmarks.gpu_rehearsal import SIMULATED, simulated_card
from benchmarks.gpu_steps import STEPS, Verdict, finding

ROOT = Path(__file__).parents[1]


@pytest.fixture
def ran(monkeypatch):
    """The steps that were run, in order; `verdicts` says what comes of them, good where it says nothing."""

    class Ran(list):
        def __init__(self):
            super().__init__()
            self.verdicts = {}

    ran = Ran()

    def run(step, _directory, *, left_s, rehearse):
        assert left_s <= 540
        ran.append(step.name)
        return finding(ran.verdicts.get(step.name, Verdict.GOOD), f"it ran, rehearsed: {rehearse}", [{"figure": 1}])

    monkeypatch.setattr(gpu_session, "run", run)
    return ran


def test_every_step_runs_once_in_order_and_has_its_verdict_and_its_figures_on_the_page(ran, tmp_path, capsys):
    assert gpu_session.main(["-o", str(tmp_path)]) == 0
    assert ran == [step.name for step in STEPS]
    said = capsys.readouterr().out
    assert len(re.findall(r"^\[\d+/12\] .*: good: it ran", said, re.MULTILINE)) == 12
    shown = html.unescape((tmp_path / "session.html").read_text())
    assert all(step.title in shown for step in STEPS)


def test_the_same_command_goes_on_with_what_was_cut_or_left_and_keeps_the_rest(ran, tmp_path):
    ran.verdicts = {"memory": Verdict.CUT, "ab": Verdict.LEFT, "ceilings": Verdict.LOOK}
    assert gpu_session.main(["-o", str(tmp_path)]) == 3
    ran.clear()
    ran.verdicts = {}
    assert gpu_session.main(["-o", str(tmp_path)]) == 0
    assert ran == ["memory", "ab"]


def test_a_step_that_broke_ends_with_its_last_word_and_the_others_still_run(ran, tmp_path):
    ran.verdicts = {"state": Verdict.FAILED}
    assert gpu_session.main(["-o", str(tmp_path)]) == 3
    assert ran == [step.name for step in STEPS]
    assert gpu_session.main(["-o", str(tmp_path)]) == 3
    assert json.loads((tmp_path / "state.json").read_text())["verdict"] == "failed"


def test_a_step_without_the_time_that_it_needs_is_left_for_the_next_call(tmp_path):
    found = gpu_session.run(STEPS[2], tmp_path, left_s=12.0, rehearse=False)
    assert found["verdict"] == Verdict.LEFT
    assert "it needs 30 s, 12 s are left; the same command goes on" in found["said"]


@pytest.mark.slow
def test_a_step_is_a_process_of_its_own_that_may_break(tmp_path):
    broken = STEPS[0]._replace(name="unknown")
    found = gpu_session.run(broken, tmp_path, left_s=60.0, rehearse=True)
    assert found["verdict"] == Verdict.FAILED
    assert "invalid choice: 'unknown'" in found["said"]


@pytest.mark.slow
def test_a_step_rehearsed_says_what_only_a_card_can_show(tmp_path):
    found = gpu_session.run(STEPS[0], tmp_path, left_s=120.0, rehearse=True)
    assert found["verdict"] == Verdict.GOOD
    assert found["not_rehearsed"] == "a driver's own answers"
    assert found["rows"][0]["moment"] == "idle"
    assert "; on a simulated card good: NVIDIA H100 80GB HBM3, driver" in found["said"]


def test_every_step_has_a_function_and_time_for_it():
    for step in STEPS:
        assert callable(step.run())
        assert 0 < step.least_s <= step.most_s
        assert step.only_on_a_card


MOMENTS = [index * 0.05 for index in range(400)]


@given(st.floats(0.5, 10), st.floats(0.05, 0.5))
def test_a_clock_that_falls_is_steady_once_a_second_of_it_is_near_its_end(settling_s, burst):
    falling = [1000 * (1 + burst * max(0.0, 1 - moment / settling_s)) for moment in MOMENTS]
    found = steady_from(MOMENTS, falling)
    assert found is not None
    assert settling_s * (1 - 0.01 / burst) - 1 <= found + 0.5 <= settling_s + 1


def test_what_never_comes_to_rest_is_never_steady_and_nothing_measured_neither():
    assert steady_from(MOMENTS, [1000 * (1 + moment / 20) for moment in MOMENTS]) is None
    assert steady_from([], []) is None
    assert steady_from(MOMENTS, [1000.0] * 400) == 0


MIB = 2**20


@pytest.mark.parametrize(
    ("predicted", "allocated", "batch_size", "within"),
    [
        (1030 * MIB, 1000 * MIB, 32, True),
        (1060 * MIB, 1000 * MIB, 32, False),
        (90 * MIB, 120 * MIB, 1, True),  # 40 MiB
        (1090 * MIB, 1000 * MIB, 1, True),  # 10 %
        (1150 * MIB, 1000 * MIB, 31, False),
    ],
)
def test_predicted_memory_has_a_target_for_small_and_for_large_batches(predicted, allocated, batch_size, within):
    assert near(predicted, allocated, batch_size=batch_size) is within


def test_the_wheels_to_carry_are_every_dependency_but_torch_and_its_own():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.match(r"[A-Za-z0-9_.-]+", text)[0] for text in wanted} - {"torch", "torchvision"}
    text = (ROOT / "docs" / "gpu.md").read_text()
    (command,) = re.findall(r"pip wheel -w wheels -c constraints\.txt ([^#]+?)\n\n", text)
    assert names <= set(command.replace("\\", " ").split())


def on_a_simulated_card(name, directory):
    (step,) = (step for step in STEPS if step.name == name)
    with simulated_card():
        return step.run()(SIMULATED, directory, math.inf)


def test_on_a_simulated_card_a_burst_is_told_from_what_it_sustains():
    """Its speed is 1 - 0.2 (1 - exp(-t / 0.3 s)): the second from 0.7 s on is 1 % above its end, sooner when warm."""
    with simulated_card():
        moments, rates, states = queued(load_case(SIMULATED, batch_size=256), 3.0, math.inf)
    assert 0.3 < steady_from(moments, rates) < 0.8
    assert 0.15 < rates[0] / rates[-1] - 1 < 0.25
    assert all(state.throttle_reasons for state in states[-10:])


def test_the_session_reads_a_cards_state_while_it_works(tmp_path):
    idle, working, *_ = on_a_simulated_card("state", tmp_path)["rows"]
    assert (idle["throttled by"], working["throttled by"]) == ("nothing", "power")
    assert "1.98" in idle["clock (GHz)"]


@pytest.mark.slow
def test_no_case_of_the_sessions_memory_step_counts_what_those_before_it_left(tmp_path):
    found = on_a_simulated_card("memory", tmp_path)
    assert found["verdict"] == Verdict.GOOD, found
    assert len(found["rows"]) == 6
