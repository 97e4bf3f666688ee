"""What a layer library knows: the time of a layer, how sure it is, and what lies between layers.

Each source is scaled so that its own parts give what a run would have told of its own whole. Two things are
uncertain: a layer's mean, from how far its occurrences lie apart, independent of other layers; and the level of all of
them, from how far sources of the same layers lie apart.
"""

import math
import statistics
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from resnet_bench.analysis.prediction.levels import Trust, level_of, speed_of, trust
from resnet_bench.machine.devices import is_accelerator
from resnet_bench.records import Nominal
from resnet_bench.records.layer_library import LayerLibrary, LayerObservation, LayerShape, LayerSource, LayerWay
from resnet_bench.specs.costs import Cost

# Before occurrences tell: a layer's time within one process.
_USUAL_SPREAD, _WEIGHT_OF_USUAL = 0.05, 4


class LayerKnowledge(NamedTuple):
    """Seconds of one layer; `deviation` is the relative standard deviation of the mean, of this layer alone.

    `cost` is what it asks of the device in an iteration, None where no closed form is known.
    """

    forward_s: float
    backward_s: float
    launch_s: float
    deviation: float
    occurrences: int
    sources: int
    cost: Cost | None = None

    @property
    def time_s(self) -> float:
        """Seconds of one iteration."""
        return self.forward_s + self.backward_s


class OutsideLayers(NamedTuple):
    """What lies outside of layers: seconds for each of them, and of an optimizer's step for each parameter."""

    forward_s: float
    backward_s: float
    launch_s: float
    update_s: float | None


class _TimedLayer(NamedTuple):
    """A layer as one source has it: the source's number, what its times are scaled by, and the times."""

    source: int
    factor: float
    times: LayerObservation

    @property
    def forward_s(self) -> float:
        """Seconds of an occurrence, scaled."""
        return self.factor * _mean(self.times.forward_s)


class Knowledge:
    """A library, or a part of one, made ready to be asked."""

    def __init__(self, sources: Collection[LayerSource], way: LayerWay, nominal: Nominal | None = None) -> None:
        """Take the sources that may be used, one at least, and the speed that they are brought to."""
        self.queues = is_accelerator(way.device)
        levels = [level_of(source, nominal, threads=way.threads) for source in sources]
        modelled = [self._modelled_s(source) for source in sources]
        self.factors = [it.seconds / own if own else 1.0 for it, own in zip(levels, modelled, strict=True)]
        # The speed at which all that counts most is given, None where something of it is as it was measured.
        best = min(map(trust, sources))
        counting = [it for it, source in zip(levels, sources, strict=True) if trust(source) is best]
        self.nominal = nominal if all(it.at_nominal for it in counting) else None
        found: dict[LayerShape, list[_TimedLayer]] = {}
        # What says less counts where nothing else is known of a layer.
        for rank in Trust:
            told = frozenset(found)
            for number, source in enumerate(sources):
                for each in source.layers if trust(source) is rank else ():
                    if each.shape not in told:
                        found.setdefault(each.shape, []).append(_TimedLayer(number, self.factors[number], each))
        self.spread = _pooled_spread(it.times for timed in found.values() for it in timed)
        self._exact = {shape: self._known(timed) for shape, timed in found.items()}
        contexts: dict[LayerShape, list[LayerKnowledge]] = {}
        for shape, known in self._exact.items():
            contexts.setdefault(shape.anywhere, []).append(known)
        self._anywhere = {shape: self._joined(known) for shape, known in contexts.items()}
        self.between = self._between(sources)
        self.level_deviation = _level_deviation(found.values())

    def find(self, shape: LayerShape) -> LayerKnowledge | None:
        """Return what is known of a layer: in its context, else in any other one, which is less sure."""
        return self._exact.get(shape) or self._anywhere.get(shape.anywhere)

    def scale(self, ratios: Mapping[LayerShape, float], *, launches: float) -> None:
        """Make every layer take its ratio of what it took, and what lies between layers `launches` of it.

        What stands in another context takes what those that are known take in the mean.
        """
        self._exact = {shape: _scaled(it, ratios[shape], launches) for shape, it in self._exact.items()}
        of_each: dict[LayerShape, list[float]] = {}
        for shape, ratio in ratios.items():
            of_each.setdefault(shape.anywhere, []).append(ratio)
        self._anywhere = {
            shape: _scaled(it, statistics.fmean(of_each[shape]), launches) for shape, it in self._anywhere.items()
        }
        between = self.between
        self.between = OutsideLayers(
            forward_s=between.forward_s * launches,
            backward_s=between.backward_s * launches,
            launch_s=between.launch_s * launches,
            update_s=None if between.update_s is None else between.update_s * statistics.median(ratios.values()),
        )
        self.nominal = None

    @property
    def shapes(self) -> Iterable[tuple[LayerShape, LayerKnowledge]]:
        """Every layer in its context."""
        return self._exact.items()

    def _modelled_s(self, source: LayerSource) -> float:
        device_s = source.outside_s + source.outside_backward_s + (source.optimizer_s or 0.0)
        device_s += math.fsum(second for it in source.layers for second in (*it.forward_s, *it.backward_s))
        host_s = source.outside_launch_s + math.fsum(second for it in source.layers for second in it.launch_s)
        return max(device_s, host_s) if self.queues else device_s

    def _known(self, timed: list[_TimedLayer]) -> LayerKnowledge:
        occurrences, example = sum(len(it.times.forward_s) for it in timed), timed[0].times
        return LayerKnowledge(
            forward_s=statistics.median(it.forward_s for it in timed),
            backward_s=statistics.median(it.factor * _mean(it.times.backward_s) for it in timed),
            launch_s=statistics.median(it.factor * _mean(it.times.launch_s) for it in timed),
            deviation=self.spread / math.sqrt(occurrences),
            occurrences=occurrences,
            sources=len(timed),
            cost=None
            if example.flops is None or example.moved_bytes is None
            else Cost(example.flops, example.moved_bytes),
        )

    def _joined(self, known: list[LayerKnowledge]) -> LayerKnowledge:
        """Return a layer whatever ran before it; contexts differ by what that is worth, or by the usual spread."""
        times = [it.time_s for it in known]
        apart = statistics.pstdev(times) / _mean(times) if len(times) > 1 and _mean(times) else 0.0
        return LayerKnowledge(
            forward_s=_mean([it.forward_s for it in known]),
            backward_s=_mean([it.backward_s for it in known]),
            launch_s=_mean([it.launch_s for it in known]),
            deviation=math.hypot(max(apart, self.spread), max(it.deviation for it in known)),
            occurrences=sum(it.occurrences for it in known),
            sources=max(it.sources for it in known),
            cost=known[0].cost,
        )

    def _between(self, sources: Collection[LayerSource]) -> OutsideLayers:
        every = [(factor, it) for factor, it in zip(self.factors, sources, strict=True) if it.calls]
        best = min(trust(it) for _, it in every)
        paired = [(factor, it) for factor, it in every if trust(it) is best]
        steps = [(factor, it) for factor, it in paired if it.optimizer_s is not None and it.parameters]
        return OutsideLayers(
            forward_s=statistics.median(factor * it.outside_s / it.calls for factor, it in paired),
            backward_s=statistics.median(factor * it.outside_backward_s / it.calls for factor, it in paired),
            launch_s=statistics.median(factor * it.outside_launch_s / it.calls for factor, it in paired),
            update_s=statistics.median(factor * (it.optimizer_s or 0.0) / it.parameters for factor, it in steps)
            if steps
            else None,
        )


def knowledge(library: LayerLibrary, *, without: Collection[str] = ()) -> Knowledge | None:
    """Return what a library knows but for what it learnt of some models; None where that is nothing."""
    sources = [it for it in library.sources if it.model not in without and it.calls]
    if not sources:
        return None
    nominal = library.nominal or speed_of(sources, environment=library.environment, threads=library.way.threads)
    return Knowledge(sources, library.way, nominal)


def _scaled(timed: LayerKnowledge, ratio: float, launches: float) -> LayerKnowledge:
    return timed._replace(
        forward_s=timed.forward_s * ratio, backward_s=timed.backward_s * ratio, launch_s=timed.launch_s * launches
    )


def _mean(values: Collection[float]) -> float:
    return statistics.fmean(values) if values else 0.0


def _pooled_spread(observations: Iterable[LayerObservation]) -> float:
    """Return how far occurrences of one layer in one network lie apart, relative to their mean, weighed by time."""
    squares, weights = _USUAL_SPREAD**2 * _WEIGHT_OF_USUAL, float(_WEIGHT_OF_USUAL)
    several = [it for it in observations if len(it.forward_s) > 1 and max(it.forward_s) > 0]
    total = sum(sum(it.forward_s) for it in several)
    for it in several:
        mean, count = _mean(it.forward_s), len(it.forward_s)
        weight = sum(it.forward_s) / total * len(several)
        squares += weight * sum((value / mean - 1) ** 2 for value in it.forward_s)
        weights += weight * (count - 1)
    return math.sqrt(squares / weights)


def _level_deviation(found: Iterable[list[_TimedLayer]]) -> float:
    """Return by how much the level of all layers may be off, from sources that have layers in common; 0 of one."""
    ours: dict[int, float] = {}
    theirs: dict[int, float] = {}
    for timed in found:
        for it in timed:
            others = [other.forward_s for other in timed if other is not it]
            if others:
                occurrences = len(it.times.forward_s)
                ours[it.source] = ours.get(it.source, 0.0) + occurrences * it.forward_s
                theirs[it.source] = theirs.get(it.source, 0.0) + occurrences * statistics.median(others)
    offsets = [math.log(ours[source] / theirs[source]) for source in ours if ours[source] and theirs[source]]
    # Each offset is of one source against the others: twice the variance of a level.
    return statistics.pstdev(offsets, mu=0.0) / math.sqrt(2 * len(offsets)) if offsets else 0.0
