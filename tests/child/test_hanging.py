"""Which of several processes holds the others up, and when they are given up."""

import os
import signal
import subprocess
import time

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench.child import idle
from resnet_bench.child.began import BEGAN_S
from resnet_bench.child.together import ENDING_S, deadline_s
from tests.make import change, launch_request


@pytest.fixture
def sleepers():
    made = [subprocess.Popen(["sleep", "60"]) for _ in range(2)]
    yield made
    for it in made:
        it.kill()
        it.wait()


def test_a_process_that_is_stopped_is_told_from_one_that_waits(sleepers):
    processes = dict(enumerate(it.pid for it in sleepers))
    # One twice: of two that wait the system may count a tick of the CPU for one alone.
    assert idle.among(dict.fromkeys(processes, sleepers[0].pid)) == [0, 1]
    sleepers[1].send_signal(signal.SIGSTOP)
    while psutil.Process(sleepers[1].pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)
    assert idle.among(processes) == [1]
    assert idle.among({0: 0, 1: sleepers[1].pid}) == [1]


def test_one_that_got_far_less_of_the_cpu_is_told_and_one_that_is_not_there_is_not(sleepers):
    assert idle.among({0: os.getpid(), 1: sleepers[1].pid}) == [1]
    assert idle.among({0: os.getpid(), 1: 0}) == [0, 1]
    assert idle.among({0: os.getpid(), 1: os.getpid()}) == [0, 1]
    assert idle.among({}) == []


@given(st.floats(0.01, 1e5))
def test_processes_are_given_up_in_time_to_end_and_to_name_who_was_late(limit_s):
    request = launch_request("resnet18")
    given_s = deadline_s(change(request, protocol=change(request.protocol, time_limit_s=limit_s))) - BEGAN_S
    assert 0.49 * limit_s <= given_s < limit_s
    if limit_s > 10.01:
        assert limit_s - given_s > ENDING_S + 1.9
