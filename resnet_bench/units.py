"""Base units (s, bytes, FLOP, images/s) to readable text and back; the only place that scales and rounds.

Records hold unrounded base units. Binary prefixes are for bytes alone, decimal ones for everything else.
"""

import math
import re
from collections.abc import Sequence

from resnet_bench.errors import UsageError

UNAVAILABLE = "-"
# Whoever asks how large something is knows it to a power of ten beforehand: a wider interval tells nobody anything.
TENFOLD = 10.0
NO_ESTIMATE = "no estimate"

_BYTES = dict(B=1, KiB=2**10, MiB=2**20, GiB=2**30, TiB=2**40, kB=10**3, MB=10**6, GB=10**9, TB=10**12)
_SECONDS = dict(us=1e-6, ms=1e-3, s=1.0, m=60.0, min=60.0, h=3600.0)
_JOULES = {"J": 1.0, "mJ": 1e-3, "J/image": 1.0, "mJ/image": 1e-3}
_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+(?:/(?:s|image))?)\s*")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def significant(value: float, digits: int = 4) -> str:
    """Return `value` in plain decimals with `digits` significant digits: 1.200, 37.10, 4186."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def milliseconds(seconds: float | None) -> str:
    """Return a latency in milliseconds without its unit, for table columns headed "ms"."""
    return UNAVAILABLE if seconds is None else significant(seconds * 1e3)


def microseconds(seconds: float | None) -> str:
    """Return a length of time in microseconds without its unit."""
    return UNAVAILABLE if seconds is None else significant(seconds * 1e6, 3)


def seconds(value: float | None) -> str:
    """Return a length of time in seconds without its unit, for table columns headed "s"."""
    return UNAVAILABLE if value is None else significant(value)


def joules(value: float | None) -> str:
    """Return an energy in joules without its unit."""
    return UNAVAILABLE if value is None else significant(value)


def duration(seconds: float | None) -> str:
    """Return a length of time as a person says it: 850 ms, 12.3 s, 4 min 05 s, 2 h 10 min."""
    if seconds is None:
        return UNAVAILABLE
    if seconds < 1:
        return f"{significant(seconds * 1e3, 3)} ms"
    if seconds < 59.95:  # noqa: PLR2004 - 60 s once rounded
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def mebibytes(count: float | None) -> str:
    """Return bytes in MiB without the unit, for table columns headed "MiB"."""
    return UNAVAILABLE if count is None else significant(count / 2**20)


def byte_size(count: float | None) -> str:
    """Return bytes with the binary prefix that fits: 512 B, 97.49 MiB, 141.0 GiB."""
    if count is None:
        return UNAVAILABLE
    for prefix in ("TiB", "GiB", "MiB", "KiB"):
        if abs(count) >= _BYTES[prefix]:
            return f"{significant(count / _BYTES[prefix])} {prefix}"
    return f"{count:.0f} B"


def quantity(value: float | None, unit: str) -> str:
    """Return a value with the prefix that fits its unit: 12.34 ms, 97.49 MiB, 1,814,073,344 MACs, 0.5000 J/image."""
    if value is None:
        return UNAVAILABLE
    if unit == "B":
        return byte_size(value)
    if unit == "s":
        factor, prefix = next(
            ((f, p) for f, p in ((1.0, ""), (1e-3, "m"), (1e-6, "u")) if abs(value) >= f), (1e-9, "n")
        )
        return f"{significant(value / factor)} {prefix}s"
    text = grouped(int(value)) if value == int(value) else significant(value)
    return f"{text} {unit}".rstrip()


def scaled(count: float | None, unit: str = "", digits: int = 4) -> str:
    """Return a count with its decimal prefix: 25.56 M, 4.089 G, 312.0 GFLOP/s with `unit="FLOP/s"`."""
    if count is None:
        return UNAVAILABLE
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(count) >= factor:
            return f"{significant(count / factor, digits)} {prefix}{unit}"
    return f"{significant(count, digits) if count != int(count) else int(count)}{' ' + unit if unit else ''}"


def grouped(count: int | None) -> str:
    """Return an exact integer with thousands separated: 4,089,184,256."""
    return UNAVAILABLE if count is None else f"{count:,}"


def shape(sizes: Sequence[int]) -> str:
    """Return a tensor's shape: 1x64x56x56, or a dash where there is none."""
    return "x".join(map(str, sizes)) or UNAVAILABLE


def per_second(rate: float | None) -> str:
    """Return a throughput in images per second without its unit."""
    return UNAVAILABLE if rate is None else significant(rate)


def percent(fraction: float | None, decimals: int = 1) -> str:
    """Return a fraction as a percentage: 0.0213 as 2.1 %."""
    return UNAVAILABLE if fraction is None else f"{fraction * 100:.{decimals}f} %"


def is_vague(center: float, low: float, high: float) -> bool:
    """Return whether an interval reaches beyond ten times its centre, or below a tenth of it; of positive values."""
    return center > 0 and (high > TENFOLD * center or 0 < low < center / TENFOLD)


def interval_percent(fraction: float) -> str:
    """Return an interval's relative half-width: ±9.1 %, ±12 %; "no estimate" where it is vague."""
    share = fraction * 100
    if fraction > TENFOLD - 1:
        return NO_ESTIMATE
    return f"±{share:.1f} %" if share < 9.95 else f"±{share:.0f} %"  # noqa: PLR2004 - 10 once rounded


def percent_short(fraction: float) -> str:
    """Return a fraction as a percentage without idle decimals: 0.01 as 1 %, 0.015 as 1.5 %."""
    return f"{float(f'{fraction * 100:.2g}'):g} %"


def detectable(fraction: float) -> str:
    """Return the least change that is found; beyond tenfold nobody can speak of one."""
    return percent_short(fraction) if fraction <= TENFOLD - 1 else "more than tenfold"


def ratio(value: float | None) -> str:
    """Return a ratio with three decimals, or three significant digits where it is far from 1."""
    if value is None:
        return UNAVAILABLE
    return f"{value:.3f}" if 0.1 <= value < 100 else f"{value:.3g}"  # noqa: PLR2004 - where three decimals say enough


def known_ratio(value: float, low: float, high: float) -> str:
    """Return a ratio with the digits that its interval leaves it: 16 of 12 to 21, 1.147 of 1.146 to 1.148."""
    half = max(high - value, value - low)
    if not 0.1 <= value < 100 or not 0 < half < math.inf:  # noqa: PLR2004 - as of a ratio without an interval
        return ratio(value)
    decimals = max(math.ceil(-math.log10(half)), 1 - math.floor(math.log10(value)))
    return f"{value:.{min(3, max(0, decimals))}f}"


def factor(value: float | None) -> str:
    """Return a ratio as a person says it: 2.31x, 12.4x, 131x."""
    if value is None:
        return UNAVAILABLE
    return f"{value:.2f}x" if value < 9.995 else f"{significant(value, 3)}x"  # noqa: PLR2004 - 10 once rounded


def change(value: float | None) -> str:
    """Return a ratio as a signed change: 1.034 as +3.4 %, 0.97 as -3.0 %; beyond ten times as a factor."""
    if value is None:
        return UNAVAILABLE
    return f"{(value - 1) * 100:+.1f} %" if value < 10 else f"x{value:.3g}"  # noqa: PLR2004 - ten times


def parse_percent(text: str) -> float:
    """Read "5 %" as 0.05.

    Raises:
        UsageError: `text` is not a positive number followed by a per cent sign.
    """
    number = text.strip().removesuffix("%").strip()
    if not text.strip().endswith("%") or not _NUMBER.fullmatch(number) or not _usable(number):
        raise UsageError(f"'{text}' is not a share such as 5 % or 0.5 %.")
    return float(number) / 100


def parse_count(text: str) -> float:
    """Read a positive number, plain or with k, M or G: 20000000 or "20 M".

    Raises:
        UsageError: `text` is not a positive number.
    """
    said = text.strip()
    factor = _COUNTS.get(said[-1:], 1.0)
    number = said if factor == 1 else said[:-1].strip()
    if not _NUMBER.fullmatch(number) or not _usable(number):
        raise UsageError(f"'{text}' is not a positive number.")
    return float(number) * factor


def parse_rate(text: str) -> float:
    """Read "1000 images/s".

    Raises:
        UsageError: `text` is not a positive number followed by images/s.
    """
    return _parse(text, {"images/s": 1.0}, "a throughput such as 1000 images/s")


def parse_energy(text: str) -> float:
    """Read "0.5 J" or "20 mJ".

    Raises:
        UsageError: `text` is not a positive number followed by a unit of energy.
    """
    return _parse(text, _JOULES, "an energy such as 0.5 J or 20 mJ")


def parse_decibels(text: str) -> float:
    """Read "40 dB".

    Raises:
        UsageError: `text` is not a positive number followed by dB.
    """
    return _parse(text, {"dB": 1.0}, "a ratio such as 40 dB")


def parse_bytes(text: str) -> int:
    """Read "8GiB" or "512 MB".

    Raises:
        UsageError: `text` is not a positive number followed by a byte unit.
    """
    return round(_parse(text, _BYTES, "a size such as 8GiB or 512MB"))


def parse_seconds(text: str) -> float:
    """Read "15ms", "90s", "10m" or "2h".

    Raises:
        UsageError: `text` is not a positive number followed by a unit of time.
    """
    return _parse(text, _SECONDS, "a time such as 15ms, 90s or 10m")


_COUNTS = {"k": 1e3, "M": 1e6, "G": 1e9}


def _usable(number: str) -> bool:
    return 0 < float(number) < math.inf


def _parse(text: str, factors: dict[str, float] | dict[str, int], expected: str) -> float:
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2] not in factors or not _usable(match[1]):
        raise UsageError(f"'{text}' is not {expected} (units: {', '.join(factors)}).")
    return float(match[1]) * factors[match[2]]


_ENDINGS = (
    ("_images_per_s", "images/s"),
    ("_flop_per_s", "FLOP/s"),
    ("_bytes_per_s", "B/s"),
    ("_j_per_image", "J/image"),
    ("_bytes", "B"),
    ("_db", "dB"),
    ("_hz", "Hz"),
    ("_s", "s"),
)


def of_name(name: str) -> str:
    """Return the base unit that a field's name ends with: "s" of latency_s; empty where it names none."""
    return next((unit for ending, unit in _ENDINGS if name.endswith(ending)), "")
