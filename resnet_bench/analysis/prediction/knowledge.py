"""What a layer library knows: the time of a layer, how sure it is, and what lies between layers.

Each source is scaled by its iteration without instruments, so that its own parts give its own whole. Two things are
uncertain: a layer's mean, from how far its occurrences lie apart, independent of other layers; and the level of all of
them, from how far sources of the same layers lie apart.
"""

import math
import statistics
from collections.abc import Collection, Iterable
from typing import NamedTuple

from resnet_bench.machine.devices import is_accelerator
from resnet_bench.records.layer_library import LayerLibrary, LayerObservation, LayerShape, LayerSource
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


class Knowledge:
    """A library, or a part of one, made ready to be asked."""

    def __init__(self, sources: Collection[LayerSource], *, device: str) -> None:
        """Take the sources that may be used; there is at least one."""
        self.queues = is_accelerator(device)
        self.factors = [source.whole_s / self._modelled_s(source) for source in sources]
        found: dict[LayerShape, list[tuple[float, LayerObservation]]] = {}
        # What was disturbed counts where nothing else is known of a layer.
        for disturbed in (False, True):
            quiet = frozenset(found)
            for factor, source in zip(self.factors, sources, strict=True):
                for each in source.layers if bool(source.disturbances) is disturbed else ():
                    if each.shape not in quiet:
                        found.setdefault(each.shape, []).append((factor, each))
        self.spread = _pooled_spread(it for pairs in found.values() for _, it in pairs)
        self._exact = {shape: self._known(pairs) for shape, pairs in found.items()}
        contexts: dict[LayerShape, list[LayerKnowledge]] = {}
        for shape, known in self._exact.items():
            contexts.setdefault(shape.anywhere, []).append(known)
        self._anywhere = {shape: self._joined(known) for shape, known in contexts.items()}
        self.between = self._between(sources)
        self.level_deviation = _level_deviation(found, sources)

    def find(self, shape: LayerShape) -> LayerKnowledge | None:
        """Return what is known of a layer: in its context, else in any other one, which is less sure."""
        return self._exact.get(shape) or self._anywhere.get(shape.anywhere)

    @property
    def shapes(self) -> Iterable[tuple[LayerShape, LayerKnowledge]]:
        """Every layer in its context."""
        return self._exact.items()

    def _modelled_s(self, source: LayerSource) -> float:
        device_s = source.outside_s + source.outside_backward_s + (source.optimizer_s or 0.0)
        device_s += math.fsum(second for it in source.layers for second in (*it.forward_s, *it.backward_s))
        host_s = source.outside_launch_s + math.fsum(second for it in source.layers for second in it.launch_s)
        return max(device_s, host_s) if self.queues else device_s

    def _known(self, pairs: list[tuple[float, LayerObservation]]) -> LayerKnowledge:
        occurrences, example = sum(len(it.forward_s) for _, it in pairs), pairs[0][1]
        return LayerKnowledge(
            forward_s=statistics.median(factor * _mean(it.forward_s) for factor, it in pairs),
            backward_s=statistics.median(factor * _mean(it.backward_s) for factor, it in pairs),
            launch_s=statistics.median(factor * _mean(it.launch_s) for factor, it in pairs),
            deviation=self.spread / math.sqrt(occurrences),
            occurrences=occurrences,
            sources=len(pairs),
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
        paired = [(factor, it) for factor, it in every if not it.disturbances] or every
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
    return Knowledge(sources, device=library.way.device) if sources else None


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


def _level_deviation(
    found: dict[LayerShape, list[tuple[float, LayerObservation]]], sources: Collection[LayerSource]
) -> float:
    """Return by how much the level of all layers may be off, from sources that have layers in common; 0 of one."""
    offsets: list[float] = []
    for source in sources:
        ours = theirs = 0.0
        for each in source.layers:
            used = [it for _, it in found[each.shape]]
            others = [_mean(it.forward_s) for it in used if it is not each]
            if others and len(others) < len(used):
                ours += sum(each.forward_s)
                theirs += statistics.median(others) * len(each.forward_s)
        if ours and theirs:
            offsets.append(math.log(ours / theirs))
    # Each offset is of one source against the others: twice the variance of a level.
    return statistics.pstdev(offsets, mu=0.0) / math.sqrt(2 * len(offsets)) if offsets else 0.0
