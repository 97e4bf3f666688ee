"""What the pytest plugin costs a suite that does not use it: the CPU time of `--collect-only`, with it and without.

    python -m benchmarks.pytest_start [--pairs 20]

Pairs of processes in turns; a ratio, for seconds are this machine's alone.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PLUGIN = "resnet_bench.pytest_plugin"
SUITE = "\n".join(f"def test_{number}():\n    pass" for number in range(100))


def cpu_s(folder, *arguments):
    before = os.times()
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *arguments]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    pairs = parser.parse_args().pairs
    rng = random.Random(0)  # noqa: S311 - an order
    ratios = []
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "test_it.py").write_text(SUITE)
        for _ in range(pairs):
            spent = {}
            for which in rng.sample(("with", "without"), 2):
                spent[which] = cpu_s(scratch, *(("-p", PLUGIN) if which == "with" else ("-p", f"no:{PLUGIN}")))
            ratios.append(spent["with"] / spent["without"])
    ratios.sort()
    low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
    middle = statistics.median(ratios)
    print(f"with the plugin: {middle:.3f} of the CPU time without ({low:.3f} to {high:.3f}, {pairs} pairs)")


if __name__ == "__main__":
    main()
