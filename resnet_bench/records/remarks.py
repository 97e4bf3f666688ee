"""What a launch or a skip says in words: each sentence is made here, for whoever measures and for whoever tests."""

from collections.abc import Iterable

from resnet_bench import units
from resnet_bench.errors import deed, in_words
from resnet_bench.records.plan import Case, Mode, Scaling
from resnet_bench.words import counted, listed, signal_name

# A tenth of a core is what an idle system's daemons and the sampling parent take.
_IDLE_CORES = 0.1

STOPPED = "stopped by the user"
STATISTICS_OF_WEIGHTS = "those of the loaded weights"


def unsettled(change: float) -> str:
    """Say how the second half of a launch's samples differs from the first: 0.042 is 4.2 % slower."""
    return (
        f"the samples have not settled: the second half is {units.percent(abs(change))} "
        f"{'slower' if change > 0 else 'faster'} than the first"
    )


def skipped_steps(count: int) -> str:
    """Say that the loss scaler skipped optimizer steps among the samples."""
    return f"the loss scaler skipped {count} optimizer steps among the samples: those iterations did less"


def shared_core(threads: int, cores: float) -> str:
    """Say that threads got no more of the CPU than one core: they ran on the same one."""
    return f"{threads} threads used {cores:.2f} cores: they ran on the same one, or had nothing to do"


def other_threads(asked: int, ran: int) -> str:
    """Say that a launch did not run on as many threads as it was given: a reference beside it is none of its case."""
    return (
        f"it ran on {counted(ran, 'thread')} where {asked} {'was' if asked == 1 else 'were'} asked for: the model's "
        "code, or what runs it, set another number, and no figure corrected for drift holds"
    )


def switches(
    *, deterministic: bool | None, cudnn_deterministic: bool | None, cudnn_benchmark: bool | None
) -> tuple[str, ...]:
    """Say which of torch's switches make a launch slower than it need be: the model's code, or a variable, set them."""
    found = []
    if deterministic:
        found.append("torch used deterministic algorithms alone: the model's code asked for them")
    if cudnn_deterministic:
        found.append("cuDNN used deterministic algorithms alone: the model's code asked for them")
    if cudnn_benchmark is False:
        found.append("cuDNN tried no algorithms out: the model's code turned that off while it ran")
    return tuple(found)


def no_reference() -> str:
    """Say that no reference took turns where one was asked for."""
    return "no reference took turns with the samples: it is torch's, and this process has no torch"


def no_reference_together() -> str:
    """Say that no reference took turns with the samples of several processes where one was asked for."""
    return (
        "no reference took turns with the samples: processes at once would slow each other's down, and the correction "
        "would take off what they cost each other"
    )


def no_room_for_reference(needed_bytes: int) -> str:
    """Say that the case leaves a device no room for the reference that was to take turns there."""
    return f"no reference took turns with the samples: the case leaves no room for its {units.byte_size(needed_bytes)}"


def partly_int8(share: float) -> str:
    """Say how little of an int8 case ran in int8."""
    return f"only {units.percent(share)} of the MACs ran in int8: the other products ran in a wider type"


def no_int8_instructions() -> str:
    """Say that the processor multiplies int8 by wider instructions."""
    return "this processor has no instructions for products of int8 (VNNI, AMX): int8 gains little here"


def not_compared(error: Exception) -> str:
    """Say why an output could not be compared with eager float32's."""
    return f"the output was not compared with eager float32's: {raised(error)}"


def page_faults(fewest: float, most: float) -> str:
    """Say that launches differ by page faults an iteration, which no reference sees."""
    return (
        f"page faults an iteration differ between launches ({fewest:,.0f} to {most:,.0f}): the allocator's state moves "
        "this figure; --allocator fixed takes that away"
    )


def disturbances(
    *,
    other_cpu_share: float | None,
    cores: int,
    needed_cores: int,
    foreign_gpu_processes: int | None,
    throttle_reasons: Iterable[str],
) -> tuple[str, ...]:
    """Say what of the machine a launch could not have; `other_cpu_share` is of all `cores`."""
    found = []
    spare = max(0, cores - needed_cores)
    if other_cpu_share is not None and other_cpu_share * cores > spare + _IDLE_CORES:
        used = f"other processes used {other_cpu_share * cores:.1f} of {cores} cores"
        found.append(f"{used}, the launch needs {needed_cores}")
    if foreign_gpu_processes:
        found.append(f"{foreign_gpu_processes} other processes on the GPU")
    throttled = sorted(set(throttle_reasons))
    if throttled:
        found.append(f"clocks throttled: {', '.join(throttled)}")
    return tuple(found)


def batch_norm_statistics(images: int) -> str:
    """Say how a network's batch-norm statistics were set."""
    return f"one seeded float32 forward of {images} images in training mode"


def not_finished(limit_s: float) -> str:
    """Say that a launch was given up at its time limit."""
    return f"not finished after {limit_s:g} s"


def ended(status: int) -> str:
    """Say how a process ended that gave no answer; a negative status is a signal."""
    return (
        f"the process died of {signal_name(-status)}"
        if status < 0
        else f"the process ended with status {status} and no answer"
    )


def want_of_memory() -> str:
    """Say that the system ended a process because memory was wanting."""
    return "the system killed the process for want of memory"


def of_copies(numbers: Iterable[int], copies: int, why: str) -> str:
    """Say which of several copies, counted from 1, something is true of: copy 2 of 4: the process died of SIGKILL."""
    named = [str(number) for number in numbers]
    return f"cop{'y' if len(named) == 1 else 'ies'} {listed(named, limit=8)} of {copies}: {why}"


def of_ranks(numbers: Iterable[int], ranks: int, why: str) -> str:
    """Say which of several ranks, counted from 0, something is true of: rank 1 of 4: the process died of SIGKILL."""
    named = [str(number) for number in numbers]
    return f"rank{'' if len(named) == 1 else 's'} {listed(named, limit=8)} of {ranks}: {why}"


def no_group(case: Case, cores: int) -> str:
    """Say why several processes cannot run a case on a host with so many cores, "" where they can."""
    what = counted(case.copies, "copy", "copies") if case.copies > 1 else counted(case.world_size, "rank")
    if case.copies > 1 and case.world_size > 1:
        return f"{what} of {case.world_size} ranks each are not measured: ask for copies or for ranks"
    if case.world_size > 1 and case.mode is Mode.INFERENCE:
        return f"{what} train one network together, and this case is inference: ask for --mode training"
    if case.scaling is Scaling.STRONG and case.batch_size % case.world_size:
        return f"{what} cannot share a batch of {case.batch_size} evenly"
    if case.world_size % case.nodes:
        return f"{what} cannot be spread evenly over {counted(case.nodes, 'node')}"
    if case.processes > 1 and case.threads and case.processes_of_node * case.threads > cores:
        needed = counted(case.processes_of_node * case.threads, "core")
        needed += " a node" if case.nodes > 1 else ""
        there = "there is 1" if cores == 1 else f"there are {cores:,}"
        said = f"{what} of {counted(case.threads, 'thread')} need {needed}, and {there} here"
        return f"{said}: ask for fewer, or for fewer --threads of each"
    return ""


def too_few_nodes(wanted: int, allocated: int) -> str:
    """Say that a job of Slurm's has fewer nodes than ranks are to be spread over."""
    there = f"this job has {allocated}" if allocated else "this is no job"
    return f"{counted(wanted, 'node')} are those of a job of Slurm's, and {there}: start it inside salloc -N{wanted}"


def too_few_devices(ranks: int, devices: int, kind: str) -> str:
    """Say that ranks cannot have a device each."""
    there = "there is 1" if devices == 1 else f"there are {devices}"
    return f"{counted(ranks, 'rank')} need a {kind} device each, and {there} here"


def shared_cores(copies: int) -> str:
    """Say that some of the copies ran on two threads of one core."""
    return f"there are fewer whole cores than {copies} copies need: some ran on the two threads of one core"


def not_together(copies: int) -> str:
    """Say that copies have no sample that was taken while all of them ran."""
    return f"one of the {copies} copies took no sample while all of them ran"


def another_machine(environment: str) -> str:
    """Say that a launch saw a machine that its run did not begin on."""
    return f"the machine was another one in this launch ('{environment}'): what identifies it changed during the run"


def no_answer(machine: str, why: str) -> str:
    """Say that a machine was asked, and nothing came back that is an answer."""
    return f"machine '{machine}' gave no answer: {why}"


def bystanders(cores: float) -> str:
    """Say what an engine's own processes took of the machine beside a launch."""
    return f"the launcher's own processes used {cores:.2f} cores beside the launch"


def clock(off_s: float) -> str:
    """Say that a machine's clock is off, to the minute: positive is ahead of this one's."""
    minutes = max(1, round(abs(off_s) / 60))
    return (
        f"the clock there is {minutes} min {'ahead of' if off_s > 0 else 'behind'} this machine's: the launch is dated "
        "by it"
    )


def niceness(level: int) -> str:
    """Say that a launch was less urgent than other processes."""
    return f"the launch ran at niceness {level}: whatever else ran there went before it"


def given_up(machine: str, launches: int) -> str:
    """Say that nothing more was asked of a machine after so many launches without an answer."""
    return f"machine '{machine}' was given up after {launches} launches without an answer"


def raised(error: BaseException) -> str:
    """Say which exception ended a case: our own have a sentence, others their class and their first line."""
    return f"the model {deed(error)}" if isinstance(error, SystemExit) else in_words(error)
