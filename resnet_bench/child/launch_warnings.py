"""What of a launch is not as it should be, in words. Never torch."""

from resnet_bench.profilers.settling import settling
from resnet_bench.records import Executed, Samples, remarks

# Two threads that share a core get 1.00 of it, and 1.3 and more where they have their own.
_SHARED_CORE = 1.15


def warnings(sampled: tuple[Samples, ...], executed: Executed, *, skipped: int | None, threads: int) -> tuple[str, ...]:
    """Say what of the samples is not as it should be: the isolated ones, and those of a device with a queue."""
    isolated = sampled[0]
    changes = [settling(samples.iteration_s) for samples in sampled]
    said = [remarks.unsettled(change) for change in changes if change is not None][:1]
    if skipped:
        said.append(remarks.skipped_steps(skipped))
    if isolated.cpu_s is not None and threads > 1:
        cores = sum(isolated.cpu_s) / sum(isolated.elapsed_s)
        said += [remarks.shared_core(threads, cores)] if cores < _SHARED_CORE else []
    said += remarks.switches(
        deterministic=executed.deterministic,
        cudnn_deterministic=executed.cudnn_deterministic,
        cudnn_benchmark=executed.cudnn_benchmark,
    )
    return tuple(said)
