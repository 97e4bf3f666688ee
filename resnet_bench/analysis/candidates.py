"""A measured case held against budgets, and which of several is best at an objective as far as intervals prove it."""

import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import msgspec

from resnet_bench.analysis.budgets import Budget, Objective
from resnet_bench.analysis.claims import Standing, standing
from resnet_bench.analysis.criteria import COST, Estimate, Prices, find_criterion
from resnet_bench.analysis.metric import Direction
from resnet_bench.analysis.metrics import find_metric
from resnet_bench.analysis.results import Result
from resnet_bench.analysis.stats import MIN_LAUNCHES
from resnet_bench.analysis.verdicts.thresholds import Percentile
from resnet_bench.records import Case, Record


class Fit(StrEnum):
    """How a case stands to a budget, in the order of gravity: of several budgets the gravest counts."""

    FITS = "fits"
    UNDECIDED = "undecided"
    UNKNOWN = "not measured"
    MISSES = "misses"


GRAVITY = tuple(Fit)


class BudgetTest(Record, frozen=True, kw_only=True):
    """One budget held against one case; `figure` is None where the case that it asks for was not measured."""

    budget: Budget
    figure: Estimate | None
    fit: Fit

    @property
    def missed_by(self) -> float:
        """How far the figure lies beyond the limit, in base units; 0 or less where it does not."""
        if self.figure is None:
            return 0.0
        beyond = self.figure.value - self.budget.limit
        return beyond if find_criterion(self.budget.criterion).direction is Direction.LOWER else -beyond

    @property
    def missed_share(self) -> float:
        """The same as a share of the limit."""
        if self.budget.limit:
            return self.missed_by / self.budget.limit
        return math.inf if self.missed_by > 0 else 0.0


class Candidate(Record, frozen=True, kw_only=True):
    """A measured case, its figure of the objective, its budgets, and what a million images cost where that is known."""

    result: Result
    figure: Estimate
    tests: tuple[BudgetTest, ...]
    cost: Estimate | None

    @property
    def fit(self) -> Fit:
        """How it stands to all of its budgets."""
        return max((it.fit for it in self.tests), key=GRAVITY.index, default=Fit.FITS)

    @property
    def supported(self) -> bool:
        """Whether each budget was decided by an interval, or by something exact that is its own."""
        return all(it.figure is not None and it.figure.supported and not it.figure.bare for it in self.tests)

    @property
    def worst_miss(self) -> float:
        """By which share of a limit it misses the one that it misses most; of a limit of 0 by any number of times."""
        return max((it.missed_share for it in self.tests), default=0.0)


Placing = Callable[[Sequence[Candidate]], Standing]


def candidate(
    result: Result,
    known: Mapping[tuple[int, Case], Result],
    *,
    budgets: Sequence[Budget],
    objective: Objective,
    prices: Prices,
) -> Candidate | None:
    """Return a case with its budgets, None where it has no figure of the objective; `known` are all that were measured.

    A budget that names a batch is held against the case of that batch, everything else as in this one.
    """
    figure = find_criterion(objective.criterion).estimate(result, objective.percentile, prices)
    if figure is None:
        return None
    asked = (known.get((result.run, msgspec.structs.replace(result.case, **budget.where))) for budget in budgets)
    tests = tuple(_tested(budget, of, prices) for budget, of in zip(budgets, asked, strict=True))
    return Candidate(result=result, figure=figure, tests=tests, cost=COST.estimate(result, None, prices))


def placing(objective: Objective, prices: Prices) -> Placing:
    """Return what ranks candidates: ratios of launches' medians where they say it, else intervals of figures."""
    criterion = find_criterion(objective.criterion)
    ratios = criterion.ratios if objective.percentile in {None, Percentile.P50} else None

    def by_ratios(candidates: Sequence[Candidate]) -> Standing:
        summaries = [found for it in candidates if ratios and (found := ratios(it.result, prices))]
        return standing(summaries, find_metric(summaries[0].metric).direction)

    return by_ratios if ratios else lambda candidates: _by_figures(candidates, criterion.direction)


def _tested(budget: Budget, result: Result | None, prices: Prices) -> BudgetTest:
    criterion = find_criterion(budget.criterion)
    figure = criterion.estimate(result, budget.percentile, prices) if result else None
    if figure is None:
        return BudgetTest(budget=budget, figure=None, fit=Fit.UNKNOWN)
    low, high = figure.least - budget.limit, figure.most - budget.limit
    least, most = (low, high) if criterion.direction is Direction.LOWER else (-high, -low)
    fit = Fit.FITS if most <= 0 else Fit.MISSES if least > 0 else Fit.UNDECIDED
    return BudgetTest(budget=budget, figure=figure, fit=fit)


def _by_figures(candidates: Sequence[Candidate], direction: Direction) -> Standing:
    """Rank by figures: one is behind where its interval lies apart.

    Of equal ones those stand first whose figure is their own, then the quickest.
    """
    sign = 1 if direction is Direction.HIGHER else -1
    places = range(len(candidates))
    first = max(places, key=lambda at: _merit(candidates[at], sign))
    best = candidates[first].figure
    rivals = tuple(at for at in places if at != first and not _behind(candidates[at].figure, best, direction))
    sure = all(it.figure.supported for it in candidates)
    launches = min(it.result.latency.launches for it in candidates if it.result.latency)
    return Standing(first=first, rivals=rivals, half_width=None, launches=MIN_LAUNCHES if sure else launches)


def _merit(candidate: Candidate, sign: int) -> tuple[float, bool, float]:
    figure = candidate.figure
    return sign * figure.value, not figure.borrowed_by, _images_per_s(candidate.result)


def _behind(figure: Estimate, best: Estimate, direction: Direction) -> bool:
    if not (figure.supported and best.supported and best.counts_beside(figure)):
        return False
    return figure.most < best.least if direction is Direction.HIGHER else figure.least > best.most


def _images_per_s(result: Result) -> float:
    return result.throughput.median if result.throughput else 0.0
