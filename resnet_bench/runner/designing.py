"""Search architectures under budgets: by closed form and the layer library, in seconds, before anything is measured."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from resnet_bench import specs
from resnet_bench.analysis.budgets import Budget
from resnet_bench.analysis.criteria import find_criterion
from resnet_bench.analysis.prediction.frontier import Conflict, binding, frontier, keeping, spread_out
from resnet_bench.analysis.prediction.predict import missing_shapes
from resnet_bench.analysis.prediction.space import Amounts, Variant
from resnet_bench.config.axis import Value
from resnet_bench.config.case_labels import label
from resnet_bench.errors import IncompleteError, UsageError
from resnet_bench.records import Record
from resnet_bench.records.layer_library import LayerWay
from resnet_bench.records.predictions import PredictedLatency
from resnet_bench.runner import prediction
from resnet_bench.runner.choices import AskedModel
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.oracle import Oracle, PredictionSubject
from resnet_bench.specs import Spec
from resnet_bench.wire.messages import Named
from resnet_bench.words import say

Depths = tuple[int, ...]
SHOWN, BEST = 12, 3
_STATIC: dict[str, Callable[[PredictionSubject], float]] = {
    "parameters": lambda subject: float(subject.static.parameters),
    "macs": lambda subject: float(subject.static.macs),
    "peak_bytes": lambda subject: float(_peak_bytes(subject)),
    "predicted_peak_bytes": lambda subject: float(_peak_bytes(subject)),
}
_LATENCY = "latency_s"


class Design(Record, frozen=True, kw_only=True):
    """One network of the frontier: what it is, as a table of a suite file, and its predictions by batch size.

    `sure` says that the whole interval keeps every budget on latency; else the prediction alone does. `best` are those
    to measure.
    """

    name: str
    table: dict[str, Any]
    predictions: tuple[PredictedLatency, ...]
    macs: int
    parameters: int
    peak_bytes: int | None
    sure: bool
    best: bool


class BindingBudget(NamedTuple):
    """A budget that binds: the least of it that a network takes, of those that keep the others or of all; and which."""

    budget: Budget
    least: float | None
    name: str
    beside_others: bool


class Designs(Record, frozen=True, kw_only=True):
    """The answer: the frontier, the quickest first, of so many networks; `unknown` are variants nobody timed layers of.

    `bounds` say which budgets bind where nothing keeps all of them.
    """

    budgets: tuple[Budget, ...]
    batch_sizes: tuple[int, ...]
    searched: int
    keeping: int
    designs: tuple[Design, ...]
    unknown: tuple[str, ...]
    bounds: tuple[BindingBudget, ...]


def check_budgets(budgets: Sequence[Budget]) -> tuple[int, ...]:
    """Return the batch sizes that budgets on latency are of, 1 where none is said; other budgets need no layers.

    Raises:
        UsageError: something is asked that is not predicted.
    """
    if not budgets:
        raise UsageError('design needs a budget: resnet-bench design --under "latency 100 ms at batch 1".')
    for budget in budgets:
        if _key(budget) not in {*_STATIC, _LATENCY} or budget.percentile is not None:
            raise UsageError(
                f"'{budget}' is not predicted; budgets of a design are latency, parameters, MACs and peak memory."
            )
        strange = next((axis for axis in budget.where if axis != "batch_size"), None)
        if strange is not None:
            raise UsageError(f"'{budget}': a budget names a batch; give --{strange.replace('_', '-')} for all of them.")
    return tuple(sorted({_batch_size(budget) for budget in budgets if _key(budget) == _LATENCY})) or (1,)


def search(
    variants: Sequence[Variant],
    budgets: Sequence[Budget],
    asked: Mapping[str, Value],
    *,
    launcher: Launcher,
    measure_missing: bool = False,
    across: bool = False,
) -> Designs:
    """Return the networks that keep budgets and that no other one is both quicker and larger than.

    Args:
        variants: what to search through.
        budgets: the most of each.
        asked: values of axes, of every network alike.
        launcher: where missing layers are timed.
        measure_missing: time the layers of variants that are not known.
        across: take a library of other software or another machine.

    Raises:
        IncompleteError: no layers are known, or of none of these networks.
        UsageError: a budget that is not predicted.
    """
    sizes = check_budgets(budgets)
    found = _Search(variants, sizes, asked, launcher, across=across)
    if measure_missing:
        found.time_missing()
    known, unknown = found.split()
    if not known:
        raise IncompleteError(
            f"no layers are known of {unknown[0].spec.name} at {unknown[0].spec.image_size} px and "
            f"{len(unknown) - 1} other variants; time them with --measure-missing, or choose another --family or "
            "--image-sizes."
        )
    amounts = [np.concatenate([found.amounts(it, budget) for it in known]) for budget in budgets]
    latency_s = np.concatenate([found.latencies(it, sizes[0]) for it in known])
    macs = np.concatenate([it.of_every_depth(lambda spec: float(specs.totals(spec).macs)) for it in known])
    rows = [(variant, depths) for variant in known for depths in variant.depths]
    kept = keeping(amounts, budgets)
    places = spread_out(frontier(latency_s, macs, kept), latency_s, SHOWN)
    designs = [found.design(variant.at(depths), budgets) for variant, depths in (rows[place] for place in places)]
    return Designs(
        budgets=tuple(budgets),
        batch_sizes=sizes,
        searched=len(rows),
        keeping=int(kept.sum()),
        designs=_with_best([it for it in designs if found.keeps(it, budgets)]),
        unknown=tuple(f"{it.spec.name} at {it.spec.image_size} px" for it in unknown),
        bounds=() if kept.any() else tuple(_bound(it, budgets, amounts, rows) for it in binding(amounts, budgets)),
    )


def _bound(
    found: Conflict, budgets: Sequence[Budget], amounts: Sequence[Amounts], rows: Sequence[tuple[Variant, Depths]]
) -> BindingBudget:
    if found.network is None:
        return BindingBudget(budgets[found.budget], None, "", found.beside_others)
    variant, depths = rows[found.network]
    least = float(amounts[found.budget][found.network])
    return BindingBudget(budgets[found.budget], least, variant.at(depths).name, found.beside_others)


class _Search:
    """Variants with what is known of their layers, at some batch sizes."""

    def __init__(
        self,
        variants: Sequence[Variant],
        sizes: Sequence[int],
        asked: Mapping[str, Value],
        launcher: Launcher,
        *,
        across: bool,
    ) -> None:
        self._variants, self._sizes, self._asked, self._launcher, self._across = (
            variants,
            sizes,
            asked,
            launcher,
            across,
        )
        self._subjects: dict[tuple[Spec, int], PredictionSubject] = {}
        self._oracles: dict[LayerWay, Oracle] = {}

    def subject(self, spec: Spec, batch_size: int) -> PredictionSubject:
        """Return a network as a case, counted once."""
        key = (spec, batch_size)
        if key not in self._subjects:
            model = AskedModel(spec.name, Named(model=spec))
            (made,) = prediction.subjects((model,), self._asked, (batch_size,), launcher=self._launcher)
            self._subjects[key] = made
        return self._subjects[key]

    def predict(self, spec: Spec, batch_size: int) -> PredictedLatency:
        """Predict a network at one batch size."""
        subject = self.subject(spec, batch_size)
        return self._oracle(subject).predict(subject)

    def _oracle(self, subject: PredictionSubject) -> Oracle:
        way = LayerWay.of(subject.case)
        if way not in self._oracles:
            self._oracles[way] = Oracle(way, across=self._across)
        return self._oracles[way]

    def split(self) -> tuple[list[Variant], list[Variant]]:
        """Return the variants whose layers are all known, and the others."""
        known: list[Variant] = []
        unknown: list[Variant] = []
        for variant in self._variants:
            (unknown if any(self._lacks(variant, size) for size in self._sizes) else known).append(variant)
        return known, unknown

    def _lacks(self, variant: Variant, batch_size: int) -> bool:
        subject = self.subject(variant.at((2,) * len(variant.spec.layers)), batch_size)
        return bool(missing_shapes(subject.static.layers, self._oracle(subject).known))

    def time_missing(self) -> None:
        """Time a network of two blocks a stage of each variant that lacks layers."""
        for variant in self._variants:
            for size in self._sizes:
                subject = self.subject(variant.at((2,) * len(variant.spec.layers)), size)
                if prediction.lacking(subject):
                    say(f"timing the layers of {label(subject.case)}")
                    prediction.time_layers(subject.case, subject.model, self._launcher)

    def latencies(self, variant: Variant, batch_size: int) -> Amounts:
        """Return the predicted latency at each of a variant's depths, in s."""
        return variant.of_every_depth(lambda spec: self.predict(spec, batch_size).latency_s)

    def amounts(self, variant: Variant, budget: Budget) -> Amounts:
        """Return what each of a variant's depths takes of a budget."""
        if _key(budget) == _LATENCY:
            return self.latencies(variant, _batch_size(budget))
        of = _STATIC[_key(budget)]
        return variant.of_every_depth(lambda spec: of(self.subject(spec, _batch_size(budget))))

    def design(self, spec: Spec, budgets: Sequence[Budget]) -> Design:
        """Return one network as a design, predicted as a whole."""
        first = self.subject(spec, self._sizes[0])
        of_memory = [_batch_size(budget) for budget in budgets if "peak" in _key(budget)]
        largest = self.subject(spec, max(of_memory)) if of_memory else first
        predictions = {size: self.predict(spec, size) for size in self._sizes}
        of_latency = [(budget, predictions[_batch_size(budget)]) for budget in budgets if _key(budget) == _LATENCY]
        return Design(
            name=spec.name,
            table=specs.to_table(spec),
            predictions=tuple(predictions.values()),
            macs=specs.totals(spec).macs,
            parameters=first.static.parameters,
            peak_bytes=round(_peak_bytes(largest)) or None,
            sure=all(it.interval is not None and it.interval.high <= budget.limit for budget, it in of_latency),
            best=False,
        )

    def keeps(self, design: Design, budgets: Sequence[Budget]) -> bool:
        """Say whether a network keeps budgets, counted exactly: sums over depths are not exact for memory."""
        spec = msgspec.convert(design.table, Spec)
        static = [(budget, _key(budget)) for budget in budgets if _key(budget) != _LATENCY]
        return all(_STATIC[key](self.subject(spec, _batch_size(budget))) <= budget.limit for budget, key in static)


def _with_best(designs: Sequence[Design]) -> tuple[Design, ...]:
    """Mark the largest, those before others whose whole interval keeps the budgets."""
    ranked = sorted(designs, key=lambda it: (it.sure, it.macs), reverse=True)
    names = {it.name for it in ranked[:BEST]}
    return tuple(msgspec.structs.replace(it, best=it.name in names) for it in designs)


def _key(budget: Budget) -> str:
    return find_criterion(budget.criterion).key


def _batch_size(budget: Budget) -> int:
    return int(budget.where.get("batch_size", 1))


def _peak_bytes(subject: PredictionSubject) -> int:
    memory = subject.static.predicted_memory
    return memory.peak_bytes if memory else 0
