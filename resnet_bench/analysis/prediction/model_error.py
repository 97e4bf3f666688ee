"""How far predictions were off on this machine, as a distribution of ln(measured / predicted).

A normal of unknown mean and deviation with a conjugate prior, whose predictive distribution is Student's t (Gelman et
al., Bayesian Data Analysis, 3.3). The prior weighs as much as a handful of predictions that were off by a few percent;
what was measured here soon outweighs it. Where intervals missed more often than they say, they are widened as well.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from scipy import special

from resnet_bench.records.predictions import PredictionError

CONFIDENCE = 0.95
# The prior: predictions with a deviation of 3.5 %, known as well as from five of them, and no bias, as from four.
_DEVIATION, _DEGREES, _WEIGHT_OF_MEAN = 0.035, 5.0, 4.0
# So unlikely a number of misses says that the intervals are too narrow.
_UNLIKELY = 0.05


class PastError(NamedTuple):
    """One prediction that was measured: the family of its network, ln(measured / predicted), and its own deviation.

    `deviation` is what the library said of itself: a relative standard deviation.
    """

    family: str
    log_ratio: float
    deviation: float


def half_width(error: PredictionError, own_deviation: float) -> float:
    """Return the half-width of the interval of a prediction's logarithm, by a library that is so unsure itself."""
    scale = math.hypot(error.deviation, own_deviation)
    return error.widening * scale * float(special.stdtrit(error.degrees, 0.5 + CONFIDENCE / 2))


def model_error(past: Sequence[PastError], *, family: str = "") -> PredictionError:
    """Return what is known of the error of a prediction, from those of other families than its own."""
    others = [it for it in past if not family or it.family != family]
    found = _posterior([it.log_ratio for it in others])
    of_families = {
        family: _posterior([it.log_ratio for it in others if it.family != family])
        for family in {it.family for it in others}
    }
    # How far each was off, in half-widths of the interval that other families gave it.
    shares = [
        abs(it.log_ratio - of_families[it.family].bias) / half_width(of_families[it.family], it.deviation)
        for it in others
    ]
    missed = sum(share > 1 for share in shares)
    widening = 1.0
    if missed and special.bdtrc(missed - 1, len(others), 1 - CONFIDENCE) < _UNLIKELY:
        widening = max(1.0, sorted(shares)[math.ceil(CONFIDENCE * len(shares)) - 1])
    return PredictionError(
        bias=found.bias,
        deviation=found.deviation,
        degrees=found.degrees,
        judged=len(others),
        missed=missed,
        widening=widening,
    )


def _posterior(errors: Sequence[float]) -> PredictionError:
    count = len(errors)
    mean = sum(errors) / count if count else 0.0
    weight, degrees = _WEIGHT_OF_MEAN + count, _DEGREES + count
    squares = _DEGREES * _DEVIATION**2 + sum((error - mean) ** 2 for error in errors)
    squares += _WEIGHT_OF_MEAN * count / weight * mean**2
    return PredictionError(
        bias=count * mean / weight,
        deviation=math.sqrt(squares / degrees * (1 + 1 / weight)),
        degrees=degrees,
        judged=count,
    )
