"""How often `ab`'s gate cries wolf and how often it sleeps, on this machine: live trials with known truth.

Identical code, quiet and with a busy neighbour, and networks slowed down by an extra convolution whose cost is
measured first. Every finished trial is a line in the data file, so the benchmark goes on where it was stopped.

    python -m benchmarks.gate_power --budget 30m
    python -m benchmarks.gate_power --trials 0        # the table of what is there
    python -m benchmarks.gate_power --sequential --kind identical --kind "10 % slower" --budget 11m    # ten minutes
    python -m benchmarks.gate_power --simulated       # compare's and check's statistics on made-up launches instead
"""

import argparse
import contextlib
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from scipy import stats

from benchmarks import enough_trials, gate_simulation
from benchmarks.gate_subject import IMAGE_SIZE
from resnet_bench import units
from resnet_bench.analysis.stats import exponential, interval_of
from resnet_bench.analysis.verdicts.sequential import trimmed_mean
from resnet_bench.records import Case, Record, Verdict
from resnet_bench.records.live import Matchup, MatchupResult, Side
from resnet_bench.runner import live

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_DATA = ROOT / "reports" / "gate_power.jsonl"
BAND = 0.02
TURNS_S = 1.0
TRIAL_BUDGET_S = 120.0
CALIBRATION_PROCESSES = 6
CALIBRATION_S = 4.0
CALIBRATION_ATTEMPTS = 3
CALIBRATION_TOLERANCE = 0.07
CALIBRATION_CHANNELS = (20, 200)
# Ends with this process, however that ends: a neighbour left behind would spoil what is measured next.
_NEIGHBOUR = """
import os, sys, threading
import numpy as np
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
a = np.ones((512, 512))
while True: a @ a
"""


class Kind(NamedTuple):
    """One kind of trial: the slowdown injected, whether a neighbour is busy, how many are wanted, and the bar."""

    slowdown: float
    neighbour: bool
    trials: int
    bar: str


KINDS = {
    "identical": Kind(0.0, False, 50, "at most 1 false in both"),
    "identical, neighbour": Kind(0.0, True, 50, "at most 1 false in both"),
    "5 % slower": Kind(0.05, False, 100, "98 of 100 found"),
    "3 % slower": Kind(0.03, False, 50, "45 of 50 found"),
    "10 % slower": Kind(0.10, False, 25, "25 of 25 found"),
}


class Calibrated(Record, frozen=True, kw_only=True, tag="calibrated"):
    """What the extra convolution of so many channels costs here: the ratio within a process, and its 95 % interval."""

    slowdown: float
    channels: int
    ratio: float
    low: float
    high: float


class Trial(Record, frozen=True, kw_only=True, tag="trial"):
    """One live comparison: the verdict, and the launch pairs it came from (log ratios as judged and as elapsed)."""

    kind: str
    seed: int
    verdict: Verdict
    ratio: float
    pairs: int
    wall_s: float
    load_average: float
    log_ratios: tuple[float, ...]
    elapsed_log_ratios: tuple[float, ...]


def main() -> None:
    """Calibrate where needed, run trials, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=sum(kind.trials for kind in KINDS.values()))
    parser.add_argument("--budget", default="30m", help="start no trial after so long")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this one; can be given several times")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    parser.add_argument("--sequential", action="store_true", help="stop each kind as soon as its share is decided")
    parser.add_argument("--simulated", action="store_true", help="simulate compare and check, measure nothing")
    parser.add_argument("--simulated-trials", type=int, default=2000, help="tables of each kind")
    arguments = parser.parse_args()
    if arguments.simulated:
        for line in gate_simulation.table(arguments.simulated_trials):
            print(line, flush=True)
        print()
        for line in gate_simulation.band_table(arguments.simulated_trials):
            print(line, flush=True)
        return
    kinds = {name: KINDS[name] for name in arguments.kind or KINDS}
    deadline = time.monotonic() + units.parse_seconds(arguments.budget)
    lines = read(arguments.data)
    done = 0
    while done < arguments.trials and time.monotonic() < deadline:
        line = _calibrate_next(lines, kinds) or _try_next(lines, kinds, sequential=arguments.sequential)
        if line is None:
            break
        lines.append(line)
        done += isinstance(line, Trial)
        _append(arguments.data, line)
    print("\n".join(table(lines)))
    if arguments.sequential:
        print()
        for name, right in ((it, _right(lines, it)) for it in kinds):
            share = rate(sum(right), len(right)) if right else "-"
            print(f"{name}: {enough_trials.sentence(right, share)}")


def read(path: Path) -> list[Calibrated | Trial]:
    """Return what is measured already."""
    decoder = msgspec.json.Decoder(Calibrated | Trial)
    return [decoder.decode(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def table(lines: list[Calibrated | Trial]) -> list[str]:
    """Return the rates with exact 95 % binomial intervals (Clopper and Pearson)."""
    text = [_calibrated_line(it) for it in lines if isinstance(it, Calibrated)] + [""]
    text.append(
        f"{'kind':22}{'trials':>7}{'regressed':>10}{'improved':>9}{'unchanged':>10}{'undecided':>10}"
        f"  {'called regressed or improved':30}{'all pairs':>10}"
        f"{'median pairs':>13}{'median s':>9}{'s in all':>9}  bar"
    )
    for name, kind in KINDS.items():
        found = [it for it in lines if isinstance(it, Trial) and it.kind == name]
        if not found:
            continue
        count = {verdict: sum(it.verdict is verdict for it in found) for verdict in Verdict}
        pooled = exponential(trimmed_mean([ratio for it in found for ratio in it.log_ratios])[0])
        claims = count[Verdict.REGRESSED] + (count[Verdict.IMPROVED] if kind.slowdown == 0 else 0)
        text.append(
            f"{name:22}{len(found):7}{count[Verdict.REGRESSED]:10}{count[Verdict.IMPROVED]:9}"
            f"{count[Verdict.UNCHANGED]:10}{count[Verdict.INCONCLUSIVE]:10}  {rate(claims, len(found)):30}"
            f"{units.change(pooled):>10}"
            f"{statistics.median(it.pairs for it in found):13g}{statistics.median(it.wall_s for it in found):9.1f}"
            f"{sum(it.wall_s for it in found):9.0f}  {kind.bar}"
        )
    return text


def _right(lines: list[Calibrated | Trial], name: str) -> list[bool]:
    """Say of each trial of a kind, in order, whether it was right: nothing called of identical code, all else found."""
    claims = {Verdict.REGRESSED, Verdict.IMPROVED}
    found = [it.verdict for it in lines if isinstance(it, Trial) and it.kind == name]
    return [(it is Verdict.REGRESSED) if KINDS[name].slowdown else (it not in claims) for it in found]


def rate(count: int, trials: int) -> str:
    """Return a rate with its exact 95 % binomial interval."""
    low, high = stats.binomtest(count, trials).proportion_ci(0.95, method="exact")
    return f"{count / trials:.1%} ({low:.1%} to {high:.1%})"


def _calibrated_line(known: Calibrated) -> str:
    interval = f"{units.change(known.low)} to {units.change(known.high)}, 95 %"
    wanted = units.change(1 + known.slowdown)
    cost = units.change(known.ratio)
    return f"an extra convolution of {known.channels} channels costs {cost} ({interval}), wanted {wanted}"


def _calibrate_next(lines: list[Calibrated | Trial], kinds: dict[str, Kind]) -> Calibrated | None:
    """Measure the next slowdown that is not yet known, None when all are."""
    known = {it.slowdown: it for it in lines if isinstance(it, Calibrated)}
    wanted = [kind.slowdown for kind in kinds.values() if kind.slowdown and kind.slowdown not in known]
    if not wanted:
        return None
    few, many = CALIBRATION_CHANNELS
    slopes = [(it.ratio - 1, it.channels) for it in known.values()]
    if not slopes:
        slopes = [(_cost(channels, processes=2)[0] - 1, channels) for channels in (few, many)]
    costs, channels = zip(*[(0.0, 0), *slopes], strict=True)
    slope = float(np.polyfit(channels, costs, 1)[0])
    for _ in range(CALIBRATION_ATTEMPTS):
        guess = max(1, round(wanted[0] / slope))
        ratio, low, high = _cost(guess)
        print(f"{guess} channels cost {units.change(ratio)}, wanted {units.change(1 + wanted[0])}", file=sys.stderr)
        if abs(ratio - 1 - wanted[0]) < CALIBRATION_TOLERANCE * wanted[0]:
            break
        slope = (ratio - 1) / guess
    return Calibrated(slowdown=wanted[0], channels=guess, ratio=ratio, low=low, high=high)


def _cost(channels: int, *, processes: int = CALIBRATION_PROCESSES) -> tuple[float, float, float]:
    """Return the ratio that an extra convolution costs, and its 95 % interval over processes."""
    command = [sys.executable, "-m", "benchmarks.gate_subject", str(channels), str(CALIBRATION_S)]
    variables = dict(os.environ, OMP_NUM_THREADS="1")
    logs = [
        float(subprocess.run(command, check=True, capture_output=True, env=variables, cwd=ROOT).stdout)
        for _ in range(processes)
    ]
    low, high = interval_of(logs, 0.95)
    return math.exp(statistics.mean(logs)), math.exp(low), math.exp(high)


def _try_next(lines: list[Calibrated | Trial], kinds: dict[str, Kind], *, sequential: bool) -> Trial | None:
    """Run one trial of the kind that lags furthest behind its number, None when all are done or decided."""
    if sequential:
        kinds = {name: it for name, it in kinds.items() if enough_trials.decided(_right(lines, name)) is None}
    if not kinds:
        return None
    done = {name: sum(isinstance(it, Trial) and it.kind == name for it in lines) for name in kinds}
    name = min(kinds, key=lambda it: done[it] / (1 if sequential else kinds[it].trials))
    if done[name] >= kinds[name].trials:
        return None
    channels = {it.slowdown: it.channels for it in lines if isinstance(it, Calibrated)}
    kind, seed = kinds[name], len(lines)
    model = f"slowed_{channels[kind.slowdown]}" if kind.slowdown else "plain"
    start = time.monotonic()
    with busy_neighbour() if kind.neighbour else contextlib.nullcontext():
        outcome = _measure_pairs(model, seed=seed, pairs=live.Terms().pairs, until=live.Until.DECIDED)
    trial = Trial(
        kind=name,
        seed=seed,
        verdict=outcome.decision.verdict,
        ratio=outcome.decision.ratio,
        pairs=len(outcome.turns),
        wall_s=time.monotonic() - start,
        load_average=os.getloadavg()[0],
        log_ratios=tuple(it.log_ratio for it in outcome.turns),
        elapsed_log_ratios=tuple(it.elapsed_log_ratio for it in outcome.turns),
    )
    print(
        f"{name}: {trial.verdict}, {units.change(trial.ratio)}, {trial.pairs} pairs, {trial.wall_s:.1f} s, "
        f"load {trial.load_average:.1f}",
        file=sys.stderr,
    )
    return trial


def _measure_pairs(contender: str, *, seed: int, pairs: int, until: live.Until) -> MatchupResult:
    side = Side(label="this repository", root=str(ROOT))
    cases = [
        Case(model=f"benchmarks.gate_subject:{name}", batch_size=1, image_size=IMAGE_SIZE, device="cpu", threads=1)
        for name in ("plain", contender)
    ]
    terms = live.Terms(band=BAND, budget_s=TRIAL_BUDGET_S, turns_s=TURNS_S, seed=seed, pairs=pairs, until=until)
    (outcome,) = live.measure_pairs([Matchup(baseline=cases[0], contender=cases[1])], (side, side), terms)
    return outcome


@contextlib.contextmanager
def busy_neighbour() -> Iterator[None]:
    """Keep one core busy with matrix products in a process of its own."""
    variables = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    neighbour = subprocess.Popen([sys.executable, "-c", _NEIGHBOUR], env=variables, stdin=subprocess.PIPE)
    try:
        time.sleep(random.Random(neighbour.pid).uniform(0.2, 0.5))  # noqa: S311 - it starts up; no secret
        yield
    finally:
        neighbour.kill()
        neighbour.wait()


def _append(path: Path, line: Calibrated | Trial) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(msgspec.json.encode(line) + b"\n")


if __name__ == "__main__":
    main()
