"""What the driver uses of Ray, in threads of the driver itself: its nodes are those of a file.

$SIMULATED_RAY names it. It has `nodes`, as `ray.nodes` returns them, and may say that `init_fails`, that all nodes are
`busy`, or the number of the task that `dies` with its node.
"""

import json
import os
import threading
import time
from pathlib import Path


class NodeDiedError(Exception):
    pass


def _said():
    return json.loads(Path(os.environ["SIMULATED_RAY"]).read_text())


def init(*, address, log_to_driver, **own):
    assert (address == "local") == ("_node_ip_address" in own)
    assert not log_to_driver
    if "init_fails" in _said():
        raise ConnectionError(_said()["init_fails"])


def nodes():
    return _said()["nodes"]


def remote(*, max_retries, max_calls):
    assert (max_retries, max_calls) == (0, 1)  # nothing is measured twice, and no worker serves twice
    return _Function


class _Function:
    def __init__(self, function):
        self._function = function

    def options(self, *, name, num_cpus, num_gpus, resources, label_selector=None):
        assert name
        assert num_cpus or num_gpus or resources or label_selector
        return self

    def remote(self, *arguments):
        return _Steps(self._function, arguments)


class _Steps:
    """The values that a task yields, or the error that ends it, as they come."""

    count = 0

    def __init__(self, function, arguments):
        _Steps.count += 1
        self._number = _Steps.count
        self.values = []
        self.is_cancelled = False
        threading.Thread(target=self._run, args=(function, arguments), daemon=True).start()

    def _run(self, function, arguments):
        while _said().get("busy") and not self.is_cancelled:
            time.sleep(0.02)
        if self.is_cancelled:
            return
        for value in function(*arguments):
            self.values.append(value)
            if self._number == _said().get("dies"):
                self.values.append(NodeDiedError("the node it was running on is dead or unavailable.\nNode IP: n"))
                return

    def __next__(self):
        return self.values.pop(0)


def wait(steps, *, timeout):
    deadline = time.monotonic() + timeout
    while not steps[0].values and time.monotonic() < deadline:
        time.sleep(0.01)
    return ([], steps) if not steps[0].values else (steps, [])


def get(value):
    if isinstance(value, Exception):
        raise value
    return value


def cancel(steps, *, force):
    assert force
    steps.is_cancelled = True
