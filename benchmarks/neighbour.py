"""How far launches spread, with and without a busy neighbour; `python -m benchmarks.neighbour` prints the table.

Three settings of CPU threads: all cores with threads that spin while they wait (OMP_WAIT_POLICY=ACTIVE), all cores
with threads that sleep (PASSIVE), and the default, all cores but one, PASSIVE. Each with the machine as it is and with
a process that keeps one core busy. Launches are real ones; rounds of all six in random order, so that drift of the
machine hits all alike, until --budget is spent.
"""

import argparse
import contextlib
import os
import random
import statistics
import subprocess
import sys
import time

NEIGHBOUR = "while True: pass"


def settings():
    """Return name, threads and wait policy of each setting."""
    from resnet_bench.machine.environment import logical_cores

    cores = logical_cores()
    return (
        ("all cores, ACTIVE", cores, "ACTIVE"),
        ("all cores, PASSIVE", cores, "PASSIVE"),
        ("cores minus one, PASSIVE", max(1, cores - 1), "PASSIVE"),
    )


@contextlib.contextmanager
def neighbour(*, busy):
    """Keep one core busy while the block runs."""
    if not busy:
        yield
        return
    process = subprocess.Popen([sys.executable, "-c", NEIGHBOUR])
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def waiting(policy):
    """Have launches wait by this policy: a launch takes the variable over from its parent."""
    before = {name: os.environ.get(name) for name in ("OMP_WAIT_POLICY", "KMP_BLOCKTIME")}
    os.environ.update(OMP_WAIT_POLICY=policy, KMP_BLOCKTIME="infinite" if policy == "ACTIVE" else "0")
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def latency_s(model, batch_size, image_size, threads, policy, *, busy):
    """Return the median latency of one launch."""
    from resnet_bench import specs
    from resnet_bench.config import suite_file
    from resnet_bench.records import Case, Launch
    from resnet_bench.runner.launchers.local import LocalLauncher
    from resnet_bench.wire.messages import MeasureRequest

    request = MeasureRequest(
        case=Case(model=model, batch_size=batch_size, image_size=image_size, device="cpu", threads=threads),
        index=0,
        attempt=0,
        model=specs.find(model),
        protocol=suite_file.load_suite(preset="quick").protocol_on("cpu"),
    )
    with waiting(policy), neighbour(busy=busy):
        answer = LocalLauncher().ask(request)
    if not isinstance(answer, Launch):
        raise SystemExit(f"no launch: {answer.reason}: {answer.detail}")
    return statistics.median(answer.isolated.iteration_s)


def main():
    """Print one row for each setting, alone and beside the neighbour."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--budget", type=float, default=300.0, help="seconds, for everything")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    load, start = os.getloadavg()[0], time.monotonic()
    order = random.Random(asked.seed)  # noqa: S311 - an order, not a secret
    found = {(name, threads, policy, busy): [] for name, threads, policy in settings() for busy in (False, True)}
    round_s = 0.0
    while time.monotonic() - start + round_s <= asked.budget:
        began = time.monotonic()
        for name, threads, policy, busy in order.sample(list(found), len(found)):
            taken = latency_s(asked.model, asked.batch_size, asked.image_size, threads, policy, busy=busy)
            found[name, threads, policy, busy].append(taken)
        round_s = time.monotonic() - began
    print(f"load average {load:.1f} before, {os.getloadavg()[0]:.1f} after, on {os.cpu_count()} cores")
    print(f"{asked.model}, batch size {asked.batch_size}, {asked.image_size} px: medians of launches")
    print(f"{'setting':<26}{'neighbour':<11}{'launches':>8}{'median ms':>11}{'min ms':>9}{'max ms':>9}{'max/min':>9}")
    for (name, _, _, busy), taken in found.items():
        low, high = min(taken), max(taken)
        print(
            f"{name:<26}{'busy' if busy else 'none':<11}{len(taken):>8}{statistics.median(taken) * 1e3:>11.1f}"
            f"{low * 1e3:>9.1f}{high * 1e3:>9.1f}{high / low:>9.2f}"
        )
    for name, threads, policy in settings():
        alone, beside = (statistics.median(found[name, threads, policy, busy]) for busy in (False, True))
        print(f"{name}: a busy neighbour makes it {beside / alone:.2f} times as long")


if __name__ == "__main__":
    main()
