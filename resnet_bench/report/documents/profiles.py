"""Static profiles as tables: every column of integers adds up to the total line, so nothing in them is rounded."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from resnet_bench import units
from resnet_bench.analysis.layers import By
from resnet_bench.records import Layer, Mode, PredictedMemory, Profile, Record
from resnet_bench.report.format import Format
from resnet_bench.report.grid import Grid, markdown_lines, text_lines
from resnet_bench.report.renderers import csv, json

_SUMS = ("parameters", "macs", "flops", "other_flops", "activations", "bytes_read", "bytes_written")
_SUM_HEADERS = ("parameters", "MACs", "FLOPs", "other FLOPs", "activations", "B read", "B written")


class Group(Record, frozen=True, kw_only=True):
    """Several layers as one row; `arithmetic_intensity` is FLOP per byte of the sums."""

    name: str
    layers: int
    parameters: int
    macs: int
    flops: int
    other_flops: int
    activations: int
    bytes_read: int
    bytes_written: int
    arithmetic_intensity: float | None


class Answer(Record, frozen=True, kw_only=True):
    """A profile, and the largest batch size that fits where a memory size was given."""

    profile: Profile
    memory_limit_bytes: int | None = None
    largest_batch_size: int | None = None


def grouped(layers: Sequence[Layer], by: By) -> tuple[Group, ...]:
    """Return the layers as groups, in the order in which each group first runs."""
    members: dict[str, list[Layer]] = {}
    for name, layer in zip(_group_names(layers, by), layers, strict=True):
        members.setdefault(name, []).append(layer)
    return tuple(_group(name, parts) for name, parts in members.items())


def _group_names(layers: Sequence[Layer], by: By) -> Iterable[str]:
    """A stage is the part of a name before its first dot; what runs before the first stage is the stem."""
    if by is By.TYPE:
        return [layer.type for layer in layers]
    if by is By.LAYER:
        return [layer.name for layer in layers]
    names, outside = [], "stem"
    for layer in layers:
        stage, dot, _ = layer.name.partition(".")
        if dot:
            outside = "head"
        names.append(stage if dot else outside)
    return names


def _group(name: str, parts: Sequence[Layer]) -> Group:
    sums = {field: sum(getattr(part, field) for part in parts) for field in _SUMS}
    moved = sums["bytes_read"] + sums["bytes_written"]
    intensity = (sums["flops"] + sums["other_flops"]) / moved if moved else None
    return Group(name=name, layers=len(parts), arithmetic_intensity=intensity, **sums)


def render(answers: Sequence[Answer], form: Format, *, by: By) -> str:
    """Return profiles in one of the formats; JSON is one object, or a list for several models."""
    match form:
        case Format.JSON:
            objects = [_object(answer, by) for answer in answers]
            return json.encode(objects if len(objects) > 1 else objects[0]).rstrip("\n")
        case Format.CSV:
            return _csv(answers, by)
        case Format.MARKDOWN:
            return "\n\n".join(_page(answer, by, markdown=True) for answer in answers)
        case Format.TEXT:
            return "\n\n".join(_page(answer, by, markdown=False) for answer in answers)


def _object(answer: Answer, by: By) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(answer.profile)
    if by is not By.LAYER:
        fields["groups"] = msgspec.to_builtins(grouped(answer.profile.layers, by))
    if answer.memory_limit_bytes is not None:
        fields["memory_limit_bytes"] = answer.memory_limit_bytes
        fields["largest_batch_size"] = answer.largest_batch_size
    return fields


def _csv(answers: Sequence[Answer], by: By) -> str:
    shown: type[Layer | Group] = Layer if by is By.LAYER else Group
    lines: list[list[object]] = [["model", *shown.__struct_fields__]]
    for answer in answers:
        layers = answer.profile.layers
        rows: Sequence[Layer | Group] = layers if by is By.LAYER else grouped(layers, by)
        lines += [[answer.profile.model, *map(_csv_cell, msgspec.structs.astuple(row))] for row in rows]
    return csv.lines(lines).rstrip("\n")


def _csv_cell(value: Any) -> Any:
    if isinstance(value, tuple):
        return units.shape(value)
    return "" if value is None else value


def _page(answer: Answer, by: By, *, markdown: bool) -> str:
    profile = answer.profile
    lines_of = markdown_lines if markdown else text_lines
    title = (
        f"{profile.model}: {profile.mode}, batch size {profile.batch_size}, image size {profile.image_size}, "
        f"{profile.precision}"
    )
    parts = [
        f"## {title}" if markdown else title,
        "\n".join(lines_of(_layer_grid(profile) if by is By.LAYER else _group_grid(profile, by))),
        "\n".join(lines_of(_total_grid(profile))),
    ]
    if profile.predicted_memory is not None:
        parts.append("\n".join(lines_of(_memory_grid(profile.predicted_memory, profile.mode))))
    if answer.memory_limit_bytes is not None:
        parts.append(
            f"Largest batch size in {units.byte_size(answer.memory_limit_bytes)}: {answer.largest_batch_size} "
            "(predicted; convolution workspace and the runtime's own memory come on top)."
        )
    if profile.uncounted_operators:
        parts.append(f"Not counted, cost unknown: {', '.join(profile.uncounted_operators)}.")
    return "\n\n".join(parts)


def _layer_grid(profile: Profile) -> Grid:
    rows = [
        (layer.name, layer.type, units.shape(layer.input_shape), units.shape(layer.output_shape), *_cells(layer))
        for layer in profile.layers
    ]
    total = _group("total", profile.layers)
    return Grid(
        headers=("layer", "type", "input", "output", *_SUM_HEADERS, "FLOP/B"),
        rows=(*rows, ("total", "", "", "", *_cells(total))),
        right=(False,) * 4 + (True,) * (len(_SUMS) + 1),
    )


def _group_grid(profile: Profile, by: By) -> Grid:
    groups = [*grouped(profile.layers, by), _group("total", profile.layers)]
    return Grid(
        headers=(by.value, "layers", *_SUM_HEADERS, "FLOP/B"),
        rows=tuple((group.name, str(group.layers), *_cells(group)) for group in groups),
        right=(False,) + (True,) * (len(_SUMS) + 2),
    )


def _cells(row: Layer | Group) -> tuple[str, ...]:
    intensity = units.UNAVAILABLE if row.arithmetic_intensity is None else units.significant(row.arithmetic_intensity)
    return (*(units.grouped(getattr(row, field)) for field in _SUMS), intensity)


def _total_grid(profile: Profile) -> Grid:
    rows = [
        ("parameters", units.grouped(profile.parameters), units.byte_size(profile.parameter_bytes)),
        ("trainable parameters", units.grouped(profile.trainable_parameters), ""),
        ("buffers", units.grouped(profile.buffers), "elements"),
        ("weighted layers", units.grouped(profile.weighted_layers), "convolutions and linear layers"),
        ("MACs", units.grouped(profile.macs), "of convolutions and linear layers"),
        ("FLOPs", units.grouped(profile.flops), "2 x MACs"),
        ("other FLOPs", units.grouped(profile.other_flops), "batch norm, ReLU, sums, biases, pooling"),
        ("training FLOPs", units.grouped(profile.training_flops), "forward, weight and input gradients"),
        ("activations", units.grouped(profile.activations), units.byte_size(profile.activation_bytes)),
    ]
    if profile.fvcore_count is not None:
        rows.append(("fvcore's count", units.grouped(profile.fvcore_count), "MACs + 2 x batch norm + average pooling"))
    if profile.torch_counter_flops is not None:
        what = "forward and backward" if profile.mode is Mode.TRAINING else "forward"
        rows.append(("torch counter's FLOPs", units.grouped(profile.torch_counter_flops), what))
    return Grid(headers=("count", "exact", "what"), rows=tuple(rows), right=(False, True, False))


def _memory_grid(memory: PredictedMemory, mode: Mode) -> Grid:
    activations = "saved for backward" if mode is Mode.TRAINING else "live at the peak"
    parts = [
        ("weights", memory.weights_bytes, ""),
        ("buffers", memory.buffers_bytes, ""),
        ("input", memory.input_bytes, ""),
        ("gradients", memory.gradients_bytes, ""),
        ("optimizer state", memory.optimizer_bytes, ""),
        ("activations", memory.activations_bytes, activations),
        ("temporary", memory.temporary_bytes, "gradients of activations at the peak"),
        ("absent", -memory.absent_bytes, "gradients not there yet, activations gone at the peak"),
        ("peak", memory.peak_bytes, "the sum of the above, convolution workspace excluded"),
    ]
    rows = tuple((name, units.grouped(size), units.byte_size(size), what) for name, size, what in parts)
    return Grid(headers=("predicted memory", "B", "", "what"), rows=rows, right=(False, True, True, False))
