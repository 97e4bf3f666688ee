"""How the commands that read runs grow with their cases; `python -m benchmarks.scale` prints the table.

Runs of `--cases` cases and three launches each are made up from a seed and written by the product's own writer, then
real commands work on them: seconds of CPU and elapsed, peak memory, and the elapsed time as a ratio to
`python -c "import torch"` of the same session. Bar: `baseline set` of three runs of 10,000 cases below 20 s. Last, what
passes from the start of `run` to its first launch, as the same ratio, with its ceilings known. `history` has
`benchmarks/history_scale.py`.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LAUNCHES = 3
SAMPLES = 8


def write_run(directory, cases, *, seed):
    """Write a made-up run of so many cases of one machine."""
    from tests import make

    rng = random.Random(seed)  # noqa: S311 - made-up figures, no secret
    measurements = []
    for number in range(cases):
        case = make.case(model=f"resnet{number // 40}", batch_size=1 + number % 40)
        level = 0.01 * (1 + number % 40) * rng.lognormvariate(0, 0.01)
        launches = [
            [level * base * rng.lognormvariate(0, 0.002) for _ in range(SAMPLES)]
            for base in (rng.lognormvariate(0, 0.01) for _ in range(LAUNCHES))
        ]
        measurements.append(make.measurement(launches, of=case, profile=make.profile(case)))
    make.save_run(directory, make.run_of(measurements, name=directory.name))
    return directory


def timed(*arguments, folder):
    """Run a command and return elapsed and CPU seconds, peak memory in bytes, and its exit code."""
    start = time.perf_counter()
    with (folder / "errors").open("w") as errors:
        child = subprocess.Popen([sys.executable, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return (
        time.perf_counter() - start,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * 1024,
        child.returncode,
    )


def first_launch_s(folder):
    """Return the seconds from the start of `run` to the start of its first launch; the ceilings are known by then."""
    case = ("--models", "cifar_resnet20", "--batch-sizes", "1", "--launches", "1", "--device", "cpu")
    command = [sys.executable, "-m", "resnet_bench", "run", *case]
    subprocess.run([*command, "-o", "warm"], cwd=folder, capture_output=True, check=True)
    start = time.perf_counter()
    with subprocess.Popen([*command, "-o", "timed"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        while not (folder / "timed" / "run.json").exists():  # written just before the first launch
            time.sleep(0.005)
        return time.perf_counter() - start


def main():
    """Print one row for each command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    tool = ("-m", "resnet_bench")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
        for name, seed in (("a", 0), ("b", 1), ("c", 2)):
            write_run(folder / name, asked.cases, seed=asked.seed + seed)
        (folder / "t.toml").write_text('[[rule]]\nmetric = "latency_s"\nlimit = "5 %"\n')
        torch_s = min(timed("-c", "import torch", folder=folder)[0] for _ in range(3))
        print(f"{asked.cases:,} cases, {LAUNCHES} launches each; import torch {torch_s:.2f} s; load {load:.1f}")
        print("command                elapsed s   CPU s  peak MiB  times import torch  exit code")
        for name, arguments in (
            ("baseline set a b c", ("baseline", "set", "main", "a", "b", "c")),
            ("compare a b", ("compare", "a", "b")),
            ("check b", ("check", "b", "--baseline", "main", "--thresholds", "t.toml")),
            ("report a -o page.html", ("report", "a", "-o", "page.html")),
            ("merge a b c -o joined", ("merge", "a", "b", "c", "-o", "joined")),
        ):
            elapsed_s, cpu_s, peak, code = timed(*tool, *arguments, folder=folder)
            print(f"{name:<22} {elapsed_s:9.1f} {cpu_s:7.1f} {peak / 2**20:9.0f} {elapsed_s / torch_s:19.1f} {code:10}")
        launch_s = first_launch_s(folder)
        print(f"start to first launch  {launch_s:9.1f} {'':7} {'':9} {launch_s / torch_s:19.1f}")
        print(f"load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
