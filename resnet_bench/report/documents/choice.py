"""Runs and a question in, the answer as a document out: what `report --best --under ... --for ...` prints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from resnet_bench.analysis.candidates import Candidate, Fit
from resnet_bench.analysis.choice import Choice, ModelChoice, Query, choose
from resnet_bench.analysis.criteria import COST, POWER, Criterion, Estimate, cost_words, find_criterion, kilowatt_hours
from resnet_bench.analysis.published import Catalog, published
from resnet_bench.analysis.results import of_runs
from resnet_bench.config.axes import AXES
from resnet_bench.machine.names import named_alike
from resnet_bench.records import SCHEMA_VERSION, Run
from resnet_bench.report.choice_words import answer, figure, outcome, question, ranked_by
from resnet_bench.report.document import Document, Section
from resnet_bench.report.labels import Labels, axis_cells, axis_columns, label
from resnet_bench.report.rows import objects
from resnet_bench.report.sections.agreement_columns import agreement_of
from resnet_bench.report.table import Column, ColumnKind, Row, Table, Value

_AGREEMENT = Column(key="agreement", title="agreement", kind=ColumnKind.TEXT, help="With eager float32.")
_AXES = tuple(axis.name for axis in AXES if axis.name != "model")


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """One figure of the answer: its keys in JSON and CSV, its heading, its value of a candidate, and that as text."""

    key: str
    title: str
    of: Callable[[Candidate], Estimate | None]
    say: Callable[[Estimate], str]


def build(runs: Sequence[Run], query: Query, *, catalog: Catalog = published) -> Document:
    """Build the answer to a query about one or several runs.

    Raises:
        UsageError: something was asked that was not measured.
    """
    runs = named_alike(runs)
    labels = label(runs)
    return document(choose(of_runs(runs, catalog), query, runs=labels.runs), labels)


def document(choice: Choice, labels: Labels) -> Document:
    """Return the answer in sentences, and a row for each model."""
    said, asked = answer(choice, labels), _asked(choice)
    data = _data(choice, labels, asked)
    return Document(
        title=question(choice),
        kind="report",
        content=lambda: {
            "schema": SCHEMA_VERSION,
            "question": question(choice),
            "query": choice.query,
            "objective": choice.objective,
            "answer": said,
            "supported": choice.supported,
            "ranked_by": choice.standing.figures if choice.standing else None,
            "models": objects(data),
        },
        rows=lambda: data,
        sections=(
            Section(
                id="choice",
                title="",
                paragraphs=said,
                tables=(_shown(choice, labels, asked),),
                lines=ranked_by(choice),
            ),
        ),
    )


def _asked(choice: Choice) -> list[_Asked]:
    """Return the figures of the answer: what to be best at, each budget, and what a million images need."""
    found = [_of_criterion("objective", choice.objective.words, choice.objective.criterion, lambda it: it.figure)]
    for number, budget in enumerate(choice.query.budgets):
        of = _tested(number)
        found.append(_of_criterion(f"budget.{number + 1}", str(budget), budget.criterion, of))
    candidates = [it.best for it in choice.models if it.best]
    if any(it.cost for it in candidates) and choice.objective.criterion != COST.name:
        found.append(
            _Asked(
                key="cost_per_million_images",
                title="a million images cost",
                of=lambda it: it.cost,
                say=lambda it: cost_words(it.value, choice.currency),
            )
        )
    if any(_energy(it) for it in candidates):
        found.append(
            _Asked(
                key="energy_kwh_per_million_images",
                title="a million images take",
                of=_energy,
                say=lambda it: f"{it.value:.3g} kWh",
            )
        )
    return found


def _of_criterion(key: str, title: str, criterion: str, of: Callable[[Candidate], Estimate | None]) -> _Asked:
    known: Criterion = find_criterion(criterion)
    return _Asked(key=key, title=title, of=of, say=lambda it: figure(it, known))


def _tested(number: int) -> Callable[[Candidate], Estimate | None]:
    return lambda candidate: candidate.tests[number].figure


def _energy(candidate: Candidate) -> Estimate | None:
    found = POWER.estimate(candidate.result, None, {})
    return found and Estimate(
        value=kilowatt_hours(found.value),
        low=found.low and kilowatt_hours(found.low),
        high=found.high and kilowatt_hours(found.high),
    )


def _shown(choice: Choice, labels: Labels, asked: Sequence[_Asked]) -> Table:
    """Return what people read: a row for each model, figures with their intervals."""
    columns = (
        Column(key="case", title="case", kind=ColumnKind.NAME),
        Column(key="answer", title="answer", kind=ColumnKind.TEXT),
        _AGREEMENT,
        *(Column(key=it.key, title=it.title, kind=ColumnKind.FIGURE) for it in asked),
    )
    rows: list[Row] = []
    for model in choice.models:
        best = model.best
        figures = [(it, it.of(best)) for it in asked] if best else [(it, None) for it in asked]
        rows.append(
            (
                _short(best, labels) if best else model.model,
                _word(model, choice),
                agreement_of(best.result) if best else None,
                *(it.say(known) if known else None for it, known in figures),
            )
        )
    return Table(
        id="choice",
        caption=question(choice),
        columns=columns,
        rows=tuple(rows),
        shown=tuple(it.key for it in columns if it is not _AGREEMENT or any(row[2] for row in rows)),
    )


def _short(best: Candidate, labels: Labels) -> str:
    """Return a case by its axes alone: the sentences above say what its accuracy is worth."""
    return f"{labels.series(best.result.case, run=best.result.run)}, batch {best.result.case.batch_size}"


def _data(choice: Choice, labels: Labels, asked: Sequence[_Asked]) -> Table:
    """Return the same for programs: the case axis by axis, figures and bounds in base units."""
    columns = (
        Column(key="run", title="run", kind=ColumnKind.NAME),
        *axis_columns(("model", *_AXES), facet=False),
        Column(key="answer", title="answer", kind=ColumnKind.TEXT),
        _AGREEMENT,
        *(
            Column(key=key, title=key, kind=ColumnKind.NUMBER)
            for it in asked
            for key in (it.key, f"{it.key}_low", f"{it.key}_high")
        ),
    )
    rows = tuple(
        (
            labels.runs[model.run],
            model.model,
            *(axis_cells(model.best.result.case, _AXES) if model.best else [None] * len(_AXES)),
            _word(model, choice),
            agreement_of(model.best.result) if model.best else None,
            *(value for it in asked for value in _bounds(it.of(model.best) if model.best else None)),
        )
        for model in choice.models
    )
    return Table(id="models", caption=question(choice), columns=columns, rows=rows, shown=())


def _bounds(estimate: Estimate | None) -> tuple[Value, Value, Value]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)


def _word(model: ModelChoice, choice: Choice) -> str:
    """Return what became of a model: best, tied with the best, fits, undecided, or by how much it misses."""
    if model is choice.best:
        return "tied" if choice.tied else "best"
    if model in choice.tied:
        return "tied"
    if model.best and model.fit is Fit.MISSES:
        return "; ".join(outcome(it) for it in model.best.tests if it.fit is Fit.MISSES)
    return model.fit.value
