"""THE table of axes: what tells one case from another, and everything that is said, read and shown of it.

An axis has one name, that of its field of `Case` ("batch_size"): columns, --case-a and thresholds use it. Where a list
is given the plural stands instead ("batch_sizes"): in suite files and in the flags of `run`, and wherever one of both
is read the other is understood. A new axis is a row here and a field of `Case` with a default.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec.structs import fields

from resnet_bench.config import values
from resnet_bench.config.axis import AUTO, Axis, Value
from resnet_bench.errors import UsageError, nearest
from resnet_bench.machine import devices, environment
from resnet_bench.records import Allocator, Case, Executor, MemoryFormat, Mode, Optimizer, Precision, Scaling
from resnet_bench.words import counted, either

AXES: tuple[Axis, ...] = (
    Axis(
        name="model",
        plural="models",
        flag="--models",
        reader=values.words("a name", "one or more names", '["resnet18", "resnet50"]'),
        help="Names or patterns: resnet18, 'resnet*', torchvision:resnet50, my.module:build.",
        title="model",
        said=True,
        pattern=True,
    ),
    Axis(
        name="mode",
        plural="modes",
        flag="--mode",
        reader=values.choice(Mode),
        help="What is done with a batch:",
        title="mode",
        static=True,
        together="both",
    ),
    Axis(
        name="batch_size",
        plural="batch_sizes",
        flag="--batch-sizes",
        reader=values.whole(),
        help="Images a batch.",
        title="batch",
        static=True,
        explained="Images per iteration.",
        words=lambda value: f"batch {value}",
        unset=lambda: (1,),
        tunable=True,
        said=True,
        alone=AUTO,
    ),
    Axis(
        name="image_size",
        plural="image_sizes",
        flag="--image-sizes",
        reader=values.whole(example="[224, 288]"),
        help="Pixels a side.",
        title="image",
        static=True,
        unit="px",
        words=lambda value: f"{value} px" if value else "own size",
        default_words="each model's own",
        said=True,
    ),
    Axis(
        name="precision",
        plural="precisions",
        flag="--precision",
        reader=values.choice(Precision),
        help="Arithmetic:",
        title="precision",
        static=True,
        tunable=True,
    ),
    Axis(
        name="memory_format",
        plural="memory_formats",
        flag="--memory-format",
        reader=values.choice(MemoryFormat),
        help="How activations and weights lie in memory:",
        title="memory format",
        words=lambda value: str(value).replace("_", " "),
        tunable=True,
    ),
    Axis(
        name="executor",
        plural="executors",
        flag="--executor",
        reader=values.choice(Executor),
        help="How the model is executed:",
        title="executor",
        tunable=True,
    ),
    Axis(
        name="allocator",
        plural="allocators",
        flag="--allocator",
        reader=values.choice(Allocator),
        help="How the host's allocator is set; fixed keeps all memory, so that launches do not differ by page faults:",
        title="allocator",
        words=lambda value: f"{value} allocator",
        unset=lambda: (environment.usual_allocator(),),
        default_words="fixed on the CPU where the C library is glibc",
        tunable=True,
        of_host=True,
        silent=True,
    ),
    Axis(
        name="device",
        plural="devices",
        flag="--device",
        reader=values.words("a device, such as cpu or cuda:1", "devices, such as cpu or cuda:1", '["cpu", "cuda*"]'),
        help=f"Where: {devices.expected()}.",
        title="device",
        unset=lambda: (AUTO,),
        default_words="the first accelerator, else the CPU",
        swept=False,
        of_machine=True,
        said=True,
        pattern=True,
    ),
    Axis(
        name="threads",
        plural="threads",
        flag="--threads",
        reader=values.whole(words={"all": lambda: values.AllCores(environment.logical_cores())}),
        help='CPU threads, or "all"; no part of a case on an accelerator.',
        title="threads",
        words=lambda value: counted(int(value), "thread") if value else "",
        unset=lambda: (environment.default_threads(),),
        default_words="all physical cores but one; 1 each with several copies or ranks",
        tunable=True,
        of_machine=True,
        shared=True,
    ),
    Axis(
        name="arguments",
        plural="arguments",
        flag="--arguments",
        reader=values.model_arguments(),
        help="What models are built with: arguments of other packages' ('in_chans=4 act_layer=gelu'), fields of ours "
        "('in_channels=4 norm=group').",
        title="arguments",
        words=lambda value: str(value) or "no arguments",
        default_words="none",
        static=True,
        separator=";",
    ),
    Axis(
        name="weights",
        plural="weights",
        flag="--weights",
        reader=values.words_or_none(
            "a file, a URL or a name of weights", "files, URLs or names of weights", '["model.pth"]', none="none"
        ),
        help="A file, a URL or a published name, such as IMAGENET1K_V2; #raw leaves averaged weights out, "
        "#partial loads what fits.",
        title="weights",
        words=lambda value: f"weights {value}" if value else "random weights",
        default_words="random ones",
        pattern=True,
    ),
    Axis(
        name="optimizer",
        plural="optimizers",
        flag="--optimizer",
        reader=values.choice(Optimizer),
        help="What a training step updates the weights with:",
        title="optimizer",
        static=True,
        silent=True,
    ),
    Axis(
        name="input",
        plural="inputs",
        flag="--input",
        reader=values.model_input(),
        help="What goes into the model, without the batch, where it is no square RGB image: 3x224x320, 1x28x28, "
        "3x16x112x112, two tensors 3x64x64+10:int64, by keyword image=3x64x64, or my.module:function.",
        title="input",
        words=lambda value: f"input {value}" if value else "square images",
        default_words="each model's own",
        static=True,
    ),
    Axis(
        name="copies",
        plural="copies",
        flag="--copies",
        reader=values.whole(),
        help="Processes that run a case at once on its device, on a CPU each with cores of its own.",
        title="copies",
        explained="Processes at once: images/s and memory are of all together, the latency is the slowest one's.",
        words=lambda value: counted(int(value), "copy", "copies"),
        tunable=True,
        of_group=True,
    ),
    Axis(
        name="world_size",
        plural="world_sizes",
        flag="--world-size",
        reader=values.whole(),
        help="Ranks that train one network together (DistributedDataParallel), on a CPU each with cores of its own, "
        "else with a device of its own.",
        title="ranks",
        explained="Processes that train one network: images/s and memory are of all, by the slowest one's time.",
        words=lambda value: "one process" if value == 1 else counted(int(value), "rank"),
        of_group=True,
    ),
    Axis(
        name="scaling",
        plural="scalings",
        flag="--scaling",
        reader=values.choice(Scaling),
        help="Whether the batch of several ranks is that of each (weak) or of all together (strong):",
        title="scaling",
        words=lambda value: f"{value} scaling",
        of_group=True,
    ),
    Axis(
        name="nodes",
        plural="nodes",
        flag="--nodes",
        reader=values.whole(),
        help="Machines over which ranks are spread, of an allocation of Slurm's in which the run was started.",
        title="nodes",
        words=lambda value: counted(int(value), "node"),
        of_group=True,
    ),
)
BY_NAME = {axis.name: axis for axis in AXES}
SWEPT = tuple(axis for axis in AXES if axis.swept)
TUNABLE = tuple(axis for axis in AXES if axis.tunable)
ALONE = tuple(axis for axis in AXES if not axis.of_group)


def find(name: str, where: str, *, among: Sequence[Axis] = AXES) -> Axis:
    """Return the axis of that name, plural or title, with hyphens, underscores or spaces.

    Raises:
        UsageError: there is none.
    """
    spelled = name.strip().replace("-", "_").replace(" ", "_")
    for axis in among:
        if spelled in {axis.name, axis.plural, axis.title.replace(" ", "_")}:
            return axis
    if any(axis.of_group and spelled in {axis.name, axis.plural} for axis in AXES):
        raise UsageError(f"{where}: '{name}' is of several processes at once, and here a side is one: use run.")
    known = [it.name for it in among]
    raise UsageError(f"{where}: '{name}' is not a field.{nearest(name, known)} Fields: {', '.join(known)}.")


def default(axis: Axis) -> Value | None:
    """Return the value that every new case has where nothing is said; None where that depends, or must be said."""
    return None if axis.unset() else _DEFAULTS.get(axis.name)


def goes_without_saying(name: str) -> bool:
    """Say whether the value that all cases have of an axis need not be told."""
    return any(axis.silent for axis in AXES if axis.name == name)


def are_several(said: Mapping[str, Sequence[Value]]) -> bool:
    """Say whether values by the axis' name ask for several processes at once."""
    of_group = (axis.name for axis in AXES if axis.of_group)
    return any(isinstance(value, int) and value > 1 for name in of_group for value in said.get(name, ()))


def unset(axis: Axis, device: str, said: Mapping[str, Sequence[Value]] = MappingProxyType({})) -> tuple[Value, ...]:
    """Return the values on a device of a sweep that does not name the axis; none where each model has its own.

    `said` are the values of the axes that it names.
    """
    if axis.shared and are_several(said):
        return (1,)
    ours = () if axis.of_host and devices.is_accelerator(device) else axis.unset()
    return ours or ((_DEFAULTS[axis.name],) if axis.name in _DEFAULTS else ())


def completed(said: Mapping[str, Any], device: str) -> dict[str, Any]:
    """Return the values of a new case: those that were said, and what the others are where `Case` may not decide."""
    return {axis.name: unset(axis, device)[0] for axis in AXES if axis.of_host and axis.name not in said} | dict(said)


def flag_help(axis: Axis, *, several: bool) -> str:
    """Return what `--help` says of the axis."""
    said = axis.help
    if axis.reader.members:
        together = [axis.together] if several and axis.together else []
        said = f"{said} {either([*(member.value for member in axis.reader.members), *together])}."
    if several and axis.alone:
        said = f'{said} Or "{axis.alone}": powers of two up to the largest that fits.'
    return f"{said} Separated by {values.SEPARATORS[axis.separator]}." if several else said


_DEFAULTS: dict[str, Value] = {field.name: field.default for field in fields(Case) if not field.required}
