"""What a sweep costs the machine that its parent runs on; `python -m benchmarks.parent_load` prints the figures.

64 machines that measure nothing are reached by a command each, as srun or ssh would be, and 99,840 launches are planned
on them. After 400 answers (`--answers`) the run is interrupted. Printed are processor time of the parent alone for each
answer, which at 10 answers a second is its share of a core; the most memory that it had; bytes of the run directory for
each launch. An answer has 100 samples of each protocol. Bars: 5 % of a core at 10 answers a second, 500 MB.
"""

import argparse
import contextlib
import json
import os
import resource
import signal
import tempfile
import threading
import time
from pathlib import Path

MACHINES, CASES, LAUNCHES, SAMPLES = 64, 260, 6, 100
RATE = 10.0


def seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def suite_of(folder, machines):
    """Write a suite of so many stub machines, and return its path and their launches."""
    from tests.runner.stub_machine import prepared

    sizes = list(range(1, CASES + 1))
    tables = prepared(folder / "machines", *(f"n{number:02}" for number in range(machines)), samples=SAMPLES)
    head = f'device = "cpu"\n[protocol]\nlaunches = {LAUNCHES}\n[[sweep]]\nmodels = ["cifar_resnet20"]\n'
    path = folder / "suite.toml"
    path.write_text(f"{head}batch_sizes = {json.dumps(sizes)}\n{tables}")
    return path, machines * CASES * LAUNCHES


def watched(lines, answers, found):
    """Note what the parent has used when the first launch is saved, and when so many are; then stop it."""

    def count():
        return lines.read_bytes().count(b"\n") if lines.exists() else 0

    while count() < 1:
        time.sleep(0.05)
    begun, before = time.monotonic(), seconds()
    while (saved := count()) < answers:
        time.sleep(0.5)
    found |= {"answers": saved, "elapsed_s": time.monotonic() - begun, "cpu_s": seconds() - before}
    found["bytes"] = lines.stat().st_size / saved
    os.kill(os.getpid(), signal.SIGINT)


def measured(machines, answers):
    from resnet_bench.config.suite_file import load_suite
    from resnet_bench.errors import Interrupted
    from resnet_bench.runner import run
    from resnet_bench.runner.launchers import table
    from resnet_bench.storage import run_directory

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, planned = suite_of(folder, machines)
        suite = load_suite(path)
        found = {}
        arguments = (folder / "run" / run_directory.LAUNCHES_NAME, answers, found)
        threading.Thread(target=watched, args=arguments, daemon=True).start()
        with table.opened("", suite.machines) as fleet, contextlib.suppress(Interrupted):
            run.start(suite, folder / "run", launcher=fleet)
        found["header_bytes"] = (folder / "run" / run_directory.HEADER_NAME).stat().st_size
    found["most_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return found, planned


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--machines", type=int, default=MACHINES)
    parser.add_argument("--answers", type=int, default=400)
    asked = parser.parse_args()
    found, planned = measured(asked.machines, asked.answers)
    each = found["cpu_s"] / found["answers"]
    print(f"{asked.machines} machines, {planned:,} launches planned, {found['answers']} answers")
    print(f"answers a second on this machine: {found['answers'] / found['elapsed_s']:.1f}")
    print(f"parent: {1e3 * each:.2f} ms of processor time an answer, {100 * RATE * each:.1f} % of a core at {RATE:g}/s")
    print(f"parent: {found['most_bytes'] / 1e6:.0f} MB at most")
    print(f"run directory: {found['bytes']:.0f} bytes a launch, header {found['header_bytes'] / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
