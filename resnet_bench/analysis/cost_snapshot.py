"""The exact cost of a model as text that is reviewed like code, and what changed since it was written, layer by layer.

Tab-separated: totals first, then a line a layer. Nothing in it depends on a machine.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from resnet_bench import units
from resnet_bench.errors import StoreError
from resnet_bench.records import Layer, Profile
from resnet_bench.words import counted

HEAD = "# Exact cost of a model, written by pytest --resnet-bench-update. A change here is a change of the network."
_TOTALS = ("parameters", "macs", "activations", "predicted_peak_bytes")
_COLUMNS = ("parameters", "macs", "activations")
_LAYERS = "layer\ttype\tshape\t" + "\t".join(_COLUMNS)
_MOST_LAYERS = 12


class LayerCost(NamedTuple):
    """One layer: its type, its output's shape, and its counts in the order of the columns."""

    type: str
    shape: str
    counts: tuple[int, ...]


class CostSnapshot(NamedTuple):
    """What is kept of a profile: what was asked, the totals, and each layer by its name (a second call is `name#2`)."""

    asked: str
    totals: Mapping[str, int]
    layers: Mapping[str, LayerCost]


def of_profile(profile: Profile) -> CostSnapshot:
    """Return what is kept of a profile."""
    peak = profile.predicted_memory.peak_bytes if profile.predicted_memory else 0
    totals = {name: getattr(profile, name) for name in _TOTALS[:-1]} | {_TOTALS[-1]: peak}
    asked = f"{profile.mode}, batch size {profile.batch_size}, {profile.image_size} px, {profile.precision}"
    layers: dict[str, LayerCost] = {}
    for layer in profile.layers:
        layers[_free(layer.name, layers)] = _layer(layer)
    return CostSnapshot(asked, totals, layers)


def to_text(snapshot: CostSnapshot) -> str:
    """Return the snapshot as the text of its file."""
    totals = [f"{name}\t{count}" for name, count in snapshot.totals.items()]
    layers = ["\t".join([name, it.type, it.shape, *map(str, it.counts)]) for name, it in snapshot.layers.items()]
    return "\n".join([HEAD, f"asked\t{snapshot.asked}", *totals, _LAYERS, *layers]) + "\n"


def from_text(text: str, where: str) -> CostSnapshot:
    """Read a snapshot.

    Raises:
        StoreError: the text is none.
    """
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    try:
        start = lines.index(_LAYERS.split("\t"))
        asked = dict([lines[0]])["asked"]
        totals = {name: int(count) for name, count in lines[1:start]}
        layers = {
            name: LayerCost(of, shape, tuple(map(int, counts))) for name, of, shape, *counts in lines[start + 1 :]
        }
        complete = set(totals) == set(_TOTALS) and all(len(it.counts) == len(_COLUMNS) for it in layers.values())
    except (ValueError, KeyError, IndexError):
        complete = False
    if not complete:
        raise StoreError(f"{where} is not a cost snapshot, or damaged; write it anew with --resnet-bench-update.")
    return CostSnapshot(asked, totals, layers)


def differences(before: CostSnapshot, now: CostSnapshot) -> tuple[str, ...]:
    """Return what changed, a line each: totals first, then the layers; nothing where nothing did."""
    if before.asked != now.asked:
        return (f"asked of other things: {before.asked} then, {now.asked} now",)
    totals = [
        f"{name}: {_change(before.totals[name], now.totals[name])}"
        for name in _TOTALS
        if before.totals[name] != now.totals[name]
    ]
    layers = list(_layer_lines(before.layers, now.layers))
    rest = len(layers) - _MOST_LAYERS
    more = [f"  and {counted(rest, 'more layer')}"] if rest > 0 else []
    return (*totals, *layers[:_MOST_LAYERS], *more)


def _layer_lines(before: Mapping[str, LayerCost], now: Mapping[str, LayerCost]) -> Iterator[str]:
    for name in dict.fromkeys((*before, *now)):
        then, found = before.get(name), now.get(name)
        if then == found:
            continue
        if found is None:
            yield f"  {name} is gone"
        elif then is None:
            counts = ", ".join(f"{what} {units.grouped(count)}" for what, count in _named(found) if count)
            yield f"  {name} is new: {found.type} {found.shape}{', ' if counts else ''}{counts}"
        else:
            yield f"  {name}: {', '.join(_layer_changes(then, found))}"


def _layer_changes(then: LayerCost, found: LayerCost) -> Iterator[str]:
    if then.type != found.type:
        yield f"{then.type} became {found.type}"
    if then.shape != found.shape:
        yield f"output {then.shape} to {found.shape}"
    for (what, before), (_, now) in zip(_named(then), _named(found), strict=True):
        if before != now:
            yield f"{what} {_change(before, now)}"


def _named(layer: LayerCost) -> list[tuple[str, int]]:
    return list(zip(_COLUMNS, layer.counts, strict=True))


def _change(before: int, now: int) -> str:
    share = f" ({(now - before) / before:+.2%})".replace("%", " %") if before else ""
    return f"{units.grouped(before)} to {units.grouped(now)}{share}"


def _layer(layer: Layer) -> LayerCost:
    return LayerCost(layer.type, units.shape(layer.output_shape), tuple(getattr(layer, name) for name in _COLUMNS))


def _free(name: str, taken: Mapping[str, object]) -> str:
    """Return the name, numbered where a module is called again."""
    plain = " ".join(name.split()) or "-"
    found, number = plain, 2
    while found in taken:
        found, number = f"{plain}#{number}", number + 1
    return found
