"""How long the whole registry takes to predict at three batch sizes, from a library that has all of its layers."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from resnet_bench import cli, specs
from resnet_bench.analysis.prediction.shapes import StaticPiece, static_pieces
from resnet_bench.records import Environment, TimedBy
from resnet_bench.records.layer_library import LayerLibrary, LayerObservation, LayerSource, LayerWay
from resnet_bench.runner import prediction
from resnet_bench.runner.choices import AskedModel
from resnet_bench.runner.launchers.table import launcher
from resnet_bench.runner.oracle import PredictionSubject
from resnet_bench.storage import layer_library
from resnet_bench.wire.messages import Named

BATCH_SIZES = (1, 4, 8)
_WAY = ("--device", "cpu", "--threads", "1")


def registry_lines() -> Iterator[str]:
    """Predict every network that has a name here, and say how long that took."""
    names = [name for name in specs.names() if specs.find(name).output_stride is None]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        starter = launcher()
        asked = {"device": "cpu", "threads": 1}
        chosen = [AskedModel(name, Named(model=specs.find(name))) for name in names]
        subjects = prediction.subjects(chosen, asked, BATCH_SIZES, launcher=starter)
        environment = starter.machines("cpu")[0].environment
        library = _of_everything(subjects, environment)
        layer_library.change(library.way, environment.id, lambda _: library)
        distinct = len(library.shapes)
        del subjects
        sizes = ",".join(map(str, BATCH_SIZES))
        out = str(Path(folder) / "predicted.json")
        cpu, wall = time.process_time(), time.monotonic()
        code = cli.run(["predict", *names, *_WAY, "--batch-sizes", sizes, "-o", out])
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    if code:
        raise SystemExit(code)
    yield (
        f"{len(names)} networks at batch sizes {sizes} from {distinct} distinct layers: {cpu:.2f} s of CPU time, "
        f"{wall:.2f} s elapsed (bar 2 s)."
    )


def _of_everything(subjects: tuple[PredictionSubject, ...], environment: Environment) -> LayerLibrary:
    """Return a library of the layers of all, whose times are made up."""
    sources = []
    for subject in subjects:
        layers = tuple(_observation(piece) for piece in static_pieces(subject.static.layers))
        sources.append(
            LayerSource(
                model=subject.case.model,
                batch_size=subject.case.batch_size,
                measured_at="2026-01-01T00:00:00+00:00",
                timed_by=TimedBy.HOST_CLOCK,
                whole_s=sum(it.forward_s[0] for it in layers),
                outside_s=0.0,
                layers=tuple({it.shape: it for it in layers}.values()),
            )
        )
    way = LayerWay.of(subjects[0].case)
    return LayerLibrary(identity=environment.identity, environment=environment.id, way=way, sources=tuple(sources))


def _observation(piece: StaticPiece) -> LayerObservation:
    return LayerObservation(shape=piece.shape, forward_s=(1e-5 + piece.shape.macs * 1e-11,), flops=1, moved_bytes=1)
