"""A suite in parts that several machines or jobs measure: every case in exactly one, the same wherever it is asked.

Cases are dealt out by what they cost on any machine, the dearest first and to and fro, so that shards have the same
number of cases, give or take one, and take about equally long. The suite and the kind of device must be the same.
"""

import re

from resnet_bench import specs
from resnet_bench.config.suite_file import AUTO, Suite
from resnet_bench.errors import ConfigError, UsageError
from resnet_bench.records import Case, Mode, Shard
from resnet_bench.runner.plan import TRAINING_FACTOR, resolve_model
from resnet_bench.specs import Spec

_SHARD = re.compile(r"(\d{1,9})/(\d{1,9})")


def parse(text: str, spelled: str = "--shard") -> tuple[int, int]:
    """Read "2/4" as the second of four; `spelled` is what the user wrote it after.

    Raises:
        UsageError: it is no such pair, or the first number is not among the second's.
    """
    match = _SHARD.fullmatch(text.strip())
    index, count = (int(part) for part in match.groups()) if match else (0, 0)
    if not 1 <= index <= count:
        raise UsageError(f"{spelled} '{text}': expected which of how many, from 1/N to N/N, such as 2/4.")
    return index, count


def check(suite: Suite) -> None:
    """Refuse a suite whose cases only measuring can tell: shards could not agree on them.

    Raises:
        UsageError: a sweep searches its batch sizes.
    """
    if any(sweep.batch_sizes == AUTO for sweep in suite.sweeps):
        raise UsageError("--shard needs batch sizes that are known beforehand: give --batch-sizes 1,8,32, not auto.")


def cut(suite: Suite, cases: tuple[Case, ...], which: tuple[int, int]) -> tuple[Shard, tuple[Case, ...]]:
    """Return a shard of the suite's cases, and those cases in the suite's order.

    Raises:
        ConfigError: there are more shards than cases, and this one is empty.
    """
    index, count = which
    macs = {key: _macs(suite, *key) for key in {(case.model, case.image_size) for case in cases}}
    costs = [macs[case.model, case.image_size] * _iterations(case) for case in cases]
    dearest_first = sorted(range(len(cases)), key=lambda position: (-costs[position], position))
    positions = tuple(sorted(position for turn, position in enumerate(dearest_first) if _player(turn, count) == index))
    if not positions:
        raise ConfigError(
            f"--shard {index}/{count} is empty: the suite has {len(cases)} case{'' if len(cases) == 1 else 's'} here; "
            f"use at most {len(cases)} shards."
        )
    shard = Shard(index=index, count=count, positions=positions)
    return shard, tuple(cases[position] for position in positions)


def _player(turn: int, count: int) -> int:
    """Return whose turn it is, from 1: 1, 2, 3, 3, 2, 1, 1, 2, 3 of three."""
    lap, place = divmod(turn, count)
    return place + 1 if lap % 2 == 0 else count - place


def _macs(suite: Suite, name: str, image_size: int) -> int:
    """Return MACs of one image, which no machine changes; external models are not known and come last."""
    model = resolve_model(suite, name)
    return specs.totals(model, image_size=image_size).macs if isinstance(model, Spec) else 0


def _iterations(case: Case) -> int:
    return case.batch_size * (TRAINING_FACTOR if case.mode is Mode.TRAINING else 1)
