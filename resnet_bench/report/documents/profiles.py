"""Static profiles: what `profile` prints. Every column of integers adds up to the total line, nothing is rounded."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from resnet_bench import units
from resnet_bench.analysis.layers import By, named_stages
from resnet_bench.records import Layer, Mode, PredictedMemory, Profile, Record
from resnet_bench.report.document import Document, Section
from resnet_bench.report.rows import beside, record_rows
from resnet_bench.report.sections.profile_differences import profile_differences
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.words import counted

_SUMS = ("parameters", "macs", "flops", "other_flops", "activations", "bytes_read", "bytes_written")
_NAME = Column(key="name", title="layer", kind=ColumnKind.TEXT)
_LAYER = (
    Column(key="type", title="type", kind=ColumnKind.TEXT, rank=7),
    Column(key="input_shape", title="input", kind=ColumnKind.TEXT, rank=3),
    Column(key="output_shape", title="output", kind=ColumnKind.TEXT, rank=5),
)
_GROUP = (Column(key="layers", title="layers", kind=ColumnKind.INTEGER),)
_COUNTS = (
    Column(key="parameters", title="parameters", kind=ColumnKind.INTEGER),
    Column(key="macs", title="MACs", kind=ColumnKind.INTEGER),
    Column(key="flops", title="FLOPs", kind=ColumnKind.INTEGER, rank=1),
    Column(key="other_flops", title="other FLOPs", kind=ColumnKind.INTEGER, rank=2),
    Column(key="activations", title="activations", kind=ColumnKind.INTEGER),
    Column(key="bytes_read", title="B read", kind=ColumnKind.INTEGER, rank=4),
    Column(key="bytes_written", title="B written", kind=ColumnKind.INTEGER, rank=4),
    Column(key="arithmetic_intensity", title="FLOP/B", kind=ColumnKind.NUMBER, rank=6),
)
_TOTALS = (
    Column(key="count", title="count", kind=ColumnKind.TEXT),
    Column(key="exact", title="exact", kind=ColumnKind.INTEGER),
    Column(key="what", title="what", kind=ColumnKind.TEXT),
)
_MEMORY = (
    Column(key="part", title="predicted memory", kind=ColumnKind.TEXT),
    Column(key="bytes", title="B", kind=ColumnKind.INTEGER),
    Column(key="size", title="size", kind=ColumnKind.FIGURE),
    Column(key="what", title="what", kind=ColumnKind.TEXT),
)
_ONE_OPERATOR = "LSTM"  # a recurrent layer that libraries compute as one
_ASKED = ("memory_limit_bytes", "largest_batch_size")
_FITS = (
    Column(key="model", title="model", kind=ColumnKind.NAME),
    Column(key="memory_limit_bytes", title="memory", kind=ColumnKind.MEMORY, unit="MiB"),
    Column(key="largest_batch_size", title="largest batch size", kind=ColumnKind.INTEGER),
)


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
    if by is By.TYPE:
        return [layer.type for layer in layers]
    names = [layer.name for layer in layers]
    return names if by is By.LAYER else named_stages(names)


def _group(name: str, parts: Sequence[Layer]) -> Group:
    sums = {field: sum(getattr(part, field) for part in parts) for field in _SUMS}
    moved = sums["bytes_read"] + sums["bytes_written"]
    intensity = (sums["flops"] + sums["other_flops"]) / moved if moved else None
    return Group(name=name, layers=len(parts), arithmetic_intensity=intensity, **sums)


def document(answers: Sequence[Answer], by: By) -> Document:
    """Return the profiles, a section for each model behind what fits in memory where that was asked.

    JSON is a list of them, CSV has their layers or groups.
    """
    title = _title(answers[0].profile) if len(answers) == 1 else counted(len(answers), "static profile")
    return Document(
        title=title,
        kind="profile",
        content=lambda: [_object(answer, by) for answer in answers],
        rows=lambda: _rows(answers, by),
        sections=(
            *_fits(answers),
            *(section for section in [profile_differences([it.profile for it in answers])] if section),
            *(part for number, answer in enumerate(answers) for part in _sections(number, answer, by, len(answers))),
        ),
    )


def _object(answer: Answer, by: By) -> dict[str, Any]:
    fields: dict[str, Any] = {name: getattr(answer, name) for name in _ASKED}
    fields |= msgspec.to_builtins(answer.profile)
    fields["groups"] = [] if by is By.LAYER else msgspec.to_builtins(grouped(answer.profile.layers, by))
    return fields


def _rows(answers: Sequence[Answer], by: By) -> Table:
    of = [
        (answer, row)
        for answer in answers
        for row in (answer.profile.layers if by is By.LAYER else grouped(answer.profile.layers, by))
    ]
    rows = record_rows(Layer if by is By.LAYER else Group, [row for _, row in of])
    for name in reversed(_ASKED):
        rows = beside(name, [getattr(answer, name) for answer, _ in of], rows)
    return beside("model", [answer.profile.model for answer, _ in of], rows)


def _title(profile: Profile) -> str:
    return f"{_model(profile)}: {profile.mode}, batch size {profile.batch_size}, {_input(profile)}, {profile.precision}"


def _model(profile: Profile) -> str:
    return f"{profile.model} ({profile.arguments})" if profile.arguments else profile.model


def _input(profile: Profile) -> str:
    return f"input {profile.input}" if profile.input else f"image size {profile.image_size}"


def _fits(answers: Sequence[Answer]) -> tuple[Section, ...]:
    """Return the answer to --memory, which stands first; nothing where it was not asked."""
    limit = answers[0].memory_limit_bytes
    if limit is None:
        return ()
    asked = f"Largest batch size in {units.byte_size(limit)}"
    found = ", ".join(f"{it.profile.model} {it.largest_batch_size:,}" for it in answers)
    said = f"{answers[0].largest_batch_size:,}" if len(answers) == 1 else found
    sentence = f"{asked}: {said} (predicted; convolution workspace and the runtime's own memory come on top)."
    rows: list[Row] = [(it.profile.model, it.memory_limit_bytes, it.largest_batch_size) for it in answers]
    shown = tuple(column.key for column in _FITS)
    table = Table(id="fits", caption=asked, columns=_FITS, rows=tuple(rows), shown=shown)
    return (
        Section(id="fits", title="", paragraphs=(sentence,)),
        Section(id="what-fits", title="", tables=(table,)),
    )


def _sections(number: int, answer: Answer, by: By, several: int) -> tuple[Section, ...]:
    profile = answer.profile
    tables = [_table(f"{by.value}-{number}", profile, by), _total_table(f"totals-{number}", profile)]
    if profile.predicted_memory is not None:
        tables.append(_memory_table(f"memory-{number}", profile.predicted_memory, profile.mode))
    lines = []
    if profile.uncounted_operators:
        lines.append(f"Not counted, cost unknown: {', '.join(profile.uncounted_operators)}.")
    if profile.unexplained_flops:
        lines.append(
            f"torch's own counter counts {profile.torch_forward_flops:,} FLOPs of the forward pass, "
            f"{abs(profile.unexplained_flops):,} {'more' if profile.unexplained_flops > 0 else 'fewer'} than are "
            "counted here, and why is not known: take neither for granted."
        )
    if profile.predicted_memory is not None and any(layer.type == _ONE_OPERATOR for layer in profile.layers):
        lines.append(
            "What a library keeps inside of an LSTM, packed weights and a workspace, is not predicted: on a CPU "
            "(oneDNN) it was up to as much again as a small network takes."
        )
    if profile.predicted_memory is None:
        lines.append("Counted by running once on the CPU; memory is predicted only of what can be traced without.")
    title = _title(profile) if several > 1 else ""
    found = [Section(id=f"profile-{number}", title=title, tables=tuple(tables))]
    return (*found, Section(id=f"uncounted-{number}", title="", lines=tuple(lines))) if lines else tuple(found)


def _table(name: str, profile: Profile, by: By) -> Table:
    total = _group("total", profile.layers)
    if by is By.LAYER:
        columns: tuple[Column, ...] = (_NAME, *_LAYER, *_COUNTS)
        rows: list[Row] = [
            (it.name, it.type, units.shape(it.input_shape), units.shape(it.output_shape), *_counts(it))
            for it in profile.layers
        ]
        rows.append(("total", "", "", "", *_counts(total)))
    else:
        columns = (msgspec.structs.replace(_NAME, title=by.value), *_GROUP, *_COUNTS)
        rows = [(it.name, it.layers, *_counts(it)) for it in (*grouped(profile.layers, by), total)]
    shown = tuple(column.key for column in columns)
    return Table(id=name, caption="", columns=columns, rows=tuple(rows), shown=shown)


def _counts(row: Layer | Group) -> Row:
    return (*(getattr(row, field) for field in _SUMS), row.arithmetic_intensity)


def _total_table(name: str, profile: Profile) -> Table:
    rows: list[Row] = [
        ("parameters", profile.parameters, units.byte_size(profile.parameter_bytes)),
        ("trainable parameters", profile.trainable_parameters, ""),
        ("buffers", profile.buffers, "elements"),
        ("weighted layers", profile.weighted_layers, "convolutions and linear layers"),
        ("MACs", profile.macs, "of convolutions and linear layers"),
        ("FLOPs", profile.flops, "2 x MACs"),
        ("other FLOPs", profile.other_flops, "batch norm, ReLU, sums, biases, pooling"),
        ("training FLOPs", profile.training_flops, "forward, weight and input gradients"),
        ("activations", profile.activations, units.byte_size(profile.activation_bytes)),
    ]
    if profile.fvcore_count is not None:
        rows.append(("fvcore's count", profile.fvcore_count, "MACs + 2 x batch norm + average pooling"))
    if profile.torch_counter_flops is not None:
        what = "forward and backward" if profile.mode is Mode.TRAINING else "forward"
        rows.append(("torch counter's FLOPs", profile.torch_counter_flops, what))
    return Table(id=name, caption="", columns=_TOTALS, rows=tuple(rows), shown=("count", "exact", "what"))


def _memory_table(name: str, memory: PredictedMemory, mode: Mode) -> Table:
    activations = "saved for backward" if mode is Mode.TRAINING else "live at the peak"
    parts = (
        ("weights", memory.weights_bytes, ""),
        ("buffers", memory.buffers_bytes, ""),
        ("input", memory.input_bytes, ""),
        ("gradients", memory.gradients_bytes, ""),
        ("optimizer state", memory.optimizer_bytes, ""),
        ("activations", memory.activations_bytes, activations),
        (
            "temporary",
            memory.temporary_bytes,
            "gradients of activations, or what the optimizer's step makes, at the peak",
        ),
        ("absent", -memory.absent_bytes, "gradients not there yet, activations gone at the peak"),
        ("peak", memory.peak_bytes, "the sum of the above, convolution workspace excluded"),
    )
    rows = tuple((part, size, units.byte_size(size), what) for part, size, what in parts)
    return Table(id=name, caption="", columns=_MEMORY, rows=rows, shown=("part", "bytes", "size", "what"))
