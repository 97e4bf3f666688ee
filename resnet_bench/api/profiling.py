"""`profile`: the exact static cost of a model, from a name, a spec, a module, or what builds one."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from resnet_bench.analysis.layers import By
from resnet_bench.api.subjects import ModelLike, display_name, is_module
from resnet_bench.config import values
from resnet_bench.config.axes import BY_NAME
from resnet_bench.errors import UsageError
from resnet_bench.machine.devices import HOST
from resnet_bench.profilers.complexity import profile_module, static_profile, with_counters
from resnet_bench.records import Mode, Optimizer, Profile, inputs
from resnet_bench.records.inputs import ModelInput
from resnet_bench.report import notebook
from resnet_bench.report.document import Document
from resnet_bench.report.documents import profiles
from resnet_bench.report.documents.profiles import Answer
from resnet_bench.report.frame import frame_of
from resnet_bench.report.renderers import Format, render
from resnet_bench.specs import EXTERNAL_IMAGE_SIZE, Spec

if TYPE_CHECKING:
    import pandas as pd


class StaticProfile(Profile, frozen=True, kw_only=True):
    """The record of an exact static profile, with what people do with one."""

    def document(self, by: str = By.LAYER) -> Document:
        """Return what `resnet-bench profile` says of it."""
        return profiles.document([Answer(profile=self)], values.from_text(values.choice(By), by, "by"))

    def frame(self, by: str = By.LAYER) -> "pd.DataFrame":
        """Return one row a layer, stage or type, in base units."""
        return frame_of(self.document(by).rows())

    def __str__(self) -> str:
        return render(self.document(), Format.TEXT).rstrip()

    def _repr_html_(self) -> str:
        return notebook.html_of(self.document())


def profile(
    model: ModelLike,
    *,
    input: tuple[int, ...] | str | ModelInput | None = None,  # noqa: A002 - what torch's own tools call it
    batch_size: int = 1,
    mode: str = Mode.INFERENCE,
    precision: str | None = None,
    optimizer: str = Optimizer.MOMENTUM,
    counters: Collection[str] = (),
    arguments: Mapping[str, Any] = {},
    by_running: bool = False,
) -> StaticProfile:
    """Return the exact profile of a model: parameters, MACs, FLOPs, activations, memory. Nothing is run or allocated.

    Args:
        model: a name, a spec, a torch.nn.Module, which is left exactly as it was, or a callable that returns one.
        input: shape of one image, (3, height, width), or what `--input` takes, such as "3x64x64+10:int64"; by default
            the model's own, 224 pixels a side where it has none.
        batch_size: images.
        mode: inference or training; decides predicted memory.
        precision: fp32, bf16 and the others of `run`; decides bytes. By default fp32, or what the model is built in.
        optimizer: sgd, momentum, adam or adamw; decides the optimizer's share of training memory.
        counters: "fvcore" and "torch" add what those tools say.
        arguments: what the model is built with: {"in_chans": 4} for timm's, {"in_channels": 4} for our own.
        by_running: run the model once on the CPU, for one whose control flow depends on the data.

    Raises:
        ModelError: the model or its input is wrong, or it cannot be traced without running it.
        UsageError: an argument is wrong.
    """
    asked: dict[str, Any] = {
        "mode": BY_NAME["mode"].from_text(str(mode), "mode"),
        "precision": None if precision is None else BY_NAME["precision"].from_text(str(precision), "precision"),
        "batch_size": BY_NAME["batch_size"].from_text(str(batch_size), "batch_size"),
        "optimizer": values.from_text(values.choice(Optimizer), str(optimizer), "optimizer"),
        "by_running": by_running,
    }
    wanted = "" if input is None else _input(input)
    if isinstance(model, str | Spec):
        built_with = values.from_file(values.model_arguments(), dict(arguments), "arguments")
        found = static_profile(model, counters=tuple(counters), input=wanted, arguments=built_with, **asked)
    else:
        given = inputs.parse(wanted) if wanted else inputs.square(EXTERNAL_IMAGE_SIZE)
        module = _module(model, with_data=by_running)
        found = profile_module(module, name=display_name(model), inputs=given, **asked)
        if counters:
            found = with_counters(found, lambda: module, given, tuple(counters), by_running=by_running)
    return StaticProfile(**{name: getattr(found, name) for name in Profile.__struct_fields__})


def _module(model: Any, *, with_data: bool) -> Any:
    """Return a module as it is, or what its factory builds, without weights where they are not needed."""
    if not callable(model):
        raise UsageError(
            f"profile: {type(model).__name__} is no model; expected a name, a spec, a module or a factory."
        )
    from resnet_bench.models import external  # noqa: PLC0415 - a name of the registry needs no torch

    if is_module(model):
        return model
    return external.built_by(model, display_name(model), device=HOST if with_data else "meta")


def _input(said: tuple[int, ...] | str | ModelInput) -> str:
    """Return an input as text, of its shape or its words."""
    text = "x".join(map(str, said)) if isinstance(said, tuple | list) else str(said)
    return str(values.from_text(values.model_input(), text, "input"))
