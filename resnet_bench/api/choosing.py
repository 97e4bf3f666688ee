"""Which model to take from a run: the answer of `report --best --under`, as an object."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from resnet_bench.analysis.budgets import Budget
from resnet_bench.analysis.choice import Choice, Query, ask, choose
from resnet_bench.analysis.criteria import find_criterion
from resnet_bench.analysis.published import published
from resnet_bench.analysis.results import of_runs
from resnet_bench.records import Case, Run
from resnet_bench.report import notebook
from resnet_bench.report.document import Document
from resnet_bench.report.documents.choice import document
from resnet_bench.report.frame import frame_of
from resnet_bench.report.labels import label
from resnet_bench.report.renderers import Format, render

if TYPE_CHECKING:
    import pandas as pd

# "latency p95 200 ms at batch 1", several of them, or limits in base units by a metric's name.
Budgets = str | Sequence[str] | Mapping[str, float]


class ChosenModel:
    """The answer: `choice` is the record, `supported` says whether intervals prove it."""

    def __init__(self, choice: Choice, shown: Document) -> None:
        self.choice = choice
        self.document = shown

    @property
    def case(self) -> Case | None:
        """The best case of the best model; None where nothing keeps the budgets."""
        best = self.choice.best
        return best.best.result.case if best is not None and best.best is not None else None

    @property
    def model(self) -> str | None:
        """The best model; None where nothing keeps the budgets."""
        return None if self.case is None else self.case.model

    @property
    def supported(self) -> bool:
        """Whether intervals say so."""
        return self.choice.supported

    def frame(self) -> "pd.DataFrame":
        """Return one row a model, the best first, with its best case and the budgets."""
        return frame_of(self.document.rows())

    def __str__(self) -> str:
        return render(self.document, Format.TEXT).rstrip()

    def __repr__(self) -> str:
        return f"<ChosenModel {self.model or 'none'}{'' if self.supported else ', not supported by intervals'}>"

    def _repr_html_(self) -> str:
        return notebook.html_of(self.document)


def best_of(run: Run, under: Budgets, best_for: str | None, price: str | Sequence[str]) -> ChosenModel:
    """Return which model of a run is best within budgets.

    Raises:
        UsageError: something was asked that was not measured, or cannot be read.
    """
    query = _query(under, best_for, price)
    labels = label([run])
    choice = choose(of_runs([run], published), query, runs=labels.runs)
    return ChosenModel(choice, document(choice, labels))


def _query(under: Budgets, best_for: str | None, price: str | Sequence[str]) -> Query:
    prices = (price,) if isinstance(price, str) else tuple(price)
    if not isinstance(under, Mapping):
        return ask((under,) if isinstance(under, str) else tuple(under), best_for, prices)
    asked_for = [(find_criterion(name), limit) for name, limit in under.items()]
    limits = tuple(Budget(criterion=it.name, limit=it.checked(limit)) for it, limit in asked_for)
    asked = ask((), best_for, prices)
    return Query(budgets=limits, objective=asked.objective, prices=asked.prices)
