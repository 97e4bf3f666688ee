"""A suite in parts that several machines or jobs measure: every case in exactly one, the same wherever it is asked.

Cases are dealt out by what they cost on any machine, the dearest first and to and fro, so that shards have the same
number of cases, give or take one, and take about equally long. The suite and the kind of device must be the same.
"""

from resnet_bench import specs
from resnet_bench.config.suite_file import Suite
from resnet_bench.errors import ConfigError
from resnet_bench.records import Case, Mode, Shard
from resnet_bench.runner.plan import TRAINING_FACTOR, resolve_model
from resnet_bench.specs import Spec


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
