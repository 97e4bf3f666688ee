"""How far predictions are off: a library from a few networks, others predicted from it and then measured.

    python -m benchmarks.predict -o predict.json
    python -m benchmarks.predict --library resnet18 resnet50 --models resnet34 resnet101 --batch-sizes 1,4 --threads 1
    python -m benchmarks.predict --again predict.json

Everything is predicted before anything of it is measured, in a cache of its own, so that no earlier run helps. Beside
the layers' sum stand two simpler predictions, each with the one factor that fits the library's own networks best: by
MACs alone, and by the roofline of this machine's ceilings alone. The raw data are the records themselves.
"""

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from resnet_bench import cli, specs
from resnet_bench.analysis.metrics import LATENCY
from resnet_bench.analysis.nominals import nominals_of
from resnet_bench.analysis.roofline import headroom
from resnet_bench.analysis.stats import summarize
from resnet_bench.records import Case, Ceilings, Mode, Record
from resnet_bench.records.predictions import PredictedLatency
from resnet_bench.runner import layer_library
from resnet_bench.runner.oracle import static_of
from resnet_bench.specs.costs import iteration_work
from resnet_bench.storage import ceilings_cache, run_directory

LIBRARY = ("resnet18", "resnet50")
MODELS = ("resnet34", "resnet101", "resnet152")


class Outcome(Record, frozen=True, kw_only=True):
    """One case predicted three ways, and measured: seconds of an iteration."""

    predicted: PredictedLatency
    by_macs_s: float
    by_roofline_s: float
    measured_s: float
    launch_medians_s: tuple[float, ...]
    corrected_s: float | None


class Outcomes(Record, frozen=True, kw_only=True):
    """All of them, with what the machine was like."""

    library: tuple[str, ...]
    began: str
    load_before: float
    load_after: float
    library_took_s: float
    predicting_took_s: float
    measuring_took_s: float
    outcomes: tuple[Outcome, ...]


class _Scaled(NamedTuple):
    """A quantity of a case that time should grow with, and seconds of one of it in the library's own networks."""

    quantity: Callable[[Case], float]
    seconds: float

    def predict(self, case: Case) -> float:
        return self.seconds * self.quantity(case)


def main() -> None:
    """Measure and print the table, or print that of an earlier time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", nargs="+", default=LIBRARY, help="networks whose layers are timed")
    parser.add_argument("--models", nargs="+", default=MODELS, help="networks that are predicted")
    parser.add_argument("--batch-sizes", default="1")
    parser.add_argument("--image-sizes", default="224")
    parser.add_argument("--mode", default="inference")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--preset", default="quick", help="how the predicted networks are measured")
    parser.add_argument("-o", "--output", type=Path, help="the raw data, as JSON")
    parser.add_argument("--again", type=Path, help="print the table of such a file")
    asked = parser.parse_args()
    if asked.again:
        found = msgspec.json.decode(asked.again.read_bytes(), type=Outcomes)
    else:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CACHE_HOME"] = folder
            found = measured(asked, Path(folder))
        if asked.output:
            asked.output.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    print("\n".join(table(found)))


def measured(asked: argparse.Namespace, folder: Path) -> Outcomes:
    """Time the library's layers, predict, then measure."""
    began, load_before = time.strftime("%Y-%m-%dT%H:%M:%S%z"), os.getloadavg()[0]
    way = ["--device", "cpu", "--threads", asked.threads]
    of_layers = [*way, "--mode", asked.mode, "--batch-sizes", asked.batch_sizes]
    sizes = asked.image_sizes.split(",")
    start = time.monotonic()
    for size in sizes:
        _call("machine", "--layers", *asked.library, *of_layers, "--image-size", size)
    library_took = time.monotonic() - start
    _call("machine", "--ceilings", *way, "--precision", "fp32")
    start = time.monotonic()
    predictions: list[PredictedLatency] = []
    for size in sizes:
        path = folder / "predicted.json"
        _call("predict", *asked.models, *of_layers, "--image-size", size, "-o", str(path))
        predictions += msgspec.json.decode(path.read_bytes(), type=list[PredictedLatency])
    predicting_took = time.monotonic() - start
    start = time.monotonic()
    models = ["--models", ",".join(asked.models), "--preset", asked.preset, "--image-sizes", asked.image_sizes]
    _call("run", *models, *of_layers, "-o", str(folder / "run"))
    measuring_took = time.monotonic() - start
    return Outcomes(
        library=tuple(asked.library),
        began=began,
        load_before=load_before,
        load_after=os.getloadavg()[0],
        library_took_s=library_took,
        predicting_took_s=predicting_took,
        measuring_took_s=measuring_took,
        outcomes=tuple(_outcomes(predictions, folder / "run")),
    )


def _call(*arguments: str) -> None:
    print(f"$ resnet-bench {' '.join(arguments)}", file=sys.stderr, flush=True)
    code = cli.run(arguments)
    if code:
        raise SystemExit(code)


def _outcomes(predictions: Sequence[PredictedLatency], directory: Path) -> Iterator[Outcome]:
    run = run_directory.load(directory)
    known, nominals = {it.case: it for it in run.measurements}, nominals_of([run])
    macs, roofline = _simple(predictions[0].case)
    for predicted in predictions:
        measurement = known[predicted.case]
        summary = summarize(measurement, LATENCY, nominals)
        if summary is None:
            continue
        yield Outcome(
            predicted=predicted,
            by_macs_s=macs.predict(predicted.case),
            by_roofline_s=roofline.predict(predicted.case),
            measured_s=summary.median,
            launch_medians_s=summary.launch_medians,
            corrected_s=summary.corrected.median if summary.corrected else None,
        )


def _simple(of: Case) -> tuple[_Scaled, _Scaled]:
    """Return the predictions by MACs and by the roofline, fitted to the whole networks that the library came from."""
    from resnet_bench.records.layer_library import LayerWay

    library = layer_library.find(LayerWay.of(of)).own
    if library is None:
        raise SystemExit("the library that was just made is not there.")
    ceilings = ceilings_cache.read_of(
        library.environment, library.identity, device=of.device, threads=of.threads, warn=print
    )
    if ceilings is None:
        raise SystemExit("the ceilings that were just measured are not there.")
    whole = [
        (msgspec.structs.replace(of, model=it.model, batch_size=it.batch_size, image_size=_image_size(it)), it.whole_s)
        for it in library.sources
    ]
    return _fitted(_macs, whole), _fitted(lambda case: _least_s(case, ceilings), whole)


def _image_size(source: Any) -> int:
    size: int = source.layers[0].shape.input_shape[-1]
    return size


def _fitted(quantity: Callable[[Case], float], whole: Sequence[tuple[Case, float]]) -> _Scaled:
    logs = [math.log(seconds / quantity(case)) for case, seconds in whole]
    return _Scaled(quantity, math.exp(statistics.fmean(logs)))


def _macs(case: Case) -> float:
    return static_of(case, specs.find(case.model)).macs


def _least_s(case: Case, ceilings: Ceilings) -> float:
    static = static_of(case, specs.find(case.model))
    work = iteration_work(
        static.layers, mode=case.mode, precision=case.precision, trainable_parameters=static.trainable_parameters
    )
    bound = headroom(case, work, (ceilings,))
    return math.nan if bound is None else bound.least_s


def table(found: Outcomes) -> Iterator[str]:
    """Yield the table in Markdown, and what it comes to."""
    yield "| case | measured, ms | predicted, ms | off by | interval | within | by MACs | by the roofline |"
    yield "|---|--:|--:|--:|--:|---|--:|--:|"
    for it in found.outcomes:
        case, interval = it.predicted.case, it.predicted.interval
        within = "yes" if it.predicted.covers(it.measured_s) else "no"
        size = (
            f"{case.model} b{case.batch_size} {case.image_size}px{'' if case.mode is Mode.INFERENCE else ' training'}"
        )
        yield (
            f"| {size} | {it.measured_s * 1e3:.1f} | {it.predicted.latency_s * 1e3:.1f} "
            f"| {_off(it.predicted.latency_s, it)} | ±{100 * (it.predicted.half_width or math.nan):.1f} % | {within} "
            f"| {_off(it.by_macs_s, it)} | {_off(it.by_roofline_s, it)} |"
            if interval
            else f"| {size} | {it.measured_s * 1e3:.1f} | layers are missing | | | | | |"
        )
    yield ""
    ways: dict[str, Callable[[Outcome], float]] = {
        "layers": lambda it: it.predicted.latency_s,
        "MACs alone": lambda it: it.by_macs_s,
        "the roofline alone": lambda it: it.by_roofline_s,
    }
    for name, of in ways.items():
        errors = [abs(of(it) / it.measured_s - 1) for it in found.outcomes]
        yield f"By {name}: {statistics.median(errors):.1%} in the median, {max(errors):.1%} at most."
    covered = sum(it.predicted.covers(it.measured_s) for it in found.outcomes)
    widths = [it.predicted.half_width or math.inf for it in found.outcomes]
    yield (
        f"{covered} of {len(found.outcomes)} measured values lie in their 95 % interval, whose half-width is "
        f"{statistics.median(widths):.1%} in the median."
    )
    yield (
        f"Library of {', '.join(found.library)} in {found.library_took_s:.0f} s, predicted in "
        f"{found.predicting_took_s:.1f} s, measured in {found.measuring_took_s:.0f} s; began {found.began}, load "
        f"{found.load_before:.1f} before and {found.load_after:.1f} after."
    )


def _off(predicted_s: float, it: Outcome) -> str:
    return f"{100 * (predicted_s / it.measured_s - 1):+.1f} %"


if __name__ == "__main__":
    main()
