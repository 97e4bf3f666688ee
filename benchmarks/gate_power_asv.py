"""asv on the trials of `benchmarks.gate_power`: `asv continuous --interleave-rounds` in the time that ours takes.

The same subject, one thread, the factor set to our noise band (with asv's default of 1.1 it could not see 5 %), and as
many rounds as fit the median wall time of our trials. asv's environment borrows this one's packages, so that a trial
pays for no installation but the switch between the two commits. Run gate_power first: its costs and times are used.
One round keeps no samples in asv 0.6, which then asks whether its two intervals of 99 % overlap, not Mann and Whitney.

    python -m benchmarks.gate_power_asv --budget 30m
"""

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

import msgspec

from benchmarks.gate_power import BAND, DEFAULT_DATA, KINDS, ROOT, Calibrated, Trial, busy_neighbour, rate, read
from resnet_bench import units
from resnet_bench.records import Record

TRIALS = 25
MOST_ROUNDS = 20
_ROW = re.compile(r"^\|\s*([^|\s]?)\s*\|\s*([^|]+?)\s*\|\s*([^|]+?)\s*\|\s*~?([\d.]+)\s*\|\s*forward", re.MULTILINE)
_PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
# A wheel made by hand: the subject is one module, and a build that fetches nothing is not asv's time.
_BACKEND = """
import pathlib, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    info = "subject-1.0.dist-info"
    with zipfile.ZipFile(pathlib.Path(folder) / "subject-1.0-py3-none-any.whl", "w") as wheel:
        wheel.write("subject.py")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: subject\\nVersion: 1.0\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return "subject-1.0-py3-none-any.whl"
"""
_SUITE = """
import subject, torch

MODEL, IMAGES = [], []

def setup():
    if not MODEL:
        torch.set_num_threads(1)
        MODEL.append(subject.build().eval())
        IMAGES.append(torch.randn(1, 3, subject.IMAGE_SIZE, subject.IMAGE_SIZE))

def time_forward():
    with torch.inference_mode():
        MODEL[0](IMAGES[0])

time_forward.setup = setup
"""
_BORROW = "import pathlib, sysconfig; pathlib.Path(sysconfig.get_path('purelib'), 'borrowed.pth').write_text({paths!r})"


class AsvTrial(Record, frozen=True, kw_only=True):
    """One `asv continuous`: what its table called the benchmark ("+" slower, "-" faster, "" neither), and why."""

    kind: str
    rounds: int
    called: str
    before: str
    after: str
    ratio: float
    wall_s: float
    load_average: float


class Repository:
    """A scratch repository with a commit for every subject, and asv over it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._git("init", "--quiet", "-b", "main")
        (root / "suite").mkdir()
        (root / "suite" / "__init__.py").touch()
        (root / "suite" / "forward.py").write_text(_SUITE)
        (root / "pyproject.toml").write_text(_PROJECT)
        (root / "backend.py").write_text(_BACKEND)
        paths = f"{sysconfig.get_path('purelib')}\n{ROOT}\n"
        (root / "borrow.py").write_text(_BORROW.format(paths=paths))
        configuration = {
            "version": 1,
            "project": "subject",
            "repo": ".",
            "branches": ["main"],
            "environment_type": "virtualenv",
            "launch_method": "spawn",
            "benchmark_dir": "suite",
            "build_command": ["python -m pip wheel -q --no-deps --no-build-isolation -w {build_cache_dir} {build_dir}"],
            "install_command": [
                "python -m pip install -q --force-reinstall --no-deps {wheel_file}",
                "python {conf_dir}/borrow.py",
            ],
            "matrix": {"req": {"pip+asv_runner": ["0.3.2"]}},
        }
        (root / "asv.conf.json").write_text(json.dumps(configuration))
        self._variables = os.environ | {"HOME": str(root / "home"), "OMP_NUM_THREADS": "1"}
        (root / "home").mkdir()
        self.asv("machine", "--yes")

    def commit(self, build: str) -> str:
        """Return the commit whose subject is built by `build`; each call makes a new one."""
        text = f"from benchmarks.gate_subject import IMAGE_SIZE\nfrom benchmarks.gate_subject import {build} as build\n"
        (self.root / "subject.py").write_text(text)
        self._git("add", "-A")
        self._git("commit", "--quiet", "--allow-empty", "-m", build)
        return self._git("rev-parse", "HEAD")

    def asv(self, *arguments: str) -> str:
        """Run asv and return what it printed."""
        command = [sys.executable, "-m", "asv", *arguments]
        done = subprocess.run(
            command, cwd=self.root, env=self._variables, capture_output=True, text=True, check=False, timeout=900
        )
        if done.returncode not in {0, 1}:
            sys.exit(f"asv {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def _git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=trial", "-c", "user.email=trial@example.org")
        done = subprocess.run(["git", *identity, *arguments], cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()


def main() -> None:
    """Run trials of every kind in turn, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=TRIALS, help="of each kind")
    parser.add_argument("--budget", default="30m", help="start no trial after so long")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this one; can be given several times")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA.with_name("gate_power_asv.jsonl"))
    parser.add_argument("--rounds", type=int, help="so many instead of those that fit our time")
    parser.add_argument("--ours", type=Path, default=DEFAULT_DATA, help="the data of benchmarks.gate_power")
    arguments = parser.parse_args()
    ours = read(arguments.ours)
    walls = [line.wall_s for line in ours if isinstance(line, Trial)]
    channels = {line.slowdown: line.channels for line in ours if isinstance(line, Calibrated)}
    if not walls or any(kind.slowdown and kind.slowdown not in channels for kind in KINDS.values()):
        sys.exit(f"{arguments.ours} holds no finished trials; run python -m benchmarks.gate_power first.")
    done = _read(arguments.data)
    wanted = _wanted(done, arguments.trials, arguments.kind or list(KINDS))
    if wanted:
        with tempfile.TemporaryDirectory() as scratch:
            _run(
                Repository(Path(scratch)),
                wanted,
                channels=channels,
                arguments=arguments,
                target_s=statistics.median(walls),
            )
    print("\n".join(table(_read(arguments.data), statistics.median(walls))))


def table(trials: list[AsvTrial], ours_s: float) -> list[str]:
    """Return the rates of asv with exact 95 % binomial intervals."""
    lines = [f"asv continuous --interleave-rounds, factor {1 + BAND:g}; the median of our trials is {ours_s:.1f} s", ""]
    counts = f"{'kind':22}{'trials':>7}{'slower':>8}{'faster':>8}"
    lines.append(f"{counts}  {'called':30}{'ratio, middle half':>20}{'median s':>9}{'rounds':>7}")
    for name, kind in KINDS.items():
        found = [it for it in trials if it.kind == name]
        if not found:
            continue
        slower, faster = (sum(it.called == sign for it in found) for sign in "+-")
        claims = slower + (faster if kind.slowdown == 0 else 0)
        wall_s = statistics.median(it.wall_s for it in found)
        rounds = statistics.median(it.rounds for it in found)
        low, _, high = (
            statistics.quantiles([it.ratio for it in found], n=4) if len(found) > 1 else (found[0].ratio,) * 3
        )
        lines.append(
            f"{name:22}{len(found):7}{slower:8}{faster:8}  {rate(claims, len(found)):30}"
            f"{f'{low:.2f} to {high:.2f}':>20}{wall_s:9.1f}{rounds:7g}"
        )
    return lines


def _run(
    repository: Repository,
    wanted: list[str],
    *,
    channels: dict[float, int],
    arguments: argparse.Namespace,
    target_s: float,
) -> None:
    deadline = time.monotonic() + units.parse_seconds(arguments.budget)
    base = repository.commit("plain")
    contenders = {
        name: repository.commit(f"slowed_{channels[kind.slowdown]}" if kind.slowdown else "plain")
        for name, kind in KINDS.items()
    }
    for commit in contenders.values():  # builds and caches every wheel, which no trial should pay for
        _continuous(repository, base, commit, rounds=1)
    took = {
        rounds: _timed(lambda n=rounds: _continuous(repository, base, contenders[wanted[0]], rounds=n))
        for rounds in (1, 4)
    }
    per_round = max((took[4] - took[1]) / 3, 0.1)
    rounds = arguments.rounds or max(1, min(MOST_ROUNDS, int(1 + (target_s - took[1]) / per_round)))
    for name in wanted:
        if time.monotonic() > deadline:
            break
        start = time.monotonic()
        with busy_neighbour() if KINDS[name].neighbour else contextlib.nullcontext():
            called, before, after, ratio = _continuous(repository, base, contenders[name], rounds=rounds)
        trial = AsvTrial(
            kind=name,
            rounds=rounds,
            called=called,
            before=before,
            after=after,
            ratio=ratio,
            wall_s=time.monotonic() - start,
            load_average=os.getloadavg()[0],
        )
        print(f"{name}: '{called}', {trial.wall_s:.1f} s, load {trial.load_average:.1f}", file=sys.stderr)
        arguments.data.parent.mkdir(parents=True, exist_ok=True)
        with arguments.data.open("ab") as file:
            file.write(msgspec.json.encode(trial) + b"\n")


def _continuous(repository: Repository, base: str, contender: str, *, rounds: int) -> tuple[str, str, str, float]:
    """Return what asv called the change, both values in its words, and their ratio."""
    flags = ("--interleave-rounds", "--factor", f"{1 + BAND}", "--no-only-changed", "--attribute", f"rounds={rounds}")
    said = repository.asv("continuous", base, contender, *flags)
    found = _ROW.search(said)
    if found is None:
        sys.exit(f"asv continuous measured nothing:\n{said}")
    called = found[1] if found[1] in {"+", "-"} else ""
    return called, found[2], found[3], float(found[4])


def _timed(call) -> float:
    start = time.monotonic()
    call()
    return time.monotonic() - start


def _wanted(done: list[AsvTrial], trials: int, kinds: list[str]) -> list[str]:
    """Return the kinds still to be tried, in turn, so that a stop leaves all of them as far."""
    counts = {name: sum(it.kind == name for it in done) for name in kinds}
    return [name for turn in range(trials) for name in kinds if turn >= counts[name]]


def _read(path: Path) -> list[AsvTrial]:
    return (
        [msgspec.json.decode(line, type=AsvTrial) for line in path.read_bytes().splitlines()] if path.exists() else []
    )


if __name__ == "__main__":
    main()
