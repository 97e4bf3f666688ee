"""One iteration cut into segments: each call of a module without children, and what lies between such calls.

Marks stand where a module's `forward` is entered and left, so that the segments leave nothing out. `forward` itself is
wrapped while iterations are cut: torch's own hooks send every call down a path that costs ten times a mark. In
training, the nodes of the autograd graph that a call made are claimed for it as they appear; a mark before each node
cuts the backward pass as well. The time of that bookkeeping lies between two marks of its own and counts for nobody.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

from torch import Tensor, nn

from resnet_bench.executors.protocol import TrainingStep
from resnet_bench.models.outputs import leaves
from resnet_bench.profilers.clock import Marker


class Region(StrEnum):
    """Where a segment lies: in a module's call, before a call, in bookkeeping, or in a training step's other parts."""

    MODULE = "module"
    GAP = "gap"
    BOOKKEEPING = "bookkeeping"
    REST = "rest"
    OPTIMIZER = "optimizer"


class Segment(NamedTuple):
    """`number` counts calls from 0; the gap of that number lies before the call, the last one after all calls."""

    place: Region
    number: int = 0
    backward: bool = False


class Call(NamedTuple):
    """One call of a module without children."""

    name: str
    type: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]


class Cut(NamedTuple):
    """Seconds and number of marks of each segment of one iteration, and the names of its calls in order."""

    seconds: dict[Segment, float]
    marks: dict[Segment, int]
    names: tuple[str, ...]

    @property
    def total_s(self) -> float:
        """The iteration without bookkeeping."""
        return sum(seconds for segment, seconds in self.seconds.items() if segment.place is not Region.BOOKKEEPING)


_Forward = Callable[..., Any]
_BOOKKEEPING = Segment(Region.BOOKKEEPING)
_REST = Segment(Region.REST, backward=True)


def survey(network: nn.Module, iterate: Callable[[], object]) -> tuple[Call, ...]:
    """Return the calls of one iteration with their shapes; nothing is timed."""
    calls: list[Call] = []

    def around(name: str, part: nn.Module, forward: _Forward) -> _Forward:
        weight = getattr(part, "weight", None)
        shape = tuple(weight.shape) if isinstance(weight, Tensor) else ()

        def noted(*args: Any, **kwargs: Any) -> Any:
            output = forward(*args, **kwargs)
            calls.append(Call(name, type(part).__name__, _shape((args, kwargs)), _shape(output), shape))
            return output

        return noted

    with wrapped(network, around):
        iterate()
    return tuple(calls)


class Timeline:
    """Cuts iterations of one network."""

    def __init__(self, network: nn.Module, marker: Marker) -> None:
        self._network = network
        self._marker = marker
        self._labels: list[Segment] = []
        self._names: list[str] = []
        self._nodes: dict[Any, Segment] = {}

    @contextmanager
    def inference(self, iterate: Callable[[], object]) -> Iterator[Callable[[], Cut]]:
        """Wrap the modules, and yield what runs and cuts one forward pass."""
        mark, note = self._marker.mark, self._names.append

        def around(name: str, _part: nn.Module, forward: _Forward) -> _Forward:
            def marked(*args: Any, **kwargs: Any) -> Any:
                note(name)
                mark()
                output = forward(*args, **kwargs)
                mark()
                return output

            return marked

        def cut() -> Cut:
            mark()
            iterate()
            # Gap and module take turns, so that labels need not be kept while time runs.
            self._labels.append(Segment(Region.GAP, 0))
            for index in range(len(self._names)):
                self._labels += [Segment(Region.MODULE, index), Segment(Region.GAP, index + 1)]
            return self._finish()

        with wrapped(self._network, around):
            yield cut

    @contextmanager
    def training(self, step: TrainingStep) -> Iterator[Callable[[], Cut]]:
        """Wrap the modules, and yield what runs and cuts one training step."""

        def around(name: str, _part: nn.Module, forward: _Forward) -> _Forward:
            def marked(*args: Any, **kwargs: Any) -> Any:
                index = len(self._names)
                self._mark(_BOOKKEEPING)
                self._claim((args, kwargs), Segment(Region.GAP, index, backward=True))
                self._names.append(name)
                self._mark(Segment(Region.MODULE, index))
                output = forward(*args, **kwargs)
                self._mark(_BOOKKEEPING)
                self._claim(output, Segment(Region.MODULE, index, backward=True))
                self._mark(Segment(Region.GAP, index + 1))
                return output

            return marked

        def cut() -> Cut:
            self._mark(Segment(Region.GAP, 0))
            loss = step.forward()
            self._mark(_BOOKKEEPING)
            self._claim(loss, _REST)
            self._mark(_REST)
            step.backward(loss)
            self._mark(Segment(Region.OPTIMIZER))
            step.optimizer()
            return self._finish()

        with wrapped(self._network, around):
            yield cut

    def _mark(self, segment: Segment) -> None:
        self._marker.mark()
        self._labels.append(segment)

    def _claim(self, values: Any, segment: Segment) -> None:
        """Let the nodes that made `values` and that nobody has claimed yet start `segment` when they run."""
        start = partial(self._node_starts, segment)
        open_nodes = [leaf.grad_fn for leaf in leaves(values) if isinstance(leaf, Tensor)]
        while open_nodes:
            node = open_nodes.pop()
            if node is None or node in self._nodes:
                continue
            self._nodes[node] = segment
            node.register_prehook(start)
            open_nodes += [following for following, _ in node.next_functions]

    def _node_starts(self, segment: Segment, _gradients: Sequence[Tensor]) -> None:
        self._mark(segment)

    def _finish(self) -> Cut:
        self._marker.mark()
        seconds: dict[Segment, float] = {}
        marks: dict[Segment, int] = {}
        for segment, duration in zip(self._labels, self._marker.durations(), strict=True):
            seconds[segment] = seconds.get(segment, 0.0) + duration
            marks[segment] = marks.get(segment, 0) + 1
        names = tuple(self._names)
        self._labels.clear()
        self._names.clear()
        self._nodes.clear()
        return Cut(seconds, marks, names)


@contextmanager
def wrapped(network: nn.Module, around: Callable[[str, nn.Module, _Forward], _Forward]) -> Iterator[None]:
    """Replace `forward` of every module without children by `around(name, module, forward)`, and put it back after.

    A module without children that runs inside another one counts with that one.
    """
    inside = False

    def outermost(forward: _Forward, replaced: _Forward) -> _Forward:
        def run(*args: Any, **kwargs: Any) -> Any:
            nonlocal inside
            if inside:
                return forward(*args, **kwargs)
            inside = True
            try:
                return replaced(*args, **kwargs)
            finally:
                inside = False

        return run

    before: list[tuple[nn.Module, Any]] = []
    try:
        for name, part in network.named_modules():
            if next(part.children(), None) is None:
                before.append((part, part.__dict__.get("forward")))
                part.__dict__["forward"] = outermost(part.forward, around(name, part, part.forward))
        yield
    finally:
        for part, own in before:
            if own is None:
                del part.__dict__["forward"]
            else:
                part.__dict__["forward"] = own


def _shape(values: Any) -> tuple[int, ...]:
    return next((tuple(leaf.shape) for leaf in leaves(values) if isinstance(leaf, Tensor)), ())
