"""Which one to take: the best case of each model within budgets and the best model, as far as intervals prove it.

A case keeps a budget where its whole interval does, misses it where all of the interval does, and is undecided in
between. Where launches are too few for an interval, what was measured decides, and the choice is not supported.
"""

from collections.abc import Sequence

import msgspec

from resnet_bench.analysis.budgets import (
    Budget,
    Objective,
    at_words,
    conditions,
    parse_budget,
    parse_objective,
)
from resnet_bench.analysis.candidates import GRAVITY, Candidate, Fit, Placing, candidate, placing
from resnet_bench.analysis.claims import Standing
from resnet_bench.analysis.criteria import ACCURACY, COST, CRITERIA, SPEED, Prices, find_criterion, price_of
from resnet_bench.analysis.metric import Direction
from resnet_bench.analysis.results import Result
from resnet_bench.config.axes import BY_NAME
from resnet_bench.config.prices import parse_price
from resnet_bench.errors import UsageError
from resnet_bench.records import Mode, Price, Record
from resnet_bench.words import listed


class Query(Record, frozen=True, kw_only=True):
    """What is asked: budgets, what to be best at (None: accuracy where it is known, else throughput), and prices."""

    budgets: tuple[Budget, ...] = ()
    objective: Objective | None = None
    prices: tuple[Price, ...] = ()


class ModelChoice(Record, frozen=True, kw_only=True):
    """The best case of a model of a run that fits, and those of its cases that cannot be told from it.

    Where none fits, `best` is the best undecided one, or the one that misses by the least; None where nothing is known.
    `undecided` are cases that may be better than the best and may fit. `fitting` counts those that do.
    """

    run: int
    model: str
    fit: Fit
    best: Candidate | None
    tied: tuple[Candidate, ...] = ()
    undecided: tuple[Candidate, ...] = ()
    fitting: int = 0


class Choice(Record, frozen=True, kw_only=True):
    """The answer. `models` are in the order of the answer: those that fit, the best first, then the others.

    `tied` cannot be told from the best, by `standing`, whose places count the models that fit in the run's order.
    `currency` is that of the prices, "" without any.
    """

    query: Query
    objective: Objective
    models: tuple[ModelChoice, ...]
    best: ModelChoice | None
    tied: tuple[ModelChoice, ...]
    standing: Standing | None
    currency: str = ""

    @property
    def supported(self) -> bool:
        """Whether intervals say so: that it fits, and that it is the best of those that do."""
        if self.best is None or self.best.best is None or self.standing is None:
            return False
        return self.best.best.supported and not (self.tied and self.standing.without_interval)


def ask(under: Sequence[str] = (), best_for: str | None = None, price: Sequence[str] = ()) -> Query:
    """Read a query from words, as they stand after --under, --for and --price.

    Raises:
        UsageError: one of them cannot be read.
    """
    return Query(
        budgets=tuple(parse_budget(text) for text in under),
        objective=None if best_for is None else parse_objective(best_for),
        prices=tuple(parse_price(text) for text in price),
    )


def choose(results: Sequence[Result], query: Query, *, runs: Sequence[str]) -> Choice:
    """Return the best case of each model and the best model, by the query's prices, else those of the suites.

    Args:
        results: of one or several runs.
        query: what is asked.
        runs: the names of the runs, for prices.

    Raises:
        UsageError: something was asked that was not measured; the message has what there is.
    """
    measured = [it for it in results if it.latency is not None]
    if not measured:
        raise UsageError("nothing was measured, so there is nothing to choose from.")
    prices = _prices(query.prices, runs, measured)
    currency = _currency(measured, prices)
    objective = query.objective or _usual(measured)
    asked = (*query.budgets, objective)
    for one in asked:
        _check(one, measured, prices)
    where = conditions(asked) | objective.where
    chosen = [it for it in measured if all(getattr(it.case, axis) == value for axis, value in where.items())]
    if not chosen:
        raise UsageError(f"no case was measured{at_words(where)}.")
    if "mode" not in where and any(it.case.mode is Mode.INFERENCE for it in chosen):
        chosen = [it for it in chosen if it.case.mode is Mode.INFERENCE]  # a training step is no forward pass
    known = {(it.run, it.case): it for it in measured}
    held = [candidate(it, known, budgets=query.budgets, objective=objective, prices=prices) for it in chosen]
    candidates = [it for it in held if it is not None]
    place = placing(objective, prices)
    names = dict.fromkeys((it.run, it.case.model) for it in results)
    models = [_of_model(name, [it for it in candidates if _named(it) == name], place) for name in names]
    return msgspec.structs.replace(_answer(models, query, objective, place), currency=currency)


def _answer(models: Sequence[ModelChoice], query: Query, objective: Objective, place: Placing) -> Choice:
    fitting = [it for it in models if it.fit is Fit.FITS]
    others = sorted((it for it in models if it.fit is not Fit.FITS), key=lambda it: GRAVITY.index(it.fit))
    if not fitting:
        return Choice(query=query, objective=objective, models=tuple(others), best=None, tied=(), standing=None)
    found = place([it.best for it in fitting if it.best])
    direction = find_criterion(objective.criterion).direction
    ranked = sorted(fitting, key=lambda it: _value(it.best) if direction is Direction.LOWER else -_value(it.best))
    best = fitting[found.first]
    ranked.remove(best)
    return Choice(
        query=query,
        objective=objective,
        models=(best, *ranked, *others),
        best=best,
        tied=tuple(fitting[rival] for rival in found.rivals),
        standing=found,
    )


def _of_model(name: tuple[int, str], candidates: Sequence[Candidate], place: Placing) -> ModelChoice:
    run, model = name
    by_fit = {fit: [it for it in candidates if it.fit is fit] for fit in Fit}
    fitting, undecided = by_fit[Fit.FITS], by_fit[Fit.UNDECIDED]
    if fitting:
        found = place(fitting)
        best = fitting[found.first]
        return ModelChoice(
            run=run,
            model=model,
            fit=Fit.FITS,
            best=best,
            # Cases of one model share what is exact, such as its accuracy: that is no tie.
            tied=() if best.figure.exact else tuple(fitting[rival] for rival in found.rivals),
            undecided=tuple(it for it in undecided if place([best, it]).first == 1),
            fitting=len(fitting),
        )
    if undecided:
        best = undecided[place(undecided).first]
        return ModelChoice(run=run, model=model, fit=Fit.UNDECIDED, best=best, undecided=(best,))
    if by_fit[Fit.MISSES]:
        nearest = min(by_fit[Fit.MISSES], key=lambda it: it.worst_miss)
        return ModelChoice(run=run, model=model, fit=Fit.MISSES, best=nearest)
    return ModelChoice(run=run, model=model, fit=Fit.UNKNOWN, best=None)


def _usual(measured: Sequence[Result]) -> Objective:
    known = any(it.accuracy is not None for it in measured)
    return Objective(criterion=(ACCURACY if known else SPEED).name)


def _check(asked: Objective, measured: Sequence[Result], prices: Prices) -> None:
    """Refuse what was not measured: nobody fits it, and nobody misses it."""
    for axis, value in asked.where.items():
        there = dict.fromkeys(getattr(it.case, axis) for it in measured)
        if value not in there:
            words = BY_NAME[axis].words
            raise UsageError(
                f"{words(value)} was not measured; there {'is' if len(there) == 1 else 'are'} "
                f"{listed([words(it) for it in there], limit=len(there))}."
            )
    criterion = find_criterion(asked.criterion)
    if criterion is COST and not any(price_of(it, prices) for it in measured):
        raise UsageError("cost needs what an hour costs: --price '2.49 USD/h', or [prices] in the suite.")
    if all(criterion.estimate(it, asked.percentile, prices) is None for it in measured):
        known = [it.name for it in CRITERIA if any(it.estimate(one, None, prices) is not None for one in measured)]
        raise UsageError(f"{asked.words} is known of no case here; there are {listed(known, limit=len(known))}.")


def _prices(prices: Sequence[Price], runs: Sequence[str], measured: Sequence[Result]) -> dict[tuple[int, str], Price]:
    """Return what an hour of each machine of each run costs."""
    machines = dict.fromkeys((it.run, it.case.machine) for it in measured)
    found: dict[tuple[int, str], Price] = {}
    for price in prices:
        of = [key for key in machines if price.where in {"", runs[key[0]], key[1]}]
        if not of:
            known = [*runs, *dict.fromkeys(machine for _, machine in machines if machine)]
            raise UsageError(f"price of '{price.where}': there are {listed(known, len(known))}.")
        found |= dict.fromkeys(of, price)
    return found


def _currency(measured: Sequence[Result], prices: Prices) -> str:
    """Return the one currency of the prices that hold, "" without any."""
    found = {price.currency for it in measured if (price := price_of(it, prices))}
    if len(found) > 1:
        raise UsageError(f"prices are in several currencies, {listed(sorted(found))}; give all in one with --price.")
    return next(iter(found), "")


def _named(candidate: Candidate) -> tuple[int, str]:
    return candidate.result.run, candidate.result.case.model


def _value(candidate: Candidate | None) -> float:
    return candidate.figure.value if candidate else 0.0
