"""Records for tests, built from the few numbers a test is about."""

from collections.abc import Sequence

from resnet_bench import records as r

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
