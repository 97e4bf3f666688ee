"""Architectures to search through: what varies of a family or around a model, and what each choice of depths costs.

Everything that counts is linear in the number of blocks of each stage: a network of one block a stage, and one more
block of each stage in turn, tell the cost of any depths.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from resnet_bench.errors import ModelError
from resnet_bench.specs import Block, Downsample, Layout, Spec, Stem, check_architecture

Depths = tuple[tuple[int, ...], ...]
Amounts = NDArray[np.float64]

IMAGE_SIZES = (128, 160, 192, 224, 256, 288)
_CIFAR_SIZE = 32
_STAGES = ((1, 2, 3, 4), (1, 2, 3, 4, 6, 8), (1, 2, 3, 4, 6, 9, 12, 18, 23, 30, 36), (1, 2, 3, 4))
_CIFAR_BLOCKS = (1, 2, 3, 4, 5, 6, 7, 9, 12, 18)
_WIDTHS_AROUND = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
_SIZES_AROUND = (-64, -32, 0, 32, 64)


class FamilyName(StrEnum):
    """Families that can be searched."""

    RESNET = "resnet"
    RESNEXT = "resnext"
    WIDE = "wide"
    PREACT = "preact"
    CIFAR = "cifar"


class Variant(NamedTuple):
    """Networks that differ by their depths alone: one of one block a stage, and the depths to try, one of each."""

    spec: Spec
    depths: Depths

    def at(self, layers: Sequence[int]) -> Spec:
        """Return the network of some depths, named by what it is."""
        spec = self.spec
        words = [spec.name, "-".join(map(str, layers)), f"{spec.image_size}px"]
        return msgspec.structs.replace(spec, layers=tuple(int(blocks) for blocks in layers), name="-".join(words))

    @property
    def probes(self) -> tuple[Spec, ...]:
        """The network of one block a stage, and those of two blocks in one of the stages."""
        ones = (1,) * len(self.spec.layers)
        more = (tuple(2 if at == stage else 1 for at in range(len(ones))) for stage in range(len(ones)))
        return tuple(self.at(layers) for layers in (ones, *more))

    def of_every_depth(self, amount: Callable[[Spec], float]) -> Amounts:
        """Return for each of the depths an amount that every block of a stage adds as much to as the second one did."""
        first, *others = (amount(probe) for probe in self.probes)
        added = np.array([other - first for other in others])
        return np.asarray(first + (np.array(self.depths) - 1) @ added)


def of_families(families: Sequence[FamilyName], image_sizes: Sequence[int] = ()) -> tuple[Variant, ...]:
    """Return the variants of families, at the sizes that are asked for or else at those that are usual."""
    return tuple(variant for family in families for variant in _FAMILIES[family](family, image_sizes))


def around(spec: Spec, image_sizes: Sequence[int] = ()) -> tuple[Variant, ...]:
    """Return networks like one: other depths from half to twice its own, other widths, and other image sizes."""
    depths = tuple(itertools.product(*(_near(blocks) for blocks in spec.layers)))
    near = sorted({spec.image_size + step for step in _SIZES_AROUND if spec.image_size + step >= spec.min_image_size})
    sizes = image_sizes or (near if spec.stem.pools else (spec.image_size,))
    widths = dict.fromkeys(max(1, round(spec.width * factor)) for factor in _WIDTHS_AROUND)
    found: list[Variant] = []
    for width, size in itertools.product(widths, sizes):
        name = spec.name if width == spec.width else f"{spec.name}-w{width}"
        found += _variant(depths, **msgspec.structs.asdict(spec) | {"name": name, "width": width, "image_size": size})
    return tuple(found)


def _near(blocks: int) -> tuple[int, ...]:
    tried = (blocks // 2, blocks * 3 // 4, blocks - 1, blocks, blocks + 1, blocks * 3 // 2, 2 * blocks)
    return tuple(sorted({max(1, count) for count in tried}))


def _variant(depths: Depths, **fields: Any) -> Iterator[Variant]:
    """Yield a variant, or nothing where no such network can be built."""
    given: dict[str, Any] = dict(family="custom", num_classes=1000) | fields | {"layers": (1,) * len(depths[0])}
    try:
        spec = check_architecture(Spec(**given))
    except ModelError:
        return
    if spec.image_size >= spec.min_image_size:
        yield Variant(spec, depths)


def _imagenet(kinds: Sequence[dict[str, Any]]) -> Callable[[FamilyName, Sequence[int]], Iterator[Variant]]:
    depths = tuple(itertools.product(*_STAGES))

    def variants(family: FamilyName, image_sizes: Sequence[int]) -> Iterator[Variant]:
        for kind, size in itertools.product(kinds, image_sizes or IMAGE_SIZES):
            named = {"name": f"{family}{kind.get('name', '')}", "image_size": size}
            yield from _variant(depths, **kind | named)

    return variants


def _cifar(family: FamilyName, image_sizes: Sequence[int]) -> Iterator[Variant]:
    depths = tuple((blocks,) * 3 for blocks in _CIFAR_BLOCKS)
    for widen, size in itertools.product((1, 2, 4, 8, 10), image_sizes or (_CIFAR_SIZE,)):
        kind = dict(block=Block.BASIC, stem=Stem.CIFAR, layout=Layout.V1 if widen == 1 else Layout.V2)
        name = f"{family}-x{widen}" if widen > 1 else str(family)
        yield from _variant(depths, **kind | dict(name=name, widen=widen, image_size=size, num_classes=10))


_BASIC, _BOTTLENECK = {"block": Block.BASIC}, {"block": Block.BOTTLENECK}
_D = {"stem": Stem.DEEP, "downsample": Downsample.AVG}
_FAMILIES: dict[FamilyName, Callable[[FamilyName, Sequence[int]], Iterator[Variant]]] = {
    FamilyName.RESNET: _imagenet(
        [
            {**_BASIC, "name": "-basic"},
            {**_BOTTLENECK, "name": ""},
            {**_BASIC, **_D, "name": "-d-basic"},
            {**_BOTTLENECK, **_D, "name": "-d"},
        ]
    ),
    FamilyName.RESNEXT: _imagenet(
        [{**_BOTTLENECK, "groups": 32, "width": width, "name": f"-32x{width}d"} for width in (4, 8)]
    ),
    FamilyName.WIDE: _imagenet([{**_BOTTLENECK, "width": width, "name": f"-w{width}"} for width in (96, 128)]),
    FamilyName.PREACT: _imagenet(
        [{**_BASIC, "layout": Layout.V2, "name": "-basic"}, {**_BOTTLENECK, "layout": Layout.V2, "name": ""}]
    ),
    FamilyName.CIFAR: _cifar,
}
