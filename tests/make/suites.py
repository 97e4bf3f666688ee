"""Runs made up from a seed: plausible launches, skips, missing cases, warnings and hostile names.

The same arguments give the same run on every machine and Python version (`random.Random` alone).
"""

import math
from collections.abc import Sequence
from random import Random

from resnet_bench.records import (
    Case,
    DeviceState,
    Environment,
    Launch,
    Mode,
    Precision,
    Profile,
    Protocol,
    Run,
    Skip,
    SkipReason,
)
from resnet_bench.storage import assembly
from tests.make.cases import change
from tests.make.commits import commit
from tests.make.device import MODELS, cost, is_gpu, predicted_memory
from tests.make.environments import IDENTITY, STATE, environment
from tests.make.launches import skip
from tests.make.made_up_launches import made_up_launch
from tests.make.profiles import profile
from tests.make.runs import PROTOCOL, header
from tests.make.spec import HOSTILE, Spec


def suite_run(**changes: object) -> Run:
    """Return a run as the store would read it back; `changes` are fields of `Spec`."""
    spec = Spec(**changes)
    cases = _cases(spec)
    known = header(
        spec.run_id,
        cases=cases,
        created_at="2026-11-01T12:00:00+00:00",
        preset="quick",
        protocol=_protocol(spec),
        seed=spec.seed,
        commit=commit(
            spec.revision, committed_at="2026-10-31T18:30:00+00:00", subject="Fold batch norm before tracing"
        ),
        environments=tuple(_environment(spec, machine) for machine in spec.machines),
        profiles=tuple(_profiles(cases)),
    )
    return assembly.assemble(known, _entries(spec, cases))


def gpu_run(**changes: object) -> Run:
    """Return a GPU run with precisions, training and out-of-memory skips at large batches."""
    spec = dict(
        run_id="20261102-090000-cuda",
        device="cuda:0",
        modes=(Mode.INFERENCE, Mode.TRAINING),
        batch_sizes=(1, 4, 16, 64, 256, 1024),
        precisions=(Precision.FP32, Precision.AMP_FP16),
        launches=4,
        memory_limit=24 * 2**30,
        troubles=True,
    )
    return suite_run(**spec | changes)


def troubled_run(**changes: object) -> Run:
    """Return a CPU run with one skip of each reason, a missing case, warnings and a hostile model name."""
    return suite_run(**dict(models=(*MODELS, HOSTILE), launches=3, troubles=True, samples=40) | changes)


def big_run(cases: int, **changes: object) -> Run:
    """Return a run of exactly `cases` cases (500 and 10,000 are what the page is measured with)."""
    batch_sizes = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
    per_model = len(batch_sizes) * 2
    names = list(MODELS) + [f"resnet50_w{width}" for width in range(len(MODELS), math.ceil(cases / per_model))]
    spec = dict(
        run_id=f"20261103-000000-{cases}",
        device="cuda:0",
        models=names,
        batch_sizes=batch_sizes,
        precisions=(Precision.FP32, Precision.BF16),
        launches=3,
        samples=20,
        memory_limit=24 * 2**30,
    )
    run = suite_run(**spec | changes)
    keep = set(run.header.cases[:cases])
    return change(
        run,
        header=change(run.header, cases=run.header.cases[:cases]),
        measurements=tuple(it for it in run.measurements if it.case in keep),
        skips=tuple(it for it in run.skips if it.case in keep),
    )


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
            threads=1 if is_gpu(spec.device) else 2,
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
        peak_bytes = predicted_memory(case).peak_bytes
        if trouble is None and spec.memory_limit is not None and peak_bytes > spec.memory_limit:
            trouble = SkipReason.OUT_OF_MEMORY
        if trouble is not None:
            entries.append(skip(case, trouble, environment=spec.where(case.machine)))
            continue
        entries += [made_up_launch(spec, random, case, index) for index in range(spec.launches)]
    return entries


def _trouble(spec: Spec, position: int, total: int) -> SkipReason | str | None:
    if not spec.troubles or is_gpu(spec.device):
        return None
    return {
        total - 3: "missing",
        total - 4: SkipReason.TIMEOUT,
        total - 5: SkipReason.CRASHED,
        total - 6: SkipReason.UNSUPPORTED,
    }.get(position)


def _profiles(cases: Sequence[Case]) -> list[Profile]:
    profiles = {}
    for case in cases:
        parameters, macs, activations, depth = cost(case.model)
        macs *= case.batch_size
        profiles[case.model, case.mode, case.precision, case.batch_size] = profile(
            case,
            parameters=parameters,
            macs=macs,
            buffers=parameters // 400,
            predicted_memory=predicted_memory(case),
            other_flops=macs // 50,
            fvcore_count=round(macs * 1.005),
            torch_counter_flops=2 * macs,
            activations=activations * case.batch_size,
            activation_bytes=activations * case.batch_size * 4,
            weighted_layers=depth,
        )
    return list(profiles.values())


def _protocol(spec: Spec) -> Protocol:
    return change(
        PROTOCOL,
        launches=spec.launches,
        target_interval=0.02,
        min_samples=10,
        max_samples=200,
        sampling_budget_s=5.0,
        throughput_budget_s=2.0,
        warmup_budget_s=2.0,
    )


def _environment(spec: Spec, machine: str) -> Environment:
    gpu = is_gpu(spec.device)
    identity = change(
        IDENTITY,
        device=spec.device.split(":")[0],
        device_name=machine or ("NVIDIA RTX 4090" if gpu else "Intel Xeon Platinum 8481C"),
        device_memory_bytes=spec.memory_limit if gpu else None,
        cpu_name="Intel Xeon Platinum 8481C",
        system="Linux 6.1 x86_64",
        torch="2.13.0+cu130" if gpu else "2.13.0+cpu",
        cuda="13.0" if gpu else None,
        cudnn="9.15" if gpu else None,
        driver="580.95.05" if gpu else None,
    )
    state = change(
        STATE,
        hostname="bench-01",
        governor="powersave",
        cpu_clock_max_hz=3.8e9,
        packages={"torchvision": "0.28.0", "numpy": "2.4.6"},
        state=DeviceState(load_average=0.4),
    )
    return environment(spec.where(machine), identity=identity, state=state)
