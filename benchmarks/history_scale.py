"""How long a long history takes; `python -m benchmarks.history_scale` prints the figures.

asv results of 2,000 commits x 40 models x 8 batch sizes (640,000 points) are made up from a seed, with a git
repository that knows the commits, and read by `resnet-bench history` in a process of its own. A third of the series
has a step that stays, a third one that was repaired. Bars on 2 cores: 20 s and 0.5 GiB, all processes together.

Then reading and judging are timed apart, in processor time of one process: at most 1 s for 5 MB, and at most twice what
asv's own detection (`asv.step_detect.detect_steps`) takes on the same series. With `--asv-results FOLDER ...` of real
results too; series of fewer than six points are no work for either.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

MODELS = 40
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
BENCHMARK = "latency.Latency.track_latency"
FIRST_DATE = 1_700_000_000
NOISE = 0.02
SHORTEST = 6


def make_repository(folder, commits):
    """Return the revisions of an empty repository with so many commits."""
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    lines = []
    for number in range(commits):
        when = f"{FIRST_DATE + 3600 * number} +0000"
        lines += ["commit refs/heads/main", f"committer A <a@example.org> {when}", f"data <<E\ncommit {number}\nE"]
    subprocess.run([*git, "fast-import", "--quiet"], input="\n".join(lines).encode() + b"\n", check=True)
    listed = subprocess.run([*git, "rev-list", "--reverse", "main"], check=True, capture_output=True, text=True)
    return listed.stdout.split()


def make_values(commits, series, seed=0):
    """Return values of shape (commits, series) and how many of the series have a step."""
    rng = np.random.default_rng(seed)
    values = np.exp(rng.normal(0, NOISE, (commits, series)) + rng.uniform(-6, 0, series))
    for one in range(series):
        if one % 3:
            start = int(rng.integers(commits // 10, commits // 2))
            end = commits if one % 3 == 1 else start + int(rng.integers(20, commits // 4))
            values[start:end, one] *= 1 + rng.uniform(0.05, 0.3)
    return values, sum(one % 3 > 0 for one in range(series))


def make_results(folder, revisions, values, *, models=MODELS, batch_sizes=BATCH_SIZES):
    """Write the results folder as asv 0.6 writes it, intervals included, and return its size in bytes."""
    machine = folder / "bench-01"
    machine.mkdir(parents=True)
    about = {"machine": "bench-01", "os": "Linux", "arch": "x86_64", "cpu": "Example", "num_cpu": "2", "ram": "8"}
    (machine / "machine.json").write_text(json.dumps(about | {"version": 1}))
    parameters = [[repr(f"resnet{number}") for number in range(models)], [str(size) for size in batch_sizes]]
    entry = {"name": BENCHMARK, "param_names": ["model", "batch_size"], "params": parameters, "type": "track"}
    entry |= {"unit": "seconds", "version": "1", "rounds": 2}
    (folder / "benchmarks.json").write_text(json.dumps({BENCHMARK: entry, "version": 2}))
    columns = ["result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b"]
    columns += ["stats_q_25", "stats_q_75", "stats_number", "stats_repeat", "samples", "profile"]
    size = 0
    for number, revision in enumerate(revisions):
        row = values[number]
        date = (FIRST_DATE + 3600 * number) * 1000
        cells = [row.tolist(), parameters, "1", date, 60.0]
        cells += [[float(f"{value:.5g}") for value in row * factor] for factor in (0.97, 1.03, 0.99, 1.01)]
        cells += [[1] * len(row), [20] * len(row)]
        content = {"commit_hash": revision, "env_name": "virtualenv-py3.11-torch2.13.0", "date": date, "params": about}
        content |= {"python": "3.11", "requirements": {"torch": "2.13.0"}, "env_vars": {}, "result_columns": columns}
        content |= {"results": {BENCHMARK: cells}, "durations": {}, "version": 2}
        text = json.dumps(content)
        size += len(text)
        (machine / f"{revision[:8]}-virtualenv-py3.11-torch2.13.0.json").write_text(text)
    return size


def watched(command):
    """Run a command; return its wall time, its processor time, and the most memory that its processes had at once."""
    import psutil

    most, done = 0, threading.Event()
    start = time.perf_counter()
    before = os.times()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:

        def watch():
            nonlocal most
            while not done.wait(0.05):
                try:
                    root = psutil.Process(child.pid)
                    most = max(most, sum(it.memory_info().rss for it in (root, *root.children(recursive=True))))
                except psutil.NoSuchProcess:
                    continue

        watcher = threading.Thread(target=watch)
        watcher.start()
        status = child.wait()
        elapsed = time.perf_counter() - start
        done.set()
        watcher.join()
    if status:
        raise SystemExit(f"{command[3]} ended with {status}")
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return elapsed, spent, most


def parts(folder, name, limit):
    """Print what reading and judging cost apart, and how the latter compares with asv's detection."""
    from asv.step_detect import detect_steps

    from resnet_bench.analysis.history.points import collect_asv
    from resnet_bench.analysis.history.series import judged
    from resnet_bench.interop import asv_read

    megabytes = sum(path.stat().st_size for path in folder.rglob("*.json")) / 1e6
    start = time.process_time()
    results = asv_read.read(folder)
    reading = time.process_time() - start
    found, dates = {}, {}
    collect_asv(results, found, dates, read=())
    place = {revision: number for number, revision in enumerate(sorted(dates, key=lambda it: (dates[it], it)))}
    many = [one for key, points in found.items() if len((one := points.in_order(key, place)).values) >= SHORTEST]
    many = many[:: max(1, len(many) // limit)]
    judged(many[0])
    start = time.process_time()
    for one in many:
        judged(one)
    ours = time.process_time() - start
    start = time.process_time()
    for one in many:
        detect_steps(list(one.values))
    theirs = time.process_time() - start
    points = sum(len(one.values) for one in many)
    print(
        f"{name}: read {megabytes:.0f} MB in {reading:.1f} s ({5 * reading / megabytes:.2f} s for 5 MB); "
        f"judged {len(many)} series of {points:,} points in {ours:.2f} s, "
        f"asv {theirs:.2f} s: {ours / theirs:.2f} times",
        flush=True,
    )


def main():
    """Print one line for each step, and the peak memory of the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commits", type=int, default=2000)
    parser.add_argument("--series", type=int, default=1000, help="at most so many of a folder's series are judged")
    parser.add_argument("--asv-results", type=Path, nargs="+", default=[], help="folders of real results")
    arguments = parser.parse_args()
    commits = arguments.commits
    series = MODELS * len(BATCH_SIZES)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {commits * series:,} points")
    with tempfile.TemporaryDirectory() as scratch:
        start = time.perf_counter()
        revisions = make_repository(Path(scratch), commits)
        values, stepped = make_values(commits, series)
        results = Path(scratch) / "results"
        size = make_results(results, revisions, values)
        print(f"generated {size / 2**20:.0f} MiB in {time.perf_counter() - start:.1f} s")
        command = [sys.executable, "-m", "resnet_bench", "history", "--asv-results", f"{scratch}/results"]
        command += ["--repository", scratch, "--format", "json", "-o", f"{scratch}/history.json"]
        elapsed, spent, most = watched(command)
        found = json.loads(Path(scratch, "history.json").read_text())["series"]
        changed = [sum(bool(one["changes"]) for one in found), sum(len(one["changes"]) for one in found)]
        print(f"whole command {elapsed:.1f} s ({spent:.1f} s of processors), peak memory {most / 2**30:.2f} GiB")
        print(f"{changed[0]} of {series} series changed ({stepped} have a step), {changed[1]} change points")
        parts(results, "made up", arguments.series // 10)
    for folder in arguments.asv_results:
        parts(folder, str(folder), arguments.series)


if __name__ == "__main__":
    main()
