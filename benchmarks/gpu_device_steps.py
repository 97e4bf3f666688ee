"""The steps of `benchmarks.gpu_session` about the device: its state, its steadiness, its ceilings."""

import math
import statistics
import time

from benchmarks.gpu_common import READ_EVERY_S, load_case, summary
from benchmarks.gpu_steps import REHEARSAL, Verdict, finding

STEADY = 0.01  # what a second's images may lie from those at the end
LEAST_OVER_S = 1.0


def state(scale, _directory, _ends_s):
    """Read what the device and its driver say, idle and while it multiplies."""
    import torch

    from resnet_bench.machine.datasheets import data_sheet
    from resnet_bench.profilers.devices import collect, instruments

    identity = collect(scale.device).identity
    measures = instruments(scale.device)
    device = measures.device(scale.device)
    idle = measures.reading(device)
    matrix = torch.randn(scale.side, scale.side, device=device, dtype=torch.bfloat16)
    clock, states = measures.clock(device), []
    until_s = clock.now() + scale.busy_s
    with measures.session():  # opening a driver's library takes longer than the work lasts
        while clock.now() < until_s:
            clock.time(lambda: matrix @ matrix, 20, meanwhile=lambda: states.append(measures.reading(device)))
    rows = [{"moment": "idle", **summary([idle])}, {"moment": "under load", **summary(states)}]
    rows += [{"fact": name, "told": value} for name, value in _facts(identity)]
    told = [it for it in states if it.sm_clock_hz is not None and it.power_w is not None]
    sheet = data_sheet(identity)
    said = f"{identity.device_name}, driver {identity.driver}; {len(told)} of {len(states)} readings under load"
    said += f"; data sheet {sheet.product}" if sheet else "; no data sheet"
    return finding(Verdict.GOOD if told or scale is REHEARSAL else Verdict.LOOK, said, rows)


def steady(scale, _directory, ends_s):
    """Queue one case for long, and see from when on its images a second stay what they are."""
    loaded = load_case(scale, batch_size=scale.large_batch)
    moments, rates, states = queued(loaded, scale.queue_s, ends_s)
    series = zip(moments, rates, strict=True)
    rows = [{"second": f"{moment:.2f}", "images/s": f"{rate:.1f}"} for moment, rate in series]
    rows += [{"second": "all", **summary(states)}]
    never = steady_from(moments, rates) is None and scale is not REHEARSAL  # a host has no such state
    return finding(Verdict.LOOK if never else Verdict.GOOD, steadiness(moments, rates), rows)


def queued(loaded, seconds, ends_s):
    """Queue a case back to back; return when each short queue began, its images a second, and the states read."""
    workload, clock = loaded
    images = workload.case.batch_size
    moments, rates, states = [], [], []

    def read():
        states.append(workload.instruments.reading(workload.device))

    with workload.running(), workload.instruments.session():
        workload.iterate()  # allocation and autotuning
        count = max(1, round(READ_EVERY_S / clock.time(workload.iterate, 2).host_s * 2))
        began_s = clock.now()
        while (now := clock.now() - began_s) < seconds and time.monotonic() < ends_s:
            timing = clock.time(workload.iterate, count, meanwhile=read)
            moments.append(now)
            rates.append(count * images / (timing.device_s or timing.host_s))
    return moments, rates, states


def steadiness(moments, rates):
    """Say from when on images a second stay what they are, and how far a burst is from there."""
    steady_s = steady_from(moments, rates)
    sustained = statistics.median(rates[len(rates) * 3 // 4 :])
    burst = statistics.median([rate for moment, rate in zip(moments, rates, strict=True) if moment < 2 * READ_EVERY_S])
    when = "never within the time" if steady_s is None else f"from {steady_s:.1f} s on"
    return f"steady {when}; its first tenth of a second is {burst / sustained - 1:+.1%} off what it sustains"


def steady_from(moments, rates):
    """Return from which moment on each second's median rate is within 1 % of the last quarter's; None for never."""
    if not rates:
        return None
    wanted = statistics.median(rates[len(rates) * 3 // 4 :])
    found = None
    for start in moments:
        second = [rate for at, rate in zip(moments, rates, strict=True) if start <= at < start + LEAST_OVER_S]
        if abs(statistics.median(second) / wanted - 1) > STEADY:
            found = None
        elif found is None:
            found = start
    return found


def ceilings(scale, _directory, ends_s):
    """Measure the ceilings, then the same convolution and a copy in the caches fifty deep in the queue."""
    import torch
    from torch.nn import functional

    from resnet_bench.machine.devices import kind_of
    from resnet_bench.profilers.devices import instruments
    from resnet_bench.records import Precision
    from resnet_bench.runner.launchers.table import launcher
    from resnet_bench.wire.messages import CeilingsRequest

    budget_s = 0.1 if scale.rehearses else 1.0
    precisions = (Precision.BF16,) if scale is REHEARSAL else kind_of(scale.device).ceilings
    threads = 1 if scale is REHEARSAL else 0
    request = CeilingsRequest(
        device=scale.device, threads=threads, precisions=precisions, budget_s=budget_s, attempts=1
    )
    found = launcher().ask(request)
    measures = instruments(scale.device)
    device, clock = measures.device(scale.device), measures.clock(measures.device(scale.device))
    images, pixels = (2, 14) if scale is REHEARSAL else (32, 28)
    values = torch.randn(images, 128, pixels, pixels, device=device, dtype=torch.bfloat16)
    values = values.to(memory_format=torch.channels_last)
    weights = torch.randn(128, 128, 3, 3, device=device, dtype=torch.bfloat16).to(memory_format=torch.channels_last)
    source = torch.ones(8 * 2**20, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    flops = 2 * images * pixels**2 * 128 * 128 * 9
    queued = {
        "convolution, TFLOP/s": flops
        / _each_s(clock, lambda: functional.conv2d(values, weights, padding=1), ends_s)
        / 1e12,
        "copy that moves 16 MiB, GB/s": 2 * source.nbytes / _each_s(clock, lambda: target.copy_(source), ends_s) / 1e9,
    }
    rates = {rate.precision: rate for rate in found.rates}
    bf16 = rates.get(Precision.BF16)
    known = {
        "convolution, TFLOP/s": (bf16.convolution_flop_per_s or 0) / 1e12 if bf16 else 0.0,
        "copy that moves 16 MiB, GB/s": found.byte_per_s(2 * source.nbytes) / 1e9,
    }
    rows = [{"what": name, "ceiling": f"{known[name]:.2f}", "queued": f"{queued[name]:.2f}"} for name in queued]
    rows += [
        {"what": f"{rate.precision} product, TFLOP/s", "ceiling": f"{(rate.matmul_flop_per_s or 0) / 1e12:.2f}"}
        for rate in found.rates
    ]
    exceeded = [name for name in queued if queued[name] > 1.05 * known[name]]
    said = f"exceeded by queued work: {', '.join(exceeded)}" if exceeded else "queued work exceeds no ceiling"
    return finding(Verdict.LOOK if exceeded else Verdict.GOOD, said, rows)


def _facts(identity):
    import msgspec

    return [(name, str(value)) for name, value in msgspec.structs.asdict(identity).items() if value is not None]


def _each_s(clock, iterate, ends_s):
    """Return the seconds of one call among fifty that are queued at once, the best of a few."""
    clock.time(iterate, 50)
    best = math.inf
    for _ in range(5):
        timing = clock.time(iterate, 50)
        best = min(best, (timing.device_s or timing.host_s) / 50)
        if time.monotonic() > ends_s:
            break
    return best
