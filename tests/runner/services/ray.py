"""Ray on one machine, on loopback: a head with the resource "h100" and a node with "a100", a CPU each."""

import contextlib
import importlib.util
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.runner.services.started import free_port, service, until

_HOST = "127.0.0.2"  # loopback too, and Ray does not take it for the outer address of this host as it does 127.0.0.1
# Nobody else may join, nothing is told to anybody, and workers are as urgent as all else.
VARIABLES = {
    "no_grpc_proxy": _HOST,
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
}


@dataclass
class RayNodes:
    """A cluster; `nodes` are the processes of `ray start` by the resources of their nodes."""

    address: str
    start_node: Callable[[str], None] = lambda _: None
    nodes: dict[str, subprocess.Popen] = field(default_factory=dict)

    def kill_node(self, name):
        """End its raylet and all that runs there, as a power cut would."""
        with contextlib.suppress(psutil.Error):  # it has gone
            for process in psutil.Process(self.nodes[name].pid).children(recursive=True):
                process.kill()
        self.nodes[name].kill()


def needs_ray():
    if importlib.util.find_spec("ray") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs Ray: pip install 'resnet-bench[ray]'")


@contextlib.contextmanager
def ray_nodes(folder):
    needs_ray()
    port = free_port()
    cluster = RayNodes(f"{_HOST}:{port}")
    with contextlib.ExitStack() as services:
        short = services.enter_context(tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True))

        def start(name, *where):
            command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", *where]
            has = (
                f"--node-ip-address={_HOST}",
                "--num-cpus=1",
                f'--resources={{"{name}": 1}}',
                "--object-store-memory=80000000",
            )
            log = folder / f"{name}.log"
            node = services.enter_context(service([*command, *has], log, env=os.environ | VARIABLES, cwd=short))
            cluster.nodes[name] = node
            services.callback(cluster.kill_node, name)
            until(f"no node {name}", lambda: "Ray runtime started" in log.read_text(), log)

        start("h100", "--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={Path(short)}")
        cluster.start_node = lambda name: start(name, f"--address={cluster.address}")
        cluster.start_node("a100")
        yield cluster
