"""Layers of one machine on another one: each takes as many times what its ceilings allow there as it does here.

How far that is off is learnt from pairs of machines whose runs were published: how much more, or less, the same
networks took on the second than its roofline said from the first. Of kinds of devices of which no pair was published
nothing is said.
"""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from resnet_bench import specs
from resnet_bench.analysis.metrics import LATENCY
from resnet_bench.analysis.prediction.knowledge import Knowledge
from resnet_bench.analysis.roofline import headroom, least_of_layer
from resnet_bench.analysis.stats import summarize
from resnet_bench.errors import ResNetBenchError
from resnet_bench.machine.devices import is_accelerator
from resnet_bench.records import Allocator, Case, Ceilings, Measurement, Mode, Run, Work
from resnet_bench.records.layer_library import LayerWay
from resnet_bench.records.predictions import PredictionError
from resnet_bench.specs.costs import Cost, iteration_work

# Before pairs tell: machines keep to their rooflines alike to within 30 %, known as well as from three pairs.
_DEVIATION, _DEGREES = 0.3, 3.0


class MachinePair(NamedTuple):
    """Two machines whose runs were published, with ln(latency there / here) less that of their rooflines.

    `offset` is its mean over `cases` cases that both measured, `deviation` its standard deviation.
    """

    one: str
    other: str
    offset: float
    deviation: float
    cases: int


# Of CPUs; tests/analysis/test_across.py holds it against reports/published. No pair of accelerators is there yet.
PAIRS = (
    MachinePair("amd-epyc-avx2-2-cores", "intel-xeon-2-cores", -0.0916, 0.0607, 10),
    MachinePair("amd-epyc-2-cores", "intel-xeon-2-cores", 0.1504, 0.0789, 10),
)


def pair_of(one: Run, other: Run, *, names: tuple[str, str]) -> MachinePair:
    """Return what the runs of two machines say of one another, from the cases that both measured."""
    theirs = {_anywhere(it.case): it for it in other.measurements}
    pairs = [(it, theirs[_anywhere(it.case)]) for it in one.measurements if _anywhere(it.case) in theirs]
    logs = [_log_latency(there, other) - _log_latency(here, one) for here, there in pairs]
    return MachinePair(*names, statistics.fmean(logs), statistics.stdev(logs), len(logs))


def _anywhere(case: Case) -> Case:
    """Return a case without what earlier runs did otherwise everywhere: how the allocator is set."""
    return msgspec.structs.replace(case, allocator=Allocator.SHIPPED)


def _log_latency(measurement: Measurement, run: Run) -> float:
    """Return ln(latency / the least that the roofline allows)."""
    case, summary = measurement.case, summarize(measurement, LATENCY)
    bound = headroom(case, _work(case), run.header.ceilings)
    assert summary is not None and bound is not None  # noqa: PT018, S101 - of published runs with ceilings
    return math.log(summary.median / bound.least_s)


def _work(case: Case) -> Sequence[Work]:
    static = specs.profile(
        specs.find(case.model),
        mode=case.mode,
        precision=case.precision,
        batch_size=case.batch_size,
        image_size=case.image_size,
    )
    trainable = static.trainable_parameters
    return iteration_work(static.layers, mode=case.mode, precision=case.precision, trainable_parameters=trainable)


def across_error(device: str, pairs: Sequence[MachinePair] = PAIRS) -> PredictionError | None:
    """Return how far predictions for another machine are off, None where no pair of such machines was published."""
    if is_accelerator(device) or not pairs:
        return None
    degrees = _DEGREES + len(pairs)
    squares = _DEGREES * _DEVIATION**2 + math.fsum(pair.offset**2 for pair in pairs)
    within = statistics.fmean(pair.deviation**2 for pair in pairs)
    return PredictionError(bias=0.0, deviation=math.sqrt(squares / degrees + within), degrees=degrees, judged=0)


def move(known: Knowledge, way: LayerWay, here: Ceilings, there: Ceilings) -> None:
    """Make what is known of layers on one machine what they may take on another.

    Args:
        known: of a machine.
        way: in which its layers ran.
        here: that machine's ceilings.
        there: the other one's.

    Raises:
        ResNetBenchError: one of both has no ceilings of the precision.
    """
    ratios = {shape: _ratio(timed.cost, way, here, there) for shape, timed in known.shapes}
    told = [ratio for ratio in ratios.values() if ratio is not None]
    if not told:
        raise ResNetBenchError(
            f"the ceilings of one of both machines have no {way.precision}; measure them there: resnet-bench machine "
            f"--ceilings --precision {way.precision}."
        )
    usual = statistics.median(told)
    launches = there.launch_s / here.launch_s if here.launch_s and there.launch_s else usual
    known.scale({shape: usual if ratio is None else ratio for shape, ratio in ratios.items()}, launches=launches)


def _ratio(cost: Cost | None, way: LayerWay, here: Ceilings, there: Ceilings) -> float | None:
    if cost is None:
        return None
    launches = 2 if way.mode is Mode.TRAINING else 1
    bounds = [least_of_layer(*cost, it, way.precision, launches=launches) for it in (here, there)]
    seconds = [bound.seconds for bound in bounds if bound is not None]
    return seconds[1] / seconds[0] if len(seconds) == len(bounds) and seconds[0] else None
