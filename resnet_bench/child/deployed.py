"""One launch of a case that a runtime runs from an artefact: converted in a process of its own, measured in this one.

Never torch, unless the runtime needs it: what is measured is the process that somebody would deploy.
"""

import sys
import time
from pathlib import Path

import msgspec
import numpy as np

from resnet_bench.child.began import BEGAN_AT, BEGAN_S
from resnet_bench.child.converted import Made, converted, workplace
from resnet_bench.child.launch_warnings import of_int8, warnings
from resnet_bench.child.logits import (
    EXPECTED,
    Logits,
    compare,
    computed,
    images_of,
    refuse_gross_fault,
    refuse_unless_finite,
)
from resnet_bench.errors import DisagreesError, InternalError, UnsupportedError
from resnet_bench.executors import artifact, calibration
from resnet_bench.executors import table as executors
from resnet_bench.executors.deployed import refuse_otherwise
from resnet_bench.executors.inputs import digest, input_of, random_inputs
from resnet_bench.executors.protocol import Prepared
from resnet_bench.machine import environment
from resnet_bench.machine.devices import HOST, kind_of
from resnet_bench.profilers import resident, throughput
from resnet_bench.profilers.busy_threads import BusyThreads
from resnet_bench.profilers.clock import HostClock
from resnet_bench.profilers.company import Company
from resnet_bench.profilers.contention import ContentionWatch
from resnet_bench.profilers.sampler import warm_up
from resnet_bench.records import (
    Agreement,
    Case,
    Conversion,
    Executed,
    Launch,
    Memory,
    Protocol,
    ReferenceUse,
    Skip,
    State,
    remarks,
)
from resnet_bench.wire.answers import Converted
from resnet_bench.wire.messages import MeasureRequest

_TORCH = "torch"


def measure(request: MeasureRequest, company: Company | None = None) -> Launch | Skip:
    """Convert where nobody has, load, and measure one launch, in company as `child.measure`.

    A conversion that ended in a skip is this launch's.

    Raises:
        UnsupportedError: the case cannot run on this runtime, or not as asked.
        DisagreesError: it does not compute the network, or the artefact is not what was converted.
    """
    executors.load(request.case.executor).supports(request.case)
    with workplace(request) as folder:
        made = converted(request, folder)
        return made if isinstance(made, Skip) else _measured(request, made, company)


def _measured(request: MeasureRequest, made: Made, company: Company | None) -> Launch:
    case, protocol = request.case, request.protocol
    folder, said, _ = made
    artifact.refuse_changed(folder / artifact.FOLDER, artifact.Fingerprint(said.sha256, said.size_bytes))
    _refuse_another_input(case, said, seed=protocol.seed)
    clock = HostClock()
    began = clock.now()
    prepared = executors.load_converting(case.executor).opened(case, folder / artifact.FOLDER, seed=protocol.seed)
    load_s = clock.now() - began
    resident.reset_peak()
    before = environment.host_state()
    if company is not None:
        company.wait()
    warmup = warm_up(
        prepared.iterate,
        clock,
        min_iterations=protocol.warmup_min_iterations,
        budget_s=protocol.warmup_budget_s,
    )
    _settle(prepared, clock, case, protocol)
    # Of the host alone: to ask a device for its processes takes torch.
    needed = case.threads or kind_of(case.device).host_cores
    watch, busy = ContentionWatch(HOST, threads=needed), BusyThreads()
    pace = throughput.pace_of(warmup)
    isolated = throughput.isolated(prepared.iterate, clock, protocol, pace, company=company)
    queued = throughput.back_to_back(prepared.iterate, clock, protocol, pace, company=company)
    busy_threads = busy.count()
    after = environment.host_state()
    contention = watch.finish(before, after)
    peak_rss_bytes = resident.peak_bytes()
    refuse_other_threads(case, busy_threads)
    _refuse_torch(case)
    compared = agreement_with_eager(
        case,
        prepared,
        folder,
        images=images_of(request.index),
        seed=protocol.seed,
        calibrated_by=protocol.calibration,
    )
    executed = _executed(prepared, said)
    if executed.runtime is not None:
        refuse_otherwise(case, executed.runtime)
    return Launch(
        case=case,
        index=request.index,
        attempt=request.attempt,
        environment=said.environment,
        started_at=BEGAN_AT,
        duration_s=time.perf_counter() - BEGAN_S,
        warmup=warmup,
        isolated=isolated,
        back_to_back=queued,
        memory=Memory(weights_bytes=prepared.weights_bytes, peak_rss_bytes=peak_rss_bytes),
        before=before,
        after=after,
        contention=contention,
        executed=executed,
        warnings=(
            *of_int8(case, executed),
            *warnings((isolated,), executed, skipped=None, threads=case.threads),
            *((remarks.no_reference(),) if protocol.reference is ReferenceUse.ON and company is None else ()),
        ),
        agreement=compared,
        conversion=Conversion(
            convert_s=said.convert_s if made.now else None,
            artifact_bytes=said.size_bytes,
            sha256=said.sha256,
            load_s=load_s,
        ),
        busy_threads=busy_threads,
    )


def _settle(prepared: Prepared, clock: HostClock, case: Case, protocol: Protocol) -> None:
    """Keep a device of its own clocks busy for as long as a sustained launch does before its samples."""
    if not kind_of(case.device).accelerator or protocol.state is not State.SUSTAINED:
        return
    until = clock.now() + protocol.warmup_min_s
    while clock.now() < until:
        prepared.iterate()


def refuse_other_threads(case: Case, busy_threads: int | None) -> None:
    """Refuse figures of more threads than the case says; one on an accelerator says none.

    Raises:
        UnsupportedError: more worked.
    """
    if busy_threads is not None and case.threads and busy_threads > case.threads:
        raise UnsupportedError(
            f"{case.executor} used {busy_threads} threads where {case.threads} were asked for: its figures would be "
            "those of another case."
        )


def _refuse_another_input(case: Case, converted: Converted, *, seed: int) -> None:
    (images,) = random_inputs(input_of(case), case.batch_size, seed=seed)
    if digest(images) != converted.input_sha256:
        raise DisagreesError(f"{case.executor} would be measured with another input than eager float32.")


def _refuse_torch(case: Case) -> None:
    if not executors.facts(case.executor).needs_torch and _TORCH in sys.modules:
        raise InternalError(f"{case.executor} was measured in a process that had imported torch.")


def _executed(prepared: Prepared, converted: Converted) -> Executed:
    return msgspec.structs.replace(
        prepared.executed(), weights=converted.weights, batch_norm_statistics=converted.batch_norm_statistics
    )


def agreement_with_eager(
    case: Case, prepared: Prepared, folder: Path, *, images: int, seed: int, calibrated_by: str = ""
) -> Agreement | None:
    """Return how close the runtime's logits are to those that the conversion left in a folder; None where it left none.

    `calibrated_by` is the folder whose images int8 took its ranges from, "" for seeded ones.

    Raises:
        DisagreesError: they are not those of the network.
    """
    if not (folder / EXPECTED).exists():
        return None
    expected: Logits = np.load(folder / EXPECTED)[:images]
    shown = calibration.compared(case, images, seed=seed + 1, folder=calibrated_by)
    parts = [np.asarray(part, dtype=np.float64) for part in computed(prepared.outputs, shown, case.batch_size)]
    found = np.concatenate(parts)[: len(expected)].reshape(len(expected), -1)
    if found.shape != expected.shape:
        raise DisagreesError(f"{case.executor} returns {found.shape[1]} numbers an image, eager {expected.shape[1]}.")
    refuse_unless_finite(found, case)
    compared = compare(found, expected)
    refuse_gross_fault(compared, case, calibrated_by=calibrated_by)
    return compared
