"""What one rank measures of a data-parallel training step, in step with all others. Imports torch."""

import os
import time

import msgspec

from resnet_bench.child.began import BEGAN_AT, BEGAN_S
from resnet_bench.child.launch_warnings import warnings
from resnet_bench.child.prepare import Loaded, load
from resnet_bench.child.rank_files import Pulse
from resnet_bench.errors import DisagreesError, UnsupportedError
from resnet_bench.executors.data_parallel import Parallel, parallel
from resnet_bench.machine.devices import is_accelerator
from resnet_bench.profilers import throughput
from resnet_bench.profilers.allocations import MemoryProbe
from resnet_bench.profilers.contention import CpuWatch, judged, used_s
from resnet_bench.profilers.devices import collect, present
from resnet_bench.profilers.group import GroupClock, RankGroup
from resnet_bench.records import Case, Communication, Launch, remarks
from resnet_bench.wire.messages import MeasureRequest
from resnet_bench.words import listed

_LEAST_BLOCKS, _MOST_BLOCKS, _STEPS = 2, 8, 3


def measure(request: MeasureRequest, pulse: Pulse) -> Launch:
    """Measure one launch; every rank returns the same times, and its own memory.

    Raises:
        UnsupportedError: there are fewer devices than ranks, or the executor cannot be run so.
        DisagreesError: the ranks' weights differ after the steps.
    """
    case, protocol = request.case, request.protocol
    rank, local = int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"])
    _refuse_too_few_devices(case)
    # Of another seed than the others: equal gradients would hide that nobody reduces them.
    alone = load(_of_rank(case, local), request.model, seed=protocol.seed + rank, transfer=protocol.transfer)
    workload = alone.workload
    pulse.beat()
    group = RankGroup(workload.device, workload.instruments.kind.collectives, limit_s=protocol.time_limit_s)
    step = parallel(workload.prepared, before=pulse.beat, executor=case.executor)
    workload.take_over(step.prepared)
    loaded = Loaded(workload, GroupClock(alone.clock, group))
    clock = loaded.clock
    memory = MemoryProbe(workload)
    with workload.running(), workload.instruments.session():
        before = workload.instruments.state(workload.device)
        warmup = loaded.warm_up(protocol)
        memory.warmed_up()
        cpu = CpuWatch(lambda: group.total(used_s()))
        skipped_before = workload.prepared.skipped_steps()
        pace = throughput.pace_of(warmup)
        isolated = throughput.isolated(workload.iterate, clock, protocol, pace)
        queued = throughput.back_to_back(workload.iterate, clock, protocol, pace)
        others_share = cpu.others_share() if case.nodes == 1 else None  # each node has its own neighbours
        after = workload.instruments.state(workload.device)
        phases = throughput.measure_phases(step.prepared.step, clock) if step.prepared.step is not None else None
        peaks = memory.measure()
        skipped_by_now = workload.prepared.skipped_steps()
        refuse_unequal(group.each(step.digest()))
        communication = _communication(step, loaded, group, budget_s=protocol.throughput_budget_s)
    skipped = None if skipped_before is None or skipped_by_now is None else skipped_by_now - skipped_before
    executed = workload.executed()
    group.barrier()
    return Launch(
        case=case,
        index=request.index,
        attempt=request.attempt,
        environment=collect(case.device).id,
        started_at=BEGAN_AT,
        duration_s=time.perf_counter() - BEGAN_S,
        warmup=warmup,
        isolated=isolated,
        back_to_back=queued,
        phases=phases,
        memory=peaks,
        before=before,
        after=after,
        contention=judged(
            others_share,
            needed_cores=case.processes_of_node * (case.threads + workload.instruments.kind.host_cores),
            foreign=None,
            throttled={*before.throttle_reasons, *after.throttle_reasons},
        ),
        executed=executed,
        warnings=warnings((isolated,), executed, skipped=skipped, threads=case.threads),
        skipped_steps=skipped,
        communication=communication,
    )


def refuse_unequal(digests: list[str]) -> None:
    """Refuse ranks whose weights differ after steps that reduce their gradients.

    Raises:
        DisagreesError: with those that differ from rank 0.
    """
    strangers = [str(rank) for rank, it in enumerate(digests) if it != digests[0]]
    if strangers:
        raise DisagreesError(
            f"after the steps the weights of rank{'s' if len(strangers) > 1 else ''} {listed(strangers, limit=8)} are "
            "other ones than rank 0's."
        )


def _of_rank(case: Case, local: int) -> Case:
    """Return the case that a rank computes: its share of the batch, on its own device."""
    kind, _, _ = case.device.partition(":")
    own = f"{kind}:{local}" if is_accelerator(case.device) else case.device
    return msgspec.structs.replace(case, batch_size=case.batch_of_rank, device=own)


def _refuse_too_few_devices(case: Case) -> None:
    kind, _, _ = case.device.partition(":")
    devices = sum(name.partition(":")[0] == kind for name in present())
    if is_accelerator(case.device) and devices < case.processes_of_node:
        raise UnsupportedError(remarks.too_few_devices(case.processes_of_node, devices, kind))


def _communication(step: Parallel, loaded: Loaded, group: RankGroup, *, budget_s: float) -> Communication:
    """Time steps with and without the reduction of gradients in turns, and what a reduction can do at best.

    After it the ranks' weights are no longer equal.
    """
    clock = loaded.clock
    reduced: list[float] = []
    alone: list[float] = []
    start = clock.now()
    while len(reduced) < _STEPS * _LEAST_BLOCKS or (
        len(reduced) < _STEPS * _MOST_BLOCKS and clock.now() - start < budget_s
    ):
        reduced += _block(loaded)
        with step.without_reduction():
            alone += _block(loaded)
    return Communication(
        backend=group.backend,
        gradient_bytes=step.gradient_bytes(),
        bucket_bytes=step.bucket_bytes(),
        reduced_s=tuple(reduced),
        alone_s=tuple(alone),
        link_byte_per_s=group.reduced_byte_per_s(clock, step.gradient_bytes()),
    )


def _block(loaded: Loaded) -> list[float]:
    """Return the seconds of some steps after one that is not timed: the first of its kind also brings buffers along."""
    clock, iterate = loaded.clock, loaded.workload.iterate
    clock.time(iterate, 1)
    return [clock.time(iterate, 1).host_s for _ in range(_STEPS)]
