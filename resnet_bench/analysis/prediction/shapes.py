"""Layers as a library knows them: of a network that was timed, and of one that was only counted, by the same names."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from resnet_bench.records import Layer, LayerTime, Part
from resnet_bench.records.layer_library import LayerShape
from resnet_bench.specs.operation import OperationType

# Sums and products have no module: what of them stands together is timed as one row.
_WITHOUT_MODULE = frozenset({OperationType.ADD.value, OperationType.MUL.value})
# Modules that compute nothing, and that no static profile counts.
_IDLE = frozenset({"Identity", "Flatten"})
_JOINED = " + "


class StaticPiece(NamedTuple):
    """What is timed as one: a layer, or the sums and products between two modules."""

    shape: LayerShape
    layers: tuple[Layer, ...]


class TimedPiece(NamedTuple):
    """A row of a measured profile that is a layer."""

    shape: LayerShape
    time: LayerTime


def static_pieces(layers: Sequence[Layer]) -> tuple[StaticPiece, ...]:
    """Return the pieces of a static profile in the order in which they run."""
    found: list[StaticPiece] = []
    counted = (layer for layer in layers if layer.type not in _IDLE)
    numbered = enumerate(counted)
    for _, group in groupby(numbered, key=lambda it: _WITHOUT_MODULE if it[1].type in _WITHOUT_MODULE else it[0]):
        members = tuple(layer for _, layer in group)
        shape = LayerShape(
            operator=_JOINED.join(dict.fromkeys(it.type for it in members)),
            input_shape=members[0].input_shape,
            output_shape=members[-1].output_shape,
            macs=sum(it.macs for it in members),
            after=found[-1].shape.operator if found else "",
        )
        found.append(StaticPiece(shape, members))
    return tuple(found)


def timed_pieces(layers: Iterable[LayerTime]) -> Iterator[TimedPiece]:
    """Yield the rows of a measured profile that are layers, in the order in which they ran."""
    before = ""
    for layer in layers:
        if not is_layer(layer):
            continue
        shape = LayerShape(
            operator=layer.type,
            input_shape=layer.input_shape,
            output_shape=layer.output_shape,
            macs=layer.macs,
            after=before,
        )
        before = layer.type
        yield TimedPiece(shape, layer)


def is_layer(layer: LayerTime) -> bool:
    """Say whether a row is of a layer that a static profile counts too; the others lie between layers."""
    return layer.part in {Part.MODULE, Part.OPERATOR} and layer.type not in _IDLE
