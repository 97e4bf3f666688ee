"""Records for tests, built from the few numbers a test is about."""

import math
import random
from collections.abc import Sequence

import msgspec

from resnet_bench import records as r
from resnet_bench.analysis.digest import digest
from resnet_bench.storage import run_directory

CASE = r.Case(model="resnet18", batch_size=4, image_size=96, device="cpu", threads=1)


def case(**changes):
    return r.Case(**{**{name: getattr(CASE, name) for name in CASE.__struct_fields__}, **changes})


def samples(protocol: r.TimingProtocol, iteration_s: Sequence[float]) -> r.Samples:
    return r.Samples(
        protocol=protocol, iterations_per_sample=1, elapsed_s=tuple(iteration_s), stopped_by=r.StopReason.INTERVAL
    )


def launch(
    latency_s: Sequence[float],
    *,
    index: int = 0,
    of: r.Case = CASE,
    environment: str = "e1",
    memory: r.Memory | None = None,
    compilation: r.Compilation | None = None,
    executed: r.Executed | None = None,
    energy: r.Energy | None = None,
    throughput_images_per_s: Sequence[float] | None = None,
) -> r.Launch:
    back_to_back = (
        latency_s if throughput_images_per_s is None else [of.batch_size / v for v in throughput_images_per_s]
    )
    return r.Launch(
        case=of,
        index=index,
        environment=environment,
        started_at="2026-01-01T00:00:00Z",
        duration_s=3.0,
        warmup=r.Warmup(first_iteration_s=0.1, iteration_s=(0.02,), stopped_by=r.StopReason.STABLE),
        isolated=samples(r.TimingProtocol.ISOLATED, latency_s),
        back_to_back=samples(r.TimingProtocol.BACK_TO_BACK, back_to_back),
        memory=memory or r.Memory(peak_rss_bytes=400 * 2**20),
        compilation=compilation,
        energy=energy,
        before=r.DeviceState(),
        after=r.DeviceState(),
        contention=r.Contention(),
        executed=executed or EXECUTED,
    )


EXECUTED = r.Executed(
    parameter_dtype="float32",
    autocast_dtype=None,
    tf32_matmul=False,
    tf32_convolution=False,
    cudnn_benchmark=False,
    deterministic=False,
    threads=1,
    interop_threads=1,
    wait_policy="PASSIVE",
    batch_norm_statistics="frozen",
)


def measurement(launches: Sequence[Sequence[float]], *, of: r.Case = CASE, profile: r.Profile | None = None, **more):
    return r.Measurement(
        case=of,
        profile=profile,
        launches=tuple(launch(values, index=i, of=of, **more) for i, values in enumerate(launches)),
    )


IDENTITY = r.Identity(
    device="cpu",
    device_name="Example CPU",
    device_memory_bytes=None,
    cpu_name="Example CPU",
    physical_cores=2,
    logical_cores=2,
    memory_bytes=8 * 2**30,
    system="Linux",
    python="3.11.7",
    torch="2.13.0",
    cuda=None,
    cudnn=None,
    driver=None,
)
PROTOCOL = r.Protocol(
    launches=6,
    target_interval=0.01,
    min_samples=5,
    max_samples=100,
    sampling_budget_s=1.0,
    throughput_budget_s=1.0,
    warmup_min_iterations=3,
    warmup_budget_s=1.0,
)


def change(record, **fields):
    return msgspec.structs.replace(record, **fields)


def digest_of(measurements, *, name="run", identity=IDENTITY, protocol=PROTOCOL, **more):
    return change(digest(run_of(measurements, name=name, identity=identity, protocol=protocol)), **more)


def run_of(measurements, *, name="run", identity=IDENTITY, protocol=PROTOCOL, skips=()):
    state = r.MachineState(hostname="h", governor=None, cpu_clock_max_hz=None, packages={}, state=r.DeviceState())
    header = r.Header(
        id=name,
        created_at="2026-01-01T00:00:00Z",
        preset="standard",
        protocol=protocol,
        seed=0,
        commit=None,
        environments=(r.Environment(id="e1", identity=identity, state=state),),
        cases=tuple(it.case for it in measurements) + tuple(it.case for it in skips),
        profiles=tuple(it.profile for it in measurements if it.profile),
    )
    return r.Run(header=header, measurements=tuple(measurements), skips=tuple(skips), missing=())


def save_run(directory, run):
    directory.mkdir(parents=True, exist_ok=True)
    launches = [one for it in run.measurements for one in it.launches]
    run_directory.create_whole(directory, run.header, [*launches, *run.skips])
    return directory


def profile(of=CASE, *, parameters=1000, macs=5000):
    return r.Profile(
        model=of.model,
        mode=of.mode,
        precision=of.precision,
        batch_size=of.batch_size,
        image_size=of.image_size,
        parameters=parameters,
        trainable_parameters=parameters,
        buffers=0,
        parameter_bytes=4 * parameters,
        predicted_memory=None,
        macs=macs,
        flops=2 * macs,
        other_flops=0,
        training_flops=6 * macs,
        fvcore_count=None,
        torch_counter_flops=None,
        activations=77,
        activation_bytes=308,
        weighted_layers=18,
    )


def noisy_launches(seed, *, center=0.010, factor=1.0, count=6, noise=0.002, samples=20):
    """Latencies of `count` launches whose medians spread by `noise` (log-normal)."""
    rng = random.Random(seed)
    launches = []
    for _ in range(count):
        base = center * factor * math.exp(rng.gauss(0, noise))
        launches.append([base * math.exp(rng.gauss(0, 0.001)) for _ in range(samples)])
    return launches
