"""How far predictions are off: libraries of a few networks, others predicted from them and then measured.

    python -m benchmarks.predict -o FOLDER                       # every bar, reduced: about 12 minutes on two cores
    python -m benchmarks.predict --bars family --launches 6 -o FOLDER
    python -m benchmarks.predict --again FOLDER                  # its table once more
    python -m benchmarks.predict --registry                      # how long the registry takes; nothing is measured

Everything is predicted before anything is measured, in a cache of its own, so that no earlier run helps. Beside
the sum over layers stand two simpler predictions, each with the one factor that fits the library best: by
MACs alone, and by the roofline of this machine's ceilings alone. FOLDER holds the records themselves: libraries, run
directories, and outcomes.json, which the table is made of.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.prediction_outcomes import Bar, Judged, Outcome, Outcomes, table
from benchmarks.prediction_registry import registry_lines
from benchmarks.simple_predictions import simple
from resnet_bench import cli
from resnet_bench.analysis.metrics import LATENCY
from resnet_bench.analysis.nominals import nominals_of
from resnet_bench.analysis.prediction.levels import measured_level_s
from resnet_bench.analysis.stats import summarize
from resnet_bench.records.predictions import JudgedPrediction, PredictedLatency
from resnet_bench.runner import prediction
from resnet_bench.storage import run_directory

_BUILDERS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d")
_BUILDERS += ("resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2")
_FAMILY = ("resnet26", "resnet34", "resnet101", "resnet152", "resnet200", "resnet101_v1", "resnet152_v1")
_TWO = ("resnet18", "resnet50")
BARS = {
    # Batch 4 of the quickest alone: a launch of the others takes as long as three of these.
    "family": (
        Bar("family", _TWO, _FAMILY, batch_size=1, median=0.05, most=0.10),
        Bar(
            "family", _TWO, ("resnet26", "resnet34", "resnet101", "resnet101_v1"), batch_size=4, median=0.05, most=0.10
        ),
    ),
    "builders": (Bar("builders", _BUILDERS, _BUILDERS, batch_size=1, preset="standard", median=0.03, most=0.08),),
    "training": (
        Bar(
            "training",
            _TWO,
            ("resnet26", "resnet34", "resnet101"),
            mode="training",
            batch_size=4,
            image_size=96,
            median=0.05,
            most=0.12,
        ),
    ),
    "sizes": tuple(
        Bar("sizes", _TWO, ("resnet26", "resnet34", "resnet101"), batch_size=batch_size, image_size=image_size)
        for batch_size, image_size in ((1, 128), (2, 160))
    ),
    # A hundred cases with the others; half an hour.
    "many": tuple(
        Bar("many", _TWO, ("resnet14", *_FAMILY[:4], "resnet50_v1", "resnet101_v1"), batch_size, image_size)
        for image_size in (96, 144, 192)
        for batch_size in (1, 2, 4)
    ),
}
_REDUCED = ("family", "builders", "training", "sizes")


class _Predicted(NamedTuple):
    """A bar with its predictions and the simpler ones, before anything of it was measured."""

    bar: Bar
    found: list[PredictedLatency]
    by_macs_s: list[float]
    by_roofline_s: list[float]


def main() -> None:
    """Measure and print the table, or print that of an earlier time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", nargs="+", choices=sorted(BARS), default=_REDUCED)
    parser.add_argument("--threads", default="1")
    parser.add_argument("--launches", default="2", help="of each case; the presets have 2 and 6")
    parser.add_argument("-o", "--output", type=Path, help="a folder for the raw data")
    parser.add_argument("--again", type=Path, help="print the table of such a folder")
    parser.add_argument("--registry", action="store_true")
    asked = parser.parse_args()
    if asked.registry:
        print("\n".join(registry_lines()))
        return
    if asked.again:
        found = msgspec.json.decode((asked.again / "outcomes.json").read_bytes(), type=Outcomes)
    else:
        if asked.output and asked.output.exists():
            parser.error(f"{asked.output} is there already.")
        bars = [bar for name in asked.bars for bar in BARS[name]]
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CACHE_HOME"] = folder
            found = measured(bars, asked.threads, asked.launches, asked.output or Path(folder) / "raw")
    print("\n".join(table(found)))


def measured(bars: Sequence[Bar], threads: str, launches: str, folder: Path) -> Outcomes:
    """Time the libraries' layers, predict, then measure; the raw data go to a folder."""
    folder.mkdir(parents=True)
    began, load_before = time.strftime("%Y-%m-%dT%H:%M:%S%z"), os.getloadavg()[0]
    threaded = ["--device", "cpu", "--threads", threads]
    timings = _Timings()
    # First, so that libraries have them.
    timings.take("ceilings", lambda: _call("machine", "--ceilings", *threaded, "--precision", "fp32"))
    predicted: list[_Predicted] = []
    for number, bar in enumerate(bars):
        way = [*threaded, "--mode", bar.mode, "--batch-sizes", str(bar.batch_size), "--image-size", str(bar.image_size)]
        libraries = folder / f"layers-{number}-{bar.name}.json"
        layers = ["machine", "--layers", *bar.library, *way, "-o", str(libraries)]
        timings.take(f"library of {bar.name}", lambda layers=layers: _call(*layers))
        answer = folder / f"predicted-{number}-{bar.name}.json"
        wanted = ["predict", *bar.models, *way, "-o", str(answer)]
        _call(*wanted, "--measure-missing")
        timings.take("predicting", lambda wanted=wanted: _call(*wanted))
        found = msgspec.json.decode(answer.read_bytes(), type=list[PredictedLatency])
        macs, roofline = simple(found[0].case)
        cases = [it.case for it in found]
        predicted.append(_Predicted(bar, found, [macs(it) for it in cases], [roofline(it) for it in cases]))
    outcomes: list[Outcome] = []
    for number, it in enumerate(predicted):
        bar, directory = it.bar, folder / f"run-{number}-{it.bar.name}"
        sizes = ["--batch-sizes", str(bar.batch_size), "--image-sizes", str(bar.image_size), "--mode", bar.mode]
        models = ["--models", ",".join(bar.models), "--preset", bar.preset, "--launches", launches]
        run = ["run", *models, *threaded, *sizes, "-o", str(directory)]
        timings.take(f"measuring {bar.name}", lambda run=run: _call(*run))
        outcomes += _outcomes(it, directory)
    found = Outcomes(
        bars=tuple(bars),
        began=began,
        load_before=load_before,
        load_after=os.getloadavg()[0],
        launches=int(launches),
        took_s=timings.seconds,
        outcomes=tuple(outcomes),
        judged=tuple(_judged(it) for it in prediction.everything_judged()),
    )
    (folder / "outcomes.json").write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    for page in folder.glob("run-*/report.html"):
        page.unlink()
    return found


class _Timings:
    """Seconds of each kind of work."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def take(self, name: str, work: Callable[[], None]) -> None:
        """Do some work, and add what it took."""
        start = time.monotonic()
        work()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - start


def _call(*arguments: str) -> None:
    print(f"$ resnet-bench {' '.join(arguments)}", file=sys.stderr, flush=True)
    code = cli.run(arguments)
    if code:
        raise SystemExit(code)


def _judged(it: JudgedPrediction) -> Judged:
    return Judged(error=it.error, covered=it.covered, half_width=it.predicted.half_width or 0.0)


def _outcomes(predicted: _Predicted, directory: Path) -> Iterator[Outcome]:
    run = run_directory.load(directory)
    known, nominals = {it.case: it for it in run.measurements}, nominals_of([run])
    for found, macs_s, roofline_s in zip(predicted.found, predicted.by_macs_s, predicted.by_roofline_s, strict=True):
        measurement = known[found.case]
        summary = summarize(measurement, LATENCY, nominals)
        level_s = measured_level_s(measurement, found.nominal) if found.nominal else None
        if summary is None:
            continue
        yield Outcome(
            bar=predicted.bar.name,
            predicted=found,
            by_macs_s=macs_s,
            by_roofline_s=roofline_s,
            raw_s=summary.median,
            at_nominal_s=level_s,
            corrected_s=summary.corrected.median if summary.corrected else None,
            launch_medians_s=summary.launch_medians,
            launch_duration_s=sum(it.duration_s for it in measurement.launches) / len(measurement.launches),
        )


if __name__ == "__main__":
    main()
