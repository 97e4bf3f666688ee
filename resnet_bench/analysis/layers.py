"""Measured layers with what follows from them: share, achieved rates, and what bounds each on given ceilings."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TypeVar

from resnet_bench.analysis.roofline import Headroom, Least, bound_of
from resnet_bench.records import Ceilings, LayerProfile, LayerTime, Part, Record

AGREEMENT = 0.03
STEM, HEAD = "stem", "head"
FUSED = "fused kernels"
_Number = TypeVar("_Number", int, float)


class By(StrEnum):
    """What one row is."""

    LAYER = "layer"
    STAGE = "stage"
    TYPE = "type"


class LayerRow(Record, frozen=True, kw_only=True):
    """One layer or group. `least_s` and `bound` need ceilings; rates are over the whole time of the row.

    Counts are None where no layer of a group has them; `bound` of a group is what bounds most of its least time.
    """

    name: str
    type: str
    part: str
    call: int
    calls: int
    stage: str
    forward_s: float
    backward_s: float | None
    optimizer_s: float | None
    launch_s: float | None
    time_s: float
    share: float
    macs: int
    flops: int | None
    moved_bytes: int | None
    intensity: float | None
    flop_per_s: float | None
    byte_per_s: float | None
    least_s: float | None
    bound: str | None

    @property
    def times_least(self) -> float | None:
        """How many times its least time the row takes."""
        return self.time_s / self.least_s if self.least_s else None


class Dissection(Record, frozen=True, kw_only=True):
    """A measured profile with the ceilings it is held against, None where they are not known."""

    profile: LayerProfile
    ceilings: Ceilings | None = None
    headroom: Headroom | None = None


def agrees(profile: LayerProfile) -> bool:
    """Say whether the parts add up to the whole within 3 %."""
    return abs(profile.disagreement) <= AGREEMENT


def rows(profile: LayerProfile, ceilings: Ceilings | None, *, by: By = By.LAYER) -> tuple[LayerRow, ...]:
    """Return the rows of a profile, grouped or not, in the order in which each first runs."""
    precision = profile.case.precision
    layers = profile.layers
    bounds = [bound_of(layer, ceilings, precision) for layer in layers]
    stages = list(stages_of(layers))
    keys: dict[By, Sequence[str | int]] = {
        By.LAYER: range(len(layers)),
        By.STAGE: stages,
        By.TYPE: [_type(layer) for layer in layers],
    }
    groups: dict[str | int, list[int]] = {}
    for position, key in enumerate(keys[by]):
        groups.setdefault(key, []).append(position)
    total = profile.parts_s
    return tuple(
        _row(
            str(key) if by is not By.LAYER else layers[members[0]].name,
            [layers[member] for member in members],
            [bounds[member] for member in members],
            stage=stages[members[0]],
            total=total,
        )
        for key, members in groups.items()
    )


def named_stages(names: Iterable[str]) -> Iterator[str]:
    """Yield each layer's stage: the part of its name before the first dot; stem before the first, head after them."""
    outside = STEM
    for name in names:
        stage, dot, _ = name.partition(".")
        if dot and stage not in _PARTS_OF_STEMS:
            outside = HEAD
            yield stage
        else:
            yield outside


# Where torchvision and timm have one module, a deep stem or a blurred pool has several.
_PARTS_OF_STEMS = frozenset({"conv1", "maxpool"})


def stages_of(layers: Sequence[LayerTime]) -> Iterator[str]:
    """Yield each measured layer's stage; what runs outside of modules is none, and what is fused is in all of them."""
    stages = named_stages("" if layer.part in {Part.FUSED, Part.OUTSIDE} else layer.name for layer in layers)
    for layer, stage in zip(layers, stages, strict=True):
        yield {Part.FUSED: FUSED, Part.OUTSIDE: layer.name}.get(layer.part, stage)


def _type(layer: LayerTime) -> str:
    return layer.type if layer.part in {Part.MODULE, Part.OPERATOR} else FUSED if layer.type else layer.name


def _row(
    name: str, members: Sequence[LayerTime], bounds: Sequence[Least | None], *, stage: str, total: float
) -> LayerRow:
    time_s = sum(layer.time_s for layer in members)
    flops = _sum([layer.flops for layer in members])
    moved = _sum([layer.moved_bytes for layer in members])
    known = [bound for bound in bounds if bound is not None]
    least: dict[str, float] = {}
    for bound in known:
        least[bound.bound.value] = least.get(bound.bound.value, 0.0) + bound.seconds
    types = list(dict.fromkeys(layer.type for layer in members if layer.type))
    return LayerRow(
        name=name,
        type=types[0] if len(types) == 1 else "",
        part=members[0].part.value,
        call=members[0].call,
        calls=len(members),
        stage=stage,
        forward_s=sum(layer.forward_s for layer in members),
        backward_s=_sum([layer.backward_s for layer in members]),
        optimizer_s=_sum([layer.optimizer_s for layer in members]),
        launch_s=_sum([layer.launch_s for layer in members]),
        time_s=time_s,
        share=time_s / total if total else 0.0,
        macs=sum(layer.macs for layer in members),
        flops=flops,
        moved_bytes=moved,
        intensity=flops / moved if flops is not None and moved else None,
        flop_per_s=flops / time_s if flops and time_s else None,
        byte_per_s=moved / time_s if moved and time_s else None,
        least_s=sum(least.values()) if known else None,
        bound=max(least, key=lambda kind: least[kind]) if known else None,
    )


def _sum(values: Sequence[_Number | None]) -> _Number | None:
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None
