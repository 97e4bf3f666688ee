"""What a device can do at best. Imports torch."""

import datetime as dt
from collections.abc import Iterable

import torch

from resnet_bench.child.prepare import refuse_falsifying_variables
from resnet_bench.machine.environment import default_threads
from resnet_bench.profilers import ceilings as device_ceilings
from resnet_bench.profilers.contention import ContentionWatch
from resnet_bench.profilers.devices import collect, find, instruments
from resnet_bench.records import (
    Bandwidth,
    Ceilings,
    Contention,
    Rate,
)
from resnet_bench.wire.messages import CeilingsRequest


def ceilings(request: CeilingsRequest) -> Ceilings:
    """Measure a device's ceilings, again while the machine was disturbed; the best of all attempts counts.

    Raises:
        DeviceError: the device is not here.
        UsageError: a variable of the environment falsifies what is measured on it.
    """
    device = find(request.device)
    refuse_falsifying_variables(device)
    measures = instruments(device)
    target = measures.device(device)
    measures.make_current(target)
    torch.set_num_threads(request.threads or default_threads())
    clock = measures.clock(target)
    attempts: list[device_ceilings.Found] = []
    while True:
        before = measures.state(target)
        watch = ContentionWatch(device, threads=request.threads)
        attempts.append(device_ceilings.measure(target, measures, clock, request.precisions, budget_s=request.budget_s))
        contention: Contention = watch.finish(before, measures.state(target))
        if not contention.disturbances or len(attempts) >= request.attempts:
            break
    return Ceilings(
        environment=collect(device).id,
        device=device,
        threads=request.threads,
        measured_at=_now(),
        rates=tuple(_best_rate(rates) for rates in zip(*(each.rates for each in attempts), strict=True)),
        bandwidths=tuple(_best_copy(copies) for copies in zip(*(each.bandwidths for each in attempts), strict=True)),
        launch_s=min(each.launch_s for each in attempts),
        attempts=len(attempts),
        disturbances=contention.disturbances,
    )


def _best_rate(rates: tuple[Rate, ...]) -> Rate:
    return Rate(
        precision=rates[0].precision,
        matmul_flop_per_s=_best(rate.matmul_flop_per_s for rate in rates),
        convolution_flop_per_s=_best(rate.convolution_flop_per_s for rate in rates),
    )


def _best(rates: Iterable[float | None]) -> float | None:
    return max((rate for rate in rates if rate is not None), default=None)


def _best_copy(copies: tuple[Bandwidth, ...]) -> Bandwidth:
    return max(copies, key=lambda copy: copy.byte_per_s)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
