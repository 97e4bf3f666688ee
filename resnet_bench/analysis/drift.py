"""What a case takes at the reference's nominal speed: launches corrected for what the machine did meanwhile.

The reference is a control variate: of a launch, log(iteration) - b x log(reference / nominal), with the reference's
bursts on both sides of each sample. The coefficient b is not chosen but weighed: a posterior over a grid, from how far
launches lie apart under each b, with mass at 0, where correcting would do nothing. Figures and intervals mix over it.
(Control variates: Lavenberg and Welch 1981, Management Science 27; the priors are from a trial of 418 launches.)

What is compared is CPU time with CPU time where a case has one thread, for that leaves out what others took of the
core; elapsed time with elapsed time where it has more, or runs on a device of its own.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from resnet_bench.records import Correction, Nominal, ReferenceSamples, Samples
from resnet_bench.records.bounds import SHORTEST_S

Floats = NDArray[np.floating[Any]]

GRID = np.arange(8) * 0.25
# Dividing alone would be 1; what disturbs a network disturbs small kernels a little less.
_CENTER, _DEVIATION = 1.1, 0.25
_AT_ZERO, _AT_ZERO_OF_FEW, _FEW = 0.1, 0.5, 2
# Launches never agree better than so, by this much luck alone.
_FLOOR = 0.008


class LaunchLogs(NamedTuple):
    """One launch: logarithms of its samples in s, and of the reference's passes on both sides of each."""

    samples: Floats
    references: Floats


class Corrected(NamedTuple):
    """Seconds of an iteration at nominal speed, one value a launch, and how they came about."""

    launch_s: tuple[float, ...]
    correction: Correction


def correct(launches: Sequence[Samples], *, nominal: Nominal, threads: int) -> Corrected | None:
    """Correct the launches of one case.

    Args:
        launches: samples of the same protocol, with a reference of the same version.
        nominal: the speed for which figures are given, of that version.
        threads: of the case; the CPU time of several is no time that anybody waits for.

    Returns:
        None where a launch has no reference, or launches have different ones.
    """
    references = [launch.reference for launch in launches if launch.reference is not None]
    if len(references) < max(1, len(launches)) or {it.version for it in references} != {nominal.version}:
        return None
    by_cpu = _by_cpu(launches, threads)
    logs = [_logs(launch, by_cpu=by_cpu) for launch in launches]
    offsets = [it.references - math.log(nominal.of_passes(of.passes)) for it, of in zip(logs, references, strict=True)]
    pairs = zip(logs, offsets, strict=True)
    figures = np.array([np.median(it.samples - np.outer(GRID, offset), axis=1) for it, offset in pairs]).T
    weights = posterior(figures)
    mixed = weights @ figures
    mean = float(weights @ GRID)
    raw = [float(np.median(np.log(launch.iteration_s))) for launch in launches]
    return Corrected(
        launch_s=tuple(float(value) for value in np.exp(mixed)),
        correction=Correction(
            reference=nominal.version,
            nominal_s=nominal.of_passes(1),
            coefficient=mean,
            coefficient_deviation=math.sqrt(max(0.0, float(weights @ (GRID - mean) ** 2))),
            offset=float(np.mean([np.median(offset) for offset in offsets])),
            spread_raw=_spread(raw),
            spread_cpu=_spread(figures[0]) if by_cpu else None,
            spread_corrected=_spread(mixed),
        ),
    )


def at_nominal_s(launch: Samples, nominal: Nominal, *, threads: int) -> float | None:
    """Return the seconds of an iteration of one launch at nominal speed, by the coefficient that is usual.

    For figures that are held against those of other cases: there is no spread to weigh a coefficient by, and what is
    compared is corrected alike. None without a reference of that version.
    """
    if launch.reference is None or launch.reference.version != nominal.version or not launch.elapsed_s:
        return None
    logs = _logs(launch, by_cpu=_by_cpu((launch,), threads))
    offset = logs.references - math.log(nominal.of_passes(launch.reference.passes))
    return float(np.exp(np.median(logs.samples - USUAL * offset)))


def posterior(figures: Floats) -> Floats:
    """Return the weight of each coefficient of the grid.

    Args:
        figures: shape (coefficients, launches), logarithms of launches' figures under each coefficient.

    Returns:
        Shape (coefficients,), positive, of sum 1. A normal likelihood whose variance is taken at its estimate,
        var ** (-(L - 1) / 2), with a floor, so that a lucky agreement of few launches decides nothing.
    """
    launches = figures.shape[1]
    logs = np.log(_prior(launches))
    if launches > 1:
        variances = np.maximum(figures.var(axis=1, ddof=1), _FLOOR**2)
        logs = logs - (launches - 1) / 2 * np.log(variances)
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def _prior(launches: int) -> Floats:
    at_zero = _AT_ZERO_OF_FEW if launches <= _FEW else _AT_ZERO
    helping = np.exp(-0.5 * ((GRID - _CENTER) / _DEVIATION) ** 2)
    weights = (1 - at_zero) * helping / helping.sum()
    weights[0] += at_zero
    return np.asarray(weights)


# What a reference says of an iteration before any launches are seen.
USUAL = float(_prior(_FEW + 1) @ GRID)


def _by_cpu(launches: Sequence[Samples], threads: int) -> bool:
    """Say whether CPU time is what is compared; a clock too coarse for it says 0, and none tells less than this."""
    passes = [launch.reference.cpu_s if launch.reference else None for launch in launches]
    taken = (*(launch.cpu_s for launch in launches), *passes)
    return threads == 1 and all(values is not None and min(values) >= SHORTEST_S for values in taken)


def _logs(launch: Samples, *, by_cpu: bool) -> LaunchLogs:
    reference = launch.reference
    assert reference is not None  # noqa: S101 - `correct` asked
    taken = launch.cpu_s if by_cpu else launch.elapsed_s
    passes = reference.cpu_s if by_cpu else reference.elapsed_s
    assert taken is not None and passes is not None  # noqa: PT018, S101 - `_by_cpu` asked
    return LaunchLogs(
        samples=np.log(np.array(taken) / launch.iterations_per_sample),
        references=_around(reference, np.log(np.array(passes)), len(taken)),
    )


def _around(reference: ReferenceSamples, logs: Floats, count: int) -> Floats:
    """Return for each sample the mean of the bursts on both sides of it."""
    before = np.searchsorted(np.array(reference.taken[:-1]), np.arange(count), side="right") - 1
    return np.asarray((logs[before] + logs[before + 1]) / 2)


def _spread(logs: Sequence[float] | Floats) -> float | None:
    return float(np.std(logs, ddof=1)) if len(logs) > 1 else None
