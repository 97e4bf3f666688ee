"""From values to places on paper: linear, logarithmic and by category, each with its ticks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from resnet_bench import units
from resnet_bench.report.figure import FigureAxis, Scale
from resnet_bench.report.table import Value

_MARGIN = 0.06
_FEW_DECADES = 2.6
_STEPS = (1, 2, 2.5, 5, 10)
_MOST_TICKS = 7


@dataclass(frozen=True, kw_only=True)
class Ruler:
    """An axis of a drawing.

    Attributes:
        scale: how it is divided.
        low: value at `start`; of the logarithm where it is logarithmic, of a place where it has categories.
        high: value at `end`.
        start: its first place, in px.
        end: its last place.
        ticks: values with their labels.
        names: the categories in order.
    """

    scale: Scale
    low: float
    high: float
    start: float
    end: float
    ticks: tuple[tuple[float, str], ...]
    names: tuple[str, ...] = ()

    def place(self, value: Value) -> float | None:
        """Return where a value stands, None for one that has no place (0 on a logarithmic axis)."""
        number = self._number(value)
        if number is None:
            return None
        share = (number - self.low) / (self.high - self.low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def _number(self, value: Value) -> float | None:
        if self.scale is Scale.CATEGORY:
            return self.names.index(str(value)) + 0.5 if str(value) in self.names else None
        if isinstance(value, str) or value is None or not math.isfinite(value):
            return None
        if self.scale is Scale.LOG:
            return math.log10(value) if value > 0 else None
        return float(value)


def ruler(axis: FigureAxis, values: Sequence[Value], *, start: float, end: float, from_zero: bool = False) -> Ruler:
    """Return the axis that holds all of these values; one with bars along it starts at 0."""
    if axis.scale is Scale.CATEGORY:
        names = tuple(dict.fromkeys(str(value) for value in values))
        return Ruler(scale=axis.scale, low=0, high=max(1, len(names)), start=start, end=end, ticks=(), names=names)
    known = [float(it) for it in values if isinstance(it, int | float) and math.isfinite(it)]
    if axis.scale is Scale.LOG:
        return _logarithmic(axis, [it for it in known if it > 0] or [1.0], start=start, end=end)
    low, high = min(known, default=0.0), max(known, default=1.0)
    if from_zero:
        low = min(0.0, low)
    room = (high - low) * _MARGIN or abs(high) * _MARGIN or 1.0
    low, high = (low if from_zero and low == 0 else low - room), high + room
    ticks = axis.ticks or nice(low, high)
    return Ruler(
        scale=axis.scale,
        low=low,
        high=high,
        start=start,
        end=end,
        ticks=tuple((tick, f"{tick:g}") for tick in ticks if low <= tick <= high),
    )


def _logarithmic(axis: FigureAxis, known: Sequence[float], *, start: float, end: float) -> Ruler:
    low, high = math.log10(min(known)), math.log10(max(known))
    room = max((high - low) * _MARGIN, 0.04)
    low, high = low - room, high + room
    ticks = axis.ticks or _decades(low, high)
    shown = [(tick, _log_label(tick)) for tick in ticks if tick > 0 and low <= math.log10(tick) <= high]
    return Ruler(scale=Scale.LOG, low=low, high=high, start=start, end=end, ticks=tuple(shown))


def _log_label(tick: float) -> str:
    return units.significant(tick, 1) if tick < 1 else units.grouped(int(tick)) if tick == int(tick) else f"{tick:g}"


def _decades(low: float, high: float) -> tuple[float, ...]:
    span = high - low
    if span < 0.35:  # noqa: PLR2004 - less than a factor of 2.2 has no two of 1, 2, 5
        return tuple(it for it in nice(10**low, 10**high) if it > 0)
    of_each = (1, 2, 5) if span < _FEW_DECADES else (1,)
    step = max(1, math.ceil(span / _MOST_TICKS)) if len(of_each) == 1 else 1
    decades = range(math.floor(low), math.ceil(high) + 1, step)
    return tuple(digit * 10.0**decade for decade in decades for digit in of_each)


def nice(low: float, high: float) -> tuple[float, ...]:
    """Return a handful of round values between two bounds."""
    span = high - low
    if span <= 0 or not math.isfinite(span):
        return (low,)
    rough = span / _MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(it * power for it in _STEPS if it * power >= rough)
    first = math.ceil(low / step)
    return tuple(round(place * step, 12) for place in range(first, math.floor(high / step) + 1))
