"""What a launcher adds to a launch; `python -m benchmarks.launch_overhead` prints it for each that this machine has.

A request that measures nothing is asked of this machine, and by ssh, Slurm and Ray of this machine again, in turns.
Printed is the median of what each took more than the local launcher in the same round, and what starting the
connection took once. The services are those of the tests: an sshd, a Slurm of two nodes and a Ray, on loopback, started
one after another. Nothing else should run meanwhile; three minutes.
"""

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 7
ROOT = Path(__file__).parents[1]


def services(folder):
    """Return what starts each launcher's service, and gives a machine that it reaches."""
    from resnet_bench.records import Machine
    from tests.runner.services.slurm import slurm
    from tests.runner.services.sshd import host

    there = {"python": sys.executable, "environment": {"PYTHONPATH": str(ROOT)}}

    @contextlib.contextmanager
    def by_ssh():
        bench = host(folder)
        with bench.running():
            yield Machine(name="ssh", launcher="ssh", host="bench", options=("-F", str(bench.config)), **there)

    @contextlib.contextmanager
    def by_slurm():
        with slurm(folder) as cluster:
            os.environ.update(cluster.variables)
            yield Machine(name="slurm", launcher="slurm", constraint="h100", **there)

    @contextlib.contextmanager
    def by_ray():
        yield Machine(name="ray", launcher="ray", **there)

    return {"ssh": by_ssh, "slurm": by_slurm, "ray": by_ray}


def took_s(launcher):
    from resnet_bench.wire.messages import LookUpRequest

    began = time.monotonic()
    launcher.ask(LookUpRequest(builds=False))
    return time.monotonic() - began


def overhead(machine, rounds):
    """Return what the first launch took, and the medians of a local launch and of what the others took more."""
    from resnet_bench.runner.launchers import table

    local = table.launcher()
    with table.launcher(machine.name, [machine]) as there:
        first = took_s(there)
        pairs = [(took_s(local), took_s(there)) for _ in range(rounds)]
    return first, statistics.median(one for one, _ in pairs), statistics.median(two - one for one, two in pairs)


def main():
    import pytest

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    for name in ("ssh", "slurm", "ray"):
        with tempfile.TemporaryDirectory(prefix="rb-") as folder:
            start = services(Path(folder))[name]
            try:
                with start() as machine:
                    first, local, more = overhead(machine, asked.rounds)
            except (Exception, pytest.skip.Exception) as error:  # noqa: BLE001 - the others are measured all the same
                print(f"{name}: not measured ({error})")
                continue
        print(f"{name}: {more:.2f} s more than the {local:.2f} s of a local launch; {first:.1f} s for the first one")


if __name__ == "__main__":
    main()
