"""A child and all that it starts: the answer is read to its end, the cause of none is said, and nobody is left."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resnet_bench.runner.launchers import guardian
from resnet_bench.runner.launchers.process import TimeLimitError
from resnet_bench.words import signal_name
from tests.runner import unruly
from tests.runner.unruly import ask

ROOT = Path(__file__).parents[2]


def test_a_quiet_child_answers_and_ends(family):
    ended = ask("answers")
    assert (ended.returncode, ended.answer, ended.errors, ended.left) == (0, unruly.ANSWER.encode(), "", ())
    assert family() == []


def test_what_a_test_starts_is_found(family):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert child.pid in {it.pid for it in family()}
    child.kill()
    child.wait()


MEMBER = st.recursive(
    st.tuples(st.booleans(), st.booleans(), st.just([])),
    lambda inner: st.tuples(st.booleans(), st.booleans(), st.lists(inner, max_size=2)),
    max_leaves=5,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(MEMBER, min_size=1, max_size=3))
def test_a_family_ends_with_its_answer_however_it_is_made(family, members):
    """Each holds the pipe of the answer, ignores SIGTERM, and may be an orphan with a session of its own."""
    ended = ask("has_family", members)
    assert (ended.answer, ended.left) == (unruly.ANSWER.encode(), ())
    assert family() == []


def test_a_guardian_does_not_do_as_it_is_told_by_a_child(family):
    assert ask("tells_its_guardian_to_end").answer == unruly.ANSWER.encode()
    assert family() == []


@pytest.mark.parametrize("name", ["stops", "stops_its_guardian_and_itself", "stops_a_child"])
def test_who_is_stopped_goes_on_and_answers(family, name):
    assert ask(name).answer == unruly.ANSWER.encode()
    assert family() == []


def test_many_that_multiply_end_too(family):
    assert ask("multiplies", 6).answer
    assert family() == []


@pytest.mark.parametrize(
    ("name", "arguments", "cause"),
    [
        ("exits", [0], "the process ended with status 0 and no answer"),
        ("exits", [7], "the process ended with status 7 and no answer"),
        ("dies", [signal.SIGSEGV], "the process died of SIGSEGV"),
        ("dies", [signal.SIGKILL], "the process died of SIGKILL"),
        ("dies", [40], "the process died of SIGRTMIN+6"),
        ("closes_its_descriptors", [], "the file descriptors that its process answers through were closed"),
        ("ends_its_guardian", [], "the process died of SIGKILL"),
    ],
)
def test_the_cause_of_no_answer_is_said(family, name, arguments, cause):
    ended = ask(name, *arguments)
    assert ended.cause == cause
    wait_until(lambda: family() == [])


@pytest.mark.parametrize("number", [1, 9, 11, 31, 34, 40, 64, 99])
def test_every_signal_has_a_name(number):
    assert signal_name(number).startswith(("SIG", "signal "))


def test_what_is_no_answer_is_told_from_none():
    ended = ask("talks_nonsense")
    assert ended.answer == b"\x1b[31mhello"
    assert ended.cause == "what its process answered is no answer"


def test_a_hundred_megabytes_on_standard_error_leave_their_end_alone():
    ended = ask("talks", 100)
    assert ended.answer == unruly.ANSWER.encode()
    assert 0 < len(ended.errors) <= 4000


@pytest.mark.parametrize("name", ["eats_signals", "talks_for_ever"])
def test_who_does_not_answer_is_ended_after_its_time(family, name):
    with pytest.raises(TimeLimitError):
        ask(name, limit_s=1.5)
    assert family() == []


def test_a_family_ends_with_the_parent_that_is_killed(family, tmp_path):
    started = tmp_path / "started"
    asked = ("waits", str(started), [[True, True, [[False, False, []]]], [False, False, []]])
    code = f"from tests.runner.unruly import ask; ask(*{asked!r})"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    wait_until(started.exists)
    assert len(family()) >= 5
    parent.kill()
    parent.wait()
    wait_until(lambda: family() == [])


def wait_until(is_so, limit_s=60.0):
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_where_nobody_inherits_orphans_processes_are_known_by_their_environment(family, tmp_path):
    """As on systems other than Linux; one that was given another environment would not be found."""
    script = tmp_path / "guardian.py"
    source = Path(guardian.__file__).read_text()
    assert source.count('sys.platform == "linux"') == 1
    script.write_text(source.replace('sys.platform == "linux"', "False"))
    report, theirs = os.pipe()
    asked = json.dumps(["has_family", [[[True, True, []], [False, True, [[True, False, []]]]]]]).encode() + b"\n"
    child = subprocess.Popen(
        [sys.executable, "-P", str(script), str(theirs), "", sys.executable, "-m", "tests.runner.unruly"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        pass_fds=(theirs,),
        start_new_session=True,
    )
    os.close(theirs)
    child.stdin.write(asked)
    child.stdin.flush()
    with os.fdopen(report) as reader:
        assert json.loads(reader.readline()) == {"status": 0, "left": []}
    child.communicate()
    assert family() == []
