"""THE table of the steps of `benchmarks.gpu_session`, how large they are, and those that call our own commands."""

import contextlib
import importlib
import io
import json
import subprocess
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
BUILDERS = (
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d"),
    *("resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2"),
)


class Verdict(StrEnum):
    """What came of a step: as hoped, to be looked at, it broke, it was cut short, or there was no time for it."""

    GOOD = "good"
    LOOK = "look"
    FAILED = "failed"
    CUT = "cut"
    LEFT = "left"


class Scale(NamedTuple):
    """How large the steps are; images of each model's own size.

    `rehearses` says that nothing of it is a figure, `in_process` that the device is in this process alone.
    """

    device: str
    precision: str
    half: str
    executors: tuple[str, ...]
    model: str
    models: tuple[str, ...]
    builders: tuple[str, ...]
    small_batch: int
    large_batch: int
    memory_batches: tuple[int, ...]
    queue_s: float
    busy_s: float
    side: int
    ab_budget_s: int
    rehearses: bool = False
    in_process: bool = False


CARD = Scale(
    device="cuda:0",
    precision="amp_bf16",
    half="amp_fp16",
    executors=("eager", "compile", "cuda_graph"),
    model="resnet50",
    models=("resnet18", "resnet50"),
    builders=BUILDERS,
    small_batch=1,
    large_batch=256,
    memory_batches=(1, 32, 256),
    queue_s=20.0,
    busy_s=3.0,
    side=8192,
    ab_budget_s=40,
)
REHEARSAL = Scale(
    device="cpu",
    precision="amp_bf16",
    half="amp_bf16",
    executors=("eager",),
    model="cifar_resnet20",
    models=("cifar_resnet20",),
    builders=("cifar_resnet20",),
    small_batch=1,
    large_batch=4,
    memory_batches=(1, 4),
    queue_s=1.0,
    busy_s=0.3,
    side=512,
    ab_budget_s=15,
    rehearses=True,
)


class Step(NamedTuple):
    """One step: what of it only a card can show, between how many seconds it gets, and the function that does it.

    `simulated` says that the rehearsal also runs it on a simulated card.
    """

    name: str
    title: str
    done_by: str
    least_s: float
    most_s: float
    only_on_a_card: str
    simulated: bool = True

    def run(self):
        """Return the function; it takes the scale, the session's folder and the moment by which to be done."""
        module, _, function = self.done_by.partition(":")
        return getattr(importlib.import_module(f"benchmarks.{module}"), function)


_HERE, _DEVICE, _NETWORK = "gpu_steps", "gpu_device_steps", "gpu_network_steps"
STEPS = (
    Step("state", "State, idle and under load", f"{_DEVICE}:state", 15, 60, "a driver's own answers"),
    Step("steady", "How long until steady", f"{_DEVICE}:steady", 30, 90, "how a card's clocks and power settle"),
    Step(
        "memory",
        "Predicted and allocated memory",
        f"{_NETWORK}:memory",
        30,
        150,
        "cuDNN's workspace, and half precision's allocations",
    ),
    Step(
        "tests",
        "The tests that need a card",
        f"{_HERE}:tests",
        60,
        240,
        "all of them: they were skipped",
        simulated=False,
    ),
    Step("ceilings", "Ceilings, and the same queued", f"{_DEVICE}:ceilings", 20, 90, "the libraries' own kernels"),
    Step(
        "layers",
        "Layers beside the kernels' sum",
        f"{_NETWORK}:layers",
        40,
        200,
        "CUPTI, and code that a compiler made for a card",
    ),
    Step(
        "agreement",
        "Graphs, compiled code and training steps agree",
        f"{_NETWORK}:agreement",
        30,
        150,
        "numbers of compile and cuda_graph, where a real gradient overflows",
    ),
    Step("builders", "The ten builders, sustained", f"{_HERE}:builders", 60, 400, "the figures"),
    Step("loop", "A hand-written loop beside ours", f"{_NETWORK}:loop", 20, 60, "the figures"),
    Step(
        "ab",
        "Identical code, ab HEAD HEAD",
        f"{_HERE}:ab",
        30,
        120,
        "forked processes that use a card",
        simulated=False,
    ),
    Step(
        "reference",
        "Whether the reference helps",
        f"{_HERE}:reference",
        90,
        300,
        "how a card's clocks move between launches, and what a pass of the reference takes",
    ),
    Step(
        "largest",
        "The largest batch",
        f"{_HERE}:largest",
        60,
        400,
        "want of memory in the device's own words; on a simulated card the tests search for it",
        simulated=False,
    ),
)


def finding(verdict, said, rows=()):
    """Return what a step came to, as it is saved."""
    return {"verdict": verdict, "said": said, "rows": list(rows), "not_rehearsed": "", "took_s": 0.0}


def tests(scale, _directory, ends_s):
    """Run the tests that need a card; where there is none they say so by being skipped."""
    required = [] if scale is REHEARSAL else ["--require-gpu"]
    where = ["tests/profilers/test_cuda.py"] if scale is REHEARSAL else []
    done = _called([sys.executable, "-m", "pytest", "-q", "-m", "gpu", *required, *where], ends_s)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    failures = [{"test": line.removeprefix("FAILED ")} for line in lines if line.startswith(("FAILED ", "ERROR "))]
    return finding(Verdict.GOOD if done.returncode == 0 else Verdict.FAILED, lines[-1].strip("= "), failures)


def builders(scale, directory, ends_s):
    """Sweep the builders, one launch a case; a folder that is there already is resumed."""
    batches = f"{scale.small_batch},{scale.large_batch}"
    chosen = ("--precision", scale.precision, "--memory-format", "channels_last", "--launches", "1")
    done = _swept(
        scale, directory / "builders", ("--models", ",".join(scale.builders), "--batch-sizes", batches, *chosen), ends_s
    )
    return _of_run(done, directory / "builders", planned=2 * len(scale.builders))


def reference(scale, directory, ends_s):
    """Launch a small and a large batch beside the reference: how far apart do launches lie, and how far corrected?"""
    from resnet_bench.analysis.reference_trial import FEWEST_LAUNCHES, helps, trial_of
    from resnet_bench.storage import run_directory
    from resnet_bench.units import percent

    batches = f"{scale.small_batch},{scale.large_batch}"
    chosen = ("--models", scale.model, "--batch-sizes", batches, "--precision", scale.precision)
    beside = ("--reference", "on", "--launches", str(FEWEST_LAUNCHES))
    done = _swept(scale, directory / "reference", (*chosen, *beside), ends_s)
    found = _of_run(done, directory / "reference", planned=2)
    if found["verdict"] != Verdict.GOOD:
        return found
    launches = [it for one in run_directory.load(directory / "reference").measurements for it in one.launches]
    trial = trial_of(launches)
    if trial is None:
        return finding(Verdict.LOOK, "no launch has it beside it", found["rows"])
    apart = f"{percent(trial.spread_raw)} apart, {percent(trial.spread_corrected)} corrected"
    said = f"launches lie {apart}: {trial.version} {'helps' if helps(trial) else 'does not help'} here"
    return finding(Verdict.GOOD, said, found["rows"])


def largest(scale, directory, ends_s):
    """Search for the largest batch of a training case in half precision."""
    chosen = ("--models", scale.model, "--batch-sizes", "auto", "--mode", "training", "--precision", scale.half)
    limits = ("--memory-limit", "200MiB", "--iteration-limit", "100ms") if scale is REHEARSAL else ()
    done = _swept(scale, directory / "largest", (*chosen, "--launches", "1", *limits), ends_s)
    found = _of_run(done, directory / "largest", planned=0)
    if not (directory / "largest" / "run.json").exists():
        return found
    from resnet_bench.storage import run_directory

    (search,) = run_directory.load(directory / "largest").header.searches
    ended = search.stopped_by.replace("_", " ")
    said = f"the largest batch is {search.largest}, ended by {ended} after {len(search.trials)} trials"
    trials = [{"batch": it.batch_size, "fits": it.fits, "said": it.detail} for it in search.trials]
    expected = {"memory limit", "time limit"} if scale is REHEARSAL else {"out of memory"}
    return finding(Verdict.GOOD if ended in expected else Verdict.LOOK, said, trials)


def ab(scale, _directory, ends_s):
    """Compare identical code: nothing may be called a change."""
    batch = ("--batch-size", str(scale.small_batch), "--image-size", "32" if scale is REHEARSAL else "224")
    asked = ("ab", "HEAD", "HEAD", "--models", scale.model, "--device", scale.device, *batch)
    done = _command(scale, (*asked, "--budget", f"{scale.ab_budget_s}s", "--format", "json"), ends_s)
    try:
        rows = json.loads(done.stdout)
    except ValueError:
        return finding(Verdict.FAILED, _last_line(done))
    decisions = [row["decision"] for row in rows]
    told = [{it: decision[it] for it in ("verdict", "ratio", "pairs", "reason")} for decision in decisions]
    changed = [decision for decision in decisions if decision["verdict"] in {"improved", "regressed"}]
    return finding(
        Verdict.LOOK if changed else Verdict.GOOD,
        f"identical code is {', '.join(decision['verdict'] for decision in decisions)}",
        told,
    )


def _swept(scale, directory, arguments, ends_s):
    if (directory / "run.json").exists():
        return _command(scale, ("run", "--resume", str(directory)), ends_s)
    asked = ("run", "--preset", "quick", "--device", scale.device, "-o", str(directory), *arguments)
    return _command(scale, asked, ends_s)


def _of_run(done, directory, *, planned):
    from resnet_bench.analysis.metrics import LATENCY, THROUGHPUT
    from resnet_bench.storage import run_directory

    if not (directory / "run.json").exists():
        return finding(Verdict.FAILED, _last_line(done))
    run = run_directory.load(directory)
    rows = [
        {"case": it.case.key, **{metric.label: metric.show(_median(metric, it)) for metric in (LATENCY, THROUGHPUT)}}
        for it in run.measurements
    ]
    skipped = [{"case": skip.case.key, "skip": f"{skip.reason}: {skip.detail}"} for skip in run.skips]
    said = f"{len(run.measurements)} of {len(run.header.cases)} cases measured, {len(run.skips)} skipped"
    if done.returncode is None:
        return finding(Verdict.CUT, f"{said} in the time there was", rows + skipped)
    good = done.returncode == 0 and len(run.measurements) >= planned
    return finding(Verdict.GOOD if good else Verdict.LOOK, said, rows + skipped)


def _median(metric, measurement):
    import statistics

    return statistics.median(value for launch in measurement.launches for value in metric.extract(launch))


class _Done(NamedTuple):
    """How a command ended; no status means that its time was up."""

    returncode: int | None
    stdout: str
    stderr: str


def _command(scale, arguments, ends_s):
    if not scale.in_process:
        return _called([sys.executable, "-m", "resnet_bench", *arguments], ends_s)
    from resnet_bench import cli

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run(list(arguments))
    return _Done(code, out.getvalue(), err.getvalue())


def _called(command, ends_s):
    """Run a command until it ends or its time is up; what it finished is saved by itself."""
    left_s = max(1.0, ends_s - time.monotonic())
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=left_s, check=False)
    except subprocess.TimeoutExpired as late:
        said = [part.decode() if isinstance(part, bytes) else part or "" for part in (late.stdout, late.stderr)]
        return _Done(None, *said)
    sys.stderr.write(done.stderr)
    return _Done(done.returncode, done.stdout, done.stderr)


def _last_line(done):
    lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"ended with {done.returncode} without a word"
