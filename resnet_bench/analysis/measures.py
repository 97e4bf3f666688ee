"""The units of metrics, and how people write and read them."""

from resnet_bench import units
from resnet_bench.analysis.metric import Measure


def _count(value: float | None) -> str:
    return units.grouped(None if value is None else int(value))


# Of a signal without any error, whose ratio to it is no number.
EXACT_DB = 1000.0


def _decibels(value: float | None) -> str:
    if value is not None and value >= EXACT_DB:
        return "exact"
    return units.UNAVAILABLE if value is None else f"{value:.1f}"


MILLISECONDS = Measure(base_unit="s", unit="ms", show=units.milliseconds, parse=units.parse_seconds)
SECONDS = Measure(base_unit="s", unit="s", show=units.seconds, parse=units.parse_seconds)
IMAGES_PER_SECOND = Measure(base_unit="images/s", unit="images/s", show=units.per_second, parse=units.parse_rate)
JOULES_PER_IMAGE = Measure(base_unit="J/image", unit="J/image", show=units.joules, parse=units.parse_energy)
MEBIBYTES = Measure(base_unit="B", unit="MiB", show=units.mebibytes, parse=units.parse_bytes)
BYTES = Measure(base_unit="B", unit="B", show=_count, parse=units.parse_bytes)
DECIBELS = Measure(base_unit="dB", unit="dB", show=_decibels, parse=units.parse_decibels)
SHARE = Measure(base_unit="", unit="", show=units.percent, parse=units.parse_percent)
COUNT = Measure(base_unit="", unit="", show=_count, parse=units.parse_count)
