"""One case's network converted into the artefact that another process measures. Imports torch."""

import time
from pathlib import Path

import numpy as np

from resnet_bench.child.agreement import expected_logits
from resnet_bench.child.logits import EXPECTED
from resnet_bench.child.prepare import load
from resnet_bench.errors import InternalError
from resnet_bench.executors import artifact, calibration, inputs
from resnet_bench.executors import table as executors
from resnet_bench.executors.iteration import TorchPrepared
from resnet_bench.profilers.devices import collect
from resnet_bench.records import Precision
from resnet_bench.wire.answers import Converted
from resnet_bench.wire.messages import ConvertRequest


def convert(request: ConvertRequest) -> Converted:
    """Build the network as eager float32 has it, convert it, and write what it computes of the images to compare.

    Raises:
        UnsupportedError: the executor cannot run the case, or its exporter refuses the network.
    """
    case, executor = request.case, executors.load_converting(request.case.executor)
    executor.supports(case)
    workload = load(case.plain, request.model, seed=request.seed).workload
    eager = workload.prepared
    if not isinstance(eager, TorchPrepared):
        raise InternalError("eager float32 was prepared by another executor than torch's")
    network, (images,) = eager.placed.network, eager.placed.inputs.tensors
    compared = calibration.compared(case, request.images, seed=request.seed + 1, folder=request.calibration)
    expected = expected_logits(network, compared, workload.device)
    folder = Path(request.folder)
    if expected is not None:
        np.save(folder / EXPECTED, expected)
    taken = calibration.batches(case, request.calibration) if case.precision is Precision.INT8 else ()
    made = folder / artifact.FOLDER
    made.mkdir()
    began = time.perf_counter()
    sizes = executors.facts(case.executor).sizes
    executor.convert(case, network.cpu(), images.cpu(), made, calibration=taken, sizes=sizes)
    convert_s = time.perf_counter() - began
    found = artifact.fingerprint(made)
    executed = workload.executed()
    return Converted(
        convert_s=convert_s,
        sha256=found.sha256,
        size_bytes=found.size_bytes,
        input_sha256=inputs.digest(images.cpu().numpy()),
        environment=collect(case.device).id,
        weights=executed.weights,
        batch_norm_statistics=executed.batch_norm_statistics,
    )
