"""`predict`: the latency of networks from this machine's layers, as an object."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resnet_bench.config.axes import BY_NAME
from resnet_bench.errors import UsageError
from resnet_bench.records.predictions import PredictedLatency
from resnet_bench.report import notebook
from resnet_bench.report.document import Document
from resnet_bench.report.documents import predictions
from resnet_bench.report.frame import frame_of
from resnet_bench.report.renderers import Format, render
from resnet_bench.runner import choices, prediction
from resnet_bench.runner.choices import AskedModel
from resnet_bench.runner.launchers.table import launcher
from resnet_bench.specs import Spec, matching
from resnet_bench.storage import layer_library
from resnet_bench.wire.messages import Named

if TYPE_CHECKING:
    import pandas as pd

_AXES = ("mode", "image_size", "precision", "memory_format", "executor", "device", "threads", "optimizer")


class PredictedCases(Sequence[PredictedLatency]):
    """Predictions in the order asked for, models first."""

    def __init__(self, found: Sequence[PredictedLatency], document: Document) -> None:
        self._found = tuple(found)
        self.document = document

    def __getitem__(self, index: Any) -> Any:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def frame(self) -> "pd.DataFrame":
        """Return one row a prediction, in base units."""
        return frame_of(self.document.rows())

    def __str__(self) -> str:
        return render(self.document, Format.TEXT).rstrip()

    def _repr_html_(self) -> str:
        return notebook.html_of(self.document)


def predict(
    models: str | Spec | Iterable[str | Spec],
    *,
    batch_sizes: int | Iterable[int] = 1,
    measure_missing: bool = False,
    across: bool = False,
    library: str | Path | None = None,
    **axes: Any,
) -> PredictedCases:
    """Predict the latency of networks from the layers that are known of this machine. Nothing is run.

    Args:
        models: names, patterns or specs.
        batch_sizes: of each.
        measure_missing: first time layers that are not known.
        across: take layers of other software or another machine, with a wider interval.
        library: take the layers of this file, which `machine --layers MODELS -o FILE` wrote here or elsewhere.
        axes: mode, image_size, precision, memory_format, executor, device, threads, optimizer: one value each.

    Raises:
        IncompleteError: no layers are known; the message has the command that times some.
        UsageError: an argument is wrong, or the layers are of another machine.
        StoreError: the library is none, or cannot be read.
        UnsupportedError: an executor that fuses layers.
    """
    strange = next((name for name in axes if name not in _AXES), None)
    if strange is not None:
        raise UsageError(f"predict: '{strange}' is no axis of it; there are {', '.join(_AXES)}.")
    asked = {name: BY_NAME[name].from_text(str(value), name) for name, value in axes.items()}
    sizes = (batch_sizes,) if isinstance(batch_sizes, int) else tuple(batch_sizes)
    starter = launcher()
    chosen = [_asked(it) for it in _each(models)]
    wanted = prediction.subjects(chosen, asked, sizes, launcher=starter)
    libraries = layer_library.read_file(Path(library)) if library else ()
    found, oracles = prediction.predictions(
        wanted, launcher=starter, measure_missing=measure_missing, across=across, libraries=libraries
    )
    return PredictedCases(found, predictions.document(found, tuple(oracles.values())))


def _each(models: str | Spec | Iterable[str | Spec]) -> Iterable[str | Spec]:
    for model in (models,) if isinstance(models, str | Spec) else models:
        yield from (model,) if isinstance(model, Spec) else matching((model,))


def _asked(model: str | Spec) -> AskedModel:
    return AskedModel(model.name, Named(model=model)) if isinstance(model, Spec) else choices.named(model)
