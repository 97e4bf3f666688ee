"""What of a launch is not as it should be, in words. Never torch."""

from resnet_bench.machine import processor
from resnet_bench.profilers.settling import settling
from resnet_bench.records import INT8_TYPES, Case, Executed, Precision, Samples, remarks

# Two threads that share a core get 1.00 of it, and 1.3 and more where they have their own.
_SHARED_CORE = 1.15
# An int8 case of which less ran in int8 says so.
_MOSTLY = 0.95


def warnings(sampled: tuple[Samples, ...], executed: Executed, *, skipped: int | None, threads: int) -> tuple[str, ...]:
    """Say what of the samples is not as it should be: the isolated ones, and those of a device with a queue."""
    isolated = sampled[0]
    changes = [settling(samples.iteration_s) for samples in sampled]
    said = [remarks.unsettled(change) for change in changes if change is not None][:1]
    if skipped:
        said.append(remarks.skipped_steps(skipped))
    if threads and executed.threads != threads:  # of a case on an accelerator they are no part
        said.append(remarks.other_threads(threads, executed.threads))
    elif isolated.cpu_s is not None and threads > 1:
        cores = sum(isolated.cpu_s) / sum(isolated.elapsed_s)
        said += [remarks.shared_core(threads, cores)] if cores < _SHARED_CORE else []
    said += remarks.switches(
        deterministic=executed.deterministic,
        cudnn_deterministic=executed.cudnn_deterministic,
        cudnn_benchmark=executed.cudnn_benchmark,
    )
    return tuple(said)


def of_int8(case: Case, executed: Executed) -> tuple[str, ...]:
    """Say of an int8 case how much of it ran in wider types, and whether the processor is quick at int8 at all."""
    if case.precision is not Precision.INT8:
        return ()
    share = executed.runtime.macs_share(INT8_TYPES) if executed.runtime else None
    said = [remarks.partly_int8(share)] if share is not None and share < _MOSTLY else []
    return (*said, *([remarks.no_int8_instructions()] if processor.lacks_int8(processor.flags()) else []))
