"""The flags of `run` that describe the measuring: the axes, and what else a suite says. Each has a variable."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from resnet_bench import units
from resnet_bench.config import shard, values
from resnet_bench.config.axes import AXES, flag_help
from resnet_bench.config.axis import Axis
from resnet_bench.config.suite_tables import PROTOCOL
from resnet_bench.config.values import Reader
from resnet_bench.errors import UsageError
from resnet_bench.records import Transfer

PREFIX = "RESNET_BENCH_"
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Option:
    """One flag.

    Attributes:
        flag: "--batch-sizes"; its variable is RESNET_BENCH_BATCH_SIZES.
        help: what `--help` says.
        read: a text, and what the user wrote it after, to a value; raises UsageError.
        setting: what it sets, as suite files call it: "protocol.launches"; "sweep.batch_sizes" of every sweep.
        alias: another spelling of the flag; "" for none.
        switch: the flag takes no value; its variable says yes or no.
    """

    flag: str
    help: str
    read: Callable[[str, str], Any]
    setting: str
    alias: str = ""
    switch: bool = False

    @property
    def name(self) -> str:
        """The flag as a keyword."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def variable(self) -> str:
        """The variable of the flag: RESNET_BENCH_BATCH_SIZES for --batch-sizes."""
        return PREFIX + self.name.upper()


def _of_axis(axis: Axis) -> Option:
    return Option(
        flag=axis.flag,
        help=flag_help(axis, several=axis.swept) + (f" Default: {axis.default_words}." if axis.default_words else ""),
        read=axis.several_from_text if axis.swept else axis.from_text,
        setting=f"sweep.{axis.plural}" if axis.swept else axis.name,
        alias=axis.singular_flag if axis.singular_flag != axis.flag else "",
    )


def _by(reader: Reader) -> Callable[[str, str], Any]:
    return lambda text, where: values.from_text(reader, text, where)


def _size(text: str, where: str) -> str:
    values.quantity(units.parse_bytes, text, where)
    return text


def _seconds(text: str, where: str) -> float:
    return values.quantity(units.parse_seconds, text, where)


def _transfer(text: str, where: str) -> Transfer:
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise UsageError(f"{where} '{text}': expected yes or no (1, 0, true, false, on, off).")
    return Transfer.INCLUDED if word in _YES else Transfer.EXCLUDED


OPTIONS: tuple[Option, ...] = (
    Option(
        flag="--preset",
        help="quick (2 launches, for orientation), standard (6) or rigorous (10). Default: the suite's, else quick.",
        read=_by(values.PRESET),
        setting="preset",
    ),
    *(_of_axis(axis) for axis in AXES),
    Option(
        flag="--launches",
        help="Fresh processes a case. Default: the preset's.",
        read=_by(PROTOCOL["launches"]),
        setting="protocol.launches",
    ),
    Option(
        flag="--time-limit",
        help="Seconds after which a launch is given up.",
        read=_by(PROTOCOL["time_limit_s"]),
        setting="protocol.time_limit_s",
    ),
    Option(
        flag="--memory-limit",
        help="Of the search for batch sizes, such as 8GiB. Default on the CPU: half of what is free.",
        read=_size,
        setting="search.memory_limit",
    ),
    Option(
        flag="--iteration-limit",
        help="Seconds of an iteration at which that search ends, such as 5s (the default).",
        read=_seconds,
        setting="search.iteration_limit_s",
    ),
    Option(
        flag="--include-transfer",
        help="Time the copy of the input to the device too.",
        read=_transfer,
        setting="protocol.transfer",
        switch=True,
    ),
    Option(
        flag="--reference",
        help="Time a fixed reference in turns with the iterations, to correct for drift: on, off, or auto, which is on "
        "but for accelerators where `calibrate` did not see it help.",
        read=_by(PROTOCOL["reference"]),
        setting="protocol.reference",
    ),
    Option(
        flag="--state",
        help="Of an accelerator: sustained, once clocks and power are steady (the default), or burst, before they are.",
        read=_by(PROTOCOL["state"]),
        setting="protocol.state",
    ),
    Option(
        flag="--calibration",
        help="A folder with images that int8 takes its ranges from. Default: seeded ones.",
        read=_by(PROTOCOL["calibration"]),
        setting="protocol.calibration",
    ),
    Option(flag="--seed", help="Of the order of launches.", read=_by(values.whole(least=None)), setting="seed"),
    Option(
        flag="--shard",
        help="Measure only this part of the cases, such as 2/4; `resnet-bench merge` joins the parts.",
        read=shard.parse,
        setting="shard",
    ),
)
