"""A suite in parts that several machines or jobs measure: every case in exactly one, the same wherever it is asked.

Cases are dealt out by what they cost on any machine, the dearest first and to and fro, so that shards have the same
number of cases, give or take one, and take about equally long. The suite and the kind of device must be the same.
"""

from resnet_bench.errors import ConfigError
from resnet_bench.records import Case, Mode, Shard
from resnet_bench.runner.plan import TRAINING_FACTOR, Plan, macs_of_image
from resnet_bench.specs import Spec


def cut(whole: Plan, which: tuple[int, int]) -> tuple[Shard, Plan]:
    """Return a shard of a suite's plan, and its plan, whose cases are in the suite's order.

    Raises:
        ConfigError: there are more shards than cases, and this one is empty.
    """
    index, count = which
    cases = whole.cases
    macs = {key: _macs(whole.models[key[0]], key[1]) for key in {(case.model, case.image_size) for case in cases}}
    costs = [macs[case.model, case.image_size] * _iterations(case) for case in cases]
    dearest_first = sorted(range(len(cases)), key=lambda position: (-costs[position], position))
    positions = tuple(sorted(position for turn, position in enumerate(dearest_first) if _player(turn, count) == index))
    if not positions:
        raise ConfigError(
            f"--shard {index}/{count} is empty: the suite has {len(cases)} case{'' if len(cases) == 1 else 's'} here; "
            f"use at most {len(cases)} shards."
        )
    shard = Shard(index=index, count=count, positions=positions)
    return shard, whole.only(tuple(cases[position] for position in positions))


def _player(turn: int, count: int) -> int:
    """Return whose turn it is, from 1: 1, 2, 3, 3, 2, 1, 1, 2, 3 of three."""
    lap, place = divmod(turn, count)
    return place + 1 if lap % 2 == 0 else count - place


def _macs(model: Spec | str, image_size: int) -> int:
    """Return MACs of one image, which no machine changes; external models are not known and come last."""
    return macs_of_image(model, image_size) if isinstance(model, Spec) else 0


def _iterations(case: Case) -> int:
    return case.batch_size * (TRAINING_FACTOR if case.mode is Mode.TRAINING else 1)
