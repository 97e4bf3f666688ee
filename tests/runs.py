"""Runs made up from a seed: plausible launches, skips, missing cases, warnings and hostile names.

The same arguments give the same run on every machine and Python version (`random.Random` alone). Times follow a
simple model of a device: an overhead per pass, and work that saturates with the batch size.
"""

import math
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import msgspec

from resnet_bench.machine import nvml
from resnet_bench.records import (
    Case,
    Commit,
    Compilation,
    Contention,
    DeviceState,
    Energy,
    Environment,
    Executed,
    Executor,
    Header,
    Identity,
    Launch,
    MachineState,
    Memory,
    MemoryFormat,
    Mode,
    Precision,
    PredictedMemory,
    Profile,
    Protocol,
    Run,
    Samples,
    Skip,
    SkipReason,
    StopReason,
    TimingProtocol,
    Warmup,
    remarks,
)
from resnet_bench.runner.launchers.process import Ended
from resnet_bench.runner.launchers.variables import WAIT_POLICY
from resnet_bench.storage import assembly, run_directory

HOSTILE = "</script><img src=x onerror=alert(1)>"
# name: parameters, MACs and activations at 224 px, weighted layers
MODELS = {
    "resnet18": (11_689_512, 1_814_073_344, 2_483_688, 18),
    "resnet34": (21_797_672, 3_663_761_408, 3_738_600, 34),
    "resnet50": (25_557_032, 4_089_184_256, 11_114_472, 50),
    "resnet101": (44_549_160, 7_801_405_440, 16_231_912, 101),
    "resnet152": (60_192_808, 11_513_626_624, 22_603_240, 152),
}
_CORES = 2
_CPU_FLOPS = 6e10
_GPU_FLOPS = 4e13


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What to make up. `noise` is the spread between launches; samples spread by a quarter of it more."""

    seed: int = 7
    run_id: str = "20261101-120000-cpu"
    device: str = "cpu"
    models: Sequence[str] = tuple(MODELS)
    modes: Sequence[Mode] = (Mode.INFERENCE,)
    batch_sizes: Sequence[int] = (1, 4)
    image_size: int = 224
    precisions: Sequence[Precision] = (Precision.FP32,)
    memory_formats: Sequence[MemoryFormat] = (MemoryFormat.CONTIGUOUS,)
    executors: Sequence[Executor] = (Executor.EAGER,)
    machines: Sequence[str] = ("",)
    launches: int = 2
    samples: int = 24
    noise: float = 0.01
    speed: float = 1.0
    memory_limit: int | None = None
    revision: str = "4f2a9c1e0b7d4c5a8e6f1234567890abcdef1234"
    troubles: bool = False


def make_run(spec: Spec | None = None) -> Run:
    """Return a run as the store would read it back."""
    spec = spec or Spec()
    cases = _cases(spec)
    header = Header(
        id=spec.run_id,
        created_at="2026-11-01T12:00:00+00:00",
        preset="quick",
        protocol=_protocol(spec),
        seed=spec.seed,
        commit=Commit(
            revision=spec.revision,
            branch="main",
            committed_at="2026-10-31T18:30:00+00:00",
            subject="Fold batch norm before tracing",
            dirty=False,
        ),
        environments=tuple(_environment(spec, machine) for machine in spec.machines),
        cases=cases,
        profiles=tuple(_profiles(cases)),
    )
    return assembly.assemble(header, _entries(spec, cases))


def gpu_run(**changes: object) -> Run:
    """Return a GPU run with precisions, training and out-of-memory skips at large batches."""
    spec = Spec(
        run_id="20261102-090000-cuda",
        device="cuda:0",
        modes=(Mode.INFERENCE, Mode.TRAINING),
        batch_sizes=(1, 4, 16, 64, 256, 1024),
        precisions=(Precision.FP32, Precision.AMP_FP16),
        launches=4,
        memory_limit=24 * 2**30,
        troubles=True,
    )
    return make_run(replace(spec, **changes))


def troubled_run(**changes: object) -> Run:
    """Return a CPU run with one skip of each reason, a missing case, warnings and a hostile model name."""
    return make_run(replace(Spec(models=(*MODELS, HOSTILE), launches=3, troubles=True, samples=40), **changes))


def big_run(cases: int, **changes: object) -> Run:
    """Return a run of exactly `cases` cases (500 and 10,000 are what the page is measured with)."""
    batch_sizes = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
    per_model = len(batch_sizes) * 2
    names = list(MODELS) + [f"resnet50_w{width}" for width in range(len(MODELS), math.ceil(cases / per_model))]
    spec = Spec(
        run_id=f"20261103-000000-{cases}",
        device="cuda:0",
        models=names,
        batch_sizes=batch_sizes,
        precisions=(Precision.FP32, Precision.BF16),
        launches=3,
        samples=20,
        memory_limit=24 * 2**30,
    )
    run = make_run(replace(spec, **changes))
    keep = {case.key for case in run.header.cases[:cases]}
    return msgspec.structs.replace(
        run,
        header=msgspec.structs.replace(run.header, cases=run.header.cases[:cases]),
        measurements=tuple(it for it in run.measurements if it.case.key in keep),
        skips=tuple(it for it in run.skips if it.case.key in keep),
    )


def write(run: Run, directory: Path) -> Path:
    """Write a run as a run directory and return it."""
    directory.mkdir(parents=True, exist_ok=True)
    entries = [launch for measurement in run.measurements for launch in measurement.launches] + list(run.skips)
    run_directory.create_whole(directory, run.header, entries)
    return directory


def _cases(spec: Spec) -> tuple[Case, ...]:
    return tuple(
        Case(
            model=model,
            mode=mode,
            batch_size=batch_size,
            image_size=spec.image_size,
            precision=precision,
            memory_format=memory_format,
            executor=executor,
            device=spec.device,
            threads=1 if _is_gpu(spec.device) else 2,
            machine=machine,
        )
        for machine in spec.machines
        for model in spec.models
        for mode in spec.modes
        for precision in spec.precisions
        for memory_format in spec.memory_formats
        for executor in spec.executors
        for batch_size in spec.batch_sizes
    )


def _entries(spec: Spec, cases: Sequence[Case]) -> list[Launch | Skip]:
    random = Random(spec.seed)
    entries: list[Launch | Skip] = []
    for position, case in enumerate(cases):
        trouble = _trouble(spec, position, len(cases))
        if trouble == "missing":
            continue
        if trouble is not None:
            died = Ended(returncode=-signal.SIGSEGV, answer=b"", errors="")
            details = {SkipReason.TIMEOUT: remarks.not_finished(600), SkipReason.CRASHED: died.cause}
            detail = details.get(trouble, "the device has no such instruction")
            entries.append(Skip(case=case, index=0, reason=trouble, detail=detail, environment=_where(spec, case)))
            continue
        needed = _memory(case)
        if spec.memory_limit is not None and needed.peak_bytes > spec.memory_limit:
            detail = "CUDA out of memory. Tried to allocate 3.06 GiB (GPU 0; 24.00 GiB total)"
            entries.append(
                Skip(case=case, index=0, reason=SkipReason.OUT_OF_MEMORY, detail=detail, environment=_where(spec, case))
            )
            continue
        entries += [_launch(spec, random, case, index, needed) for index in range(spec.launches)]
    return entries


def _trouble(spec: Spec, position: int, total: int) -> SkipReason | str | None:
    if not spec.troubles or _is_gpu(spec.device):
        return None
    return {
        total - 3: "missing",
        total - 4: SkipReason.TIMEOUT,
        total - 5: SkipReason.CRASHED,
        total - 6: SkipReason.UNSUPPORTED,
    }.get(position)


def _cost(model: str) -> tuple[int, int, int, int]:
    if model in MODELS:
        return MODELS[model]
    # An invented model: a resnet50 of another width, the same for the same name.
    width = 0.5 + Random(model).random() * 1.5
    parameters, macs, activations, depth = MODELS["resnet50"]
    return round(parameters * width**2), round(macs * width**2), round(activations * width), depth


def _memory(case: Case) -> PredictedMemory:
    parameters, _, activations, _ = _cost(case.model)
    item = 2 if case.precision in {Precision.FP16, Precision.BF16, Precision.AMP_FP16, Precision.AMP_BF16} else 4
    training = case.mode is Mode.TRAINING
    parts = dict(
        weights_bytes=parameters * 4,
        buffers_bytes=parameters // 100,
        input_bytes=case.batch_size * 3 * case.image_size**2 * item,
        gradients_bytes=parameters * 4 if training else 0,
        optimizer_bytes=parameters * 4 if training else 0,
        activations_bytes=activations * case.batch_size * item
        if training
        else activations * case.batch_size * item // 4,
    )
    return PredictedMemory(**parts, temporary_bytes=0, absent_bytes=0, peak_bytes=sum(parts.values()))


def _profiles(cases: Sequence[Case]) -> list[Profile]:
    profiles = {}
    for case in cases:
        parameters, macs, activations, depth = _cost(case.model)
        slot = (case.model, case.mode, case.precision, case.batch_size)
        macs *= case.batch_size
        profiles[slot] = Profile(
            model=case.model,
            mode=case.mode,
            precision=case.precision,
            batch_size=case.batch_size,
            image_size=case.image_size,
            parameters=parameters,
            trainable_parameters=parameters,
            buffers=parameters // 400,
            parameter_bytes=parameters * 4,
            predicted_memory=_memory(case),
            macs=macs,
            flops=2 * macs,
            other_flops=macs // 50,
            training_flops=6 * macs,
            fvcore_count=round(macs * 1.005),
            torch_counter_flops=2 * macs,
            activations=activations * case.batch_size,
            activation_bytes=activations * case.batch_size * 4,
            weighted_layers=depth,
        )
    return list(profiles.values())


def _launch(spec: Spec, random: Random, case: Case, index: int, needed: PredictedMemory) -> Launch:
    base = _seconds(spec, case) * math.exp(random.gauss(0, spec.noise))
    # In a troubled run one case in seven is noisy.
    noisy = spec.troubles and sum(case.key.encode()) % 7 == 0
    if noisy:
        base *= math.exp(random.gauss(0, 0.06))
    spread = spec.noise * (8 if noisy else 1)
    isolated = tuple(_sample(random, base * 1.04, spread) for _ in range(spec.samples))
    queued = tuple(_sample(random, base, spread / 2) for _ in range(max(3, spec.samples // 4)))
    gpu = _is_gpu(case.device)
    memory = Memory(
        weights_bytes=needed.weights_bytes,
        peak_allocated_bytes=round(needed.peak_bytes * 1.03) if gpu else None,
        peak_reserved_bytes=round(needed.peak_bytes * 1.15) if gpu else None,
        peak_rss_bytes=round(needed.peak_bytes * 1.1 + 320 * 2**20 + random.random() * 2**20),
        device_total_bytes=spec.memory_limit,
    )
    state = DeviceState(
        load_average=round(0.8 + random.random(), 2),
        sm_clock_hz=1.98e9 if gpu else None,
        memory_clock_hz=2.6e9 if gpu else None,
        temperature_c=round(45 + 10 * random.random(), 1) if gpu else None,
        power_w=round(280 + 40 * random.random(), 1) if gpu else None,
        throttle_reasons=tuple(nvml.THROTTLES)[:1] if noisy and gpu else (),
    )
    other_cpu_share, foreign = (0.62 if noisy else 0.01), (0 if gpu else None)
    compiled = case.executor in {Executor.COMPILE, Executor.COMPILE_MAX_AUTOTUNE}
    return Launch(
        case=case,
        index=index,
        environment=_where(spec, case),
        started_at=f"2026-11-01T12:{index:02d}:00+00:00",
        duration_s=base * spec.samples * 2 + 1.5,
        warmup=Warmup(
            first_iteration_s=base * 4,
            iteration_s=tuple(base * (1 + 0.5**i) for i in range(6)),
            stopped_by=StopReason.STABLE,
        ),
        isolated=Samples(
            protocol=TimingProtocol.ISOLATED,
            iterations_per_sample=1,
            elapsed_s=isolated,
            stopped_by=StopReason.INTERVAL,
        ),
        back_to_back=Samples(
            protocol=TimingProtocol.BACK_TO_BACK,
            iterations_per_sample=4,
            elapsed_s=tuple(value * 4 for value in queued),
            stopped_by=StopReason.BUDGET,
        ),
        compilation=Compilation(compile_s=21.5 + random.random(), graphs=1, graph_breaks=0) if compiled else None,
        memory=memory,
        energy=Energy(energy_j=base * 50 * 300, window_s=base * 50, images=50 * case.batch_size) if gpu else None,
        before=state,
        after=state,
        contention=Contention(
            other_cpu_share=other_cpu_share,
            foreign_gpu_processes=foreign,
            disturbances=remarks.disturbances(
                other_cpu_share=other_cpu_share,
                cores=_CORES,
                threads=case.threads,
                foreign_gpu_processes=foreign,
                throttle_reasons=state.throttle_reasons,
            ),
        ),
        executed=_executed(case),
        warnings=(remarks.unsettled(0.042),) if noisy else (),
    )


def _sample(random: Random, base: float, spread: float) -> float:
    value = base * math.exp(abs(random.gauss(0, spread)))
    return value * 1.15 if random.random() < 0.02 else value


def _seconds(spec: Spec, case: Case) -> float:
    _, macs, _, depth = _cost(case.model)
    gpu = _is_gpu(case.device)
    reduced = case.precision is not Precision.FP32
    rate = (_GPU_FLOPS if gpu else _CPU_FLOPS) * (2.4 if reduced and gpu else 1.0) * spec.speed
    overhead = depth * (4.5e-5 if gpu else 1e-4) / (3 if case.executor is Executor.CUDA_GRAPH else 1)
    work = 2 * macs * case.batch_size * (3 if case.mode is Mode.TRAINING else 1) / rate
    saturation = 1 + (6 if gpu else 0.4) / case.batch_size
    last = 0.93 if case.memory_format is MemoryFormat.CHANNELS_LAST else 1.0
    return (overhead + work * (1 + (saturation - 1) / 4)) * last


def _executed(case: Case) -> Executed:
    return Executed(
        parameter_dtype="float32",
        autocast_dtype="float16" if case.precision is Precision.AMP_FP16 else None,
        tf32_matmul=False if _is_gpu(case.device) else None,
        tf32_convolution=False if _is_gpu(case.device) else None,
        cudnn_benchmark=True if _is_gpu(case.device) else None,
        deterministic=False,
        threads=case.threads,
        interop_threads=1,
        wait_policy=WAIT_POLICY,
        batch_norm_statistics=remarks.batch_norm_statistics(2),
    )


def _protocol(spec: Spec) -> Protocol:
    return Protocol(
        launches=spec.launches,
        target_interval=0.02,
        min_samples=10,
        max_samples=200,
        sampling_budget_s=5.0,
        throughput_budget_s=2.0,
        warmup_min_iterations=3,
        warmup_budget_s=2.0,
    )


def _is_gpu(device: str) -> bool:
    return device.startswith("cuda")


def _where(spec: Spec, case: Case) -> str:
    return f"e{spec.machines.index(case.machine) + 1}"


def _environment(spec: Spec, machine: str) -> Environment:
    gpu = _is_gpu(spec.device)
    return Environment(
        id=f"e{spec.machines.index(machine) + 1}",
        identity=Identity(
            device=spec.device.split(":")[0],
            device_name=machine or ("NVIDIA RTX 4090" if gpu else "Intel Xeon Platinum 8481C"),
            device_memory_bytes=spec.memory_limit if gpu else None,
            cpu_name="Intel Xeon Platinum 8481C",
            physical_cores=_CORES,
            logical_cores=_CORES,
            memory_bytes=8 * 2**30,
            system="Linux 6.1 x86_64",
            python="3.11.7",
            torch="2.13.0+cu130" if gpu else "2.13.0+cpu",
            cuda="13.0" if gpu else None,
            cudnn="9.15" if gpu else None,
            driver="580.95.05" if gpu else None,
        ),
        state=MachineState(
            hostname="bench-01",
            governor="powersave",
            cpu_clock_max_hz=3.8e9,
            packages={"torchvision": "0.28.0", "numpy": "2.4.6"},
            state=DeviceState(load_average=0.4),
        ),
    )
