"""Runs with ceilings and measured layers, made up from closed forms: times follow the roofline, at a third of it."""

from random import Random

import msgspec

from resnet_bench import specs
from resnet_bench.records import (
    Bandwidth,
    Case,
    Ceilings,
    LayerProfile,
    LayerTime,
    Mode,
    Part,
    Precision,
    Rate,
    Run,
    TimedBy,
)
from resnet_bench.specs.arithmetic import peak_flop_per_s
from resnet_bench.specs.costs import first_weighted, iteration_cost, iteration_work
from tests.runs import HOSTILE, Spec, make_run

CEILINGS = Ceilings(
    environment="e1",
    device="cpu",
    threads=2,
    measured_at="2026-11-01T11:59:00+00:00",
    rates=(Rate(precision=Precision.FP32, matmul_flop_per_s=1.6e11, convolution_flop_per_s=1.4e11),),
    bandwidths=(
        Bandwidth(moved_bytes=2**20, byte_per_s=9e10),
        Bandwidth(moved_bytes=2**28, byte_per_s=1.5e10),
    ),
    launch_s=3e-6,
)


def dissected(run: Run | None = None, *, ceilings: Ceilings = CEILINGS, models: int = 2) -> Run:
    """Return a run whose profiles have their work, with ceilings, and with the layers of its first models."""
    run = run or make_run(Spec(models=("resnet18", "resnet50"), launches=6))
    profiles = tuple(_with_work(profile) for profile in run.header.profiles)
    header = msgspec.structs.replace(run.header, profiles=profiles, ceilings=(ceilings,))
    by_key = {(it.model, it.mode, it.batch_size): it for it in profiles}
    measurements = tuple(
        msgspec.structs.replace(it, profile=by_key[it.case.model, it.case.mode, it.case.batch_size])
        for it in run.measurements
    )
    largest = {it.case.model: it.case for it in run.measurements if it.case.model in specs.names()}
    layers = tuple(layer_profile(case, ceilings) for case in list(largest.values())[:models])
    return msgspec.structs.replace(run, header=header, measurements=measurements, layers=layers)


def layer_profile(
    case: Case, ceilings: Ceilings = CEILINGS, *, first_name: str | None = None, noise: Random | None = None
) -> LayerProfile:
    """Return layers that take three times what their ceilings allow, 1 % of the whole outside of them."""
    static = specs.profile(
        specs.find(case.model),
        mode=case.mode,
        precision=case.precision,
        batch_size=case.batch_size,
        image_size=case.image_size,
    )
    first, calls, rows = first_weighted(static.layers), {}, []
    for index, layer in enumerate(static.layers):
        cost = iteration_cost(layer, case.mode, case.precision, is_first=index == first)
        least = max(
            cost.flops / peak_flop_per_s(ceilings, case.precision),
            cost.moved_bytes / ceilings.byte_per_s(cost.moved_bytes // 2),
            ceilings.launch_s,
        )
        least *= noise.uniform(0.5, 2) if noise else 1
        calls[layer.name] = calls.get(layer.name, 0) + 1
        rows.append(
            LayerTime(
                name=first_name if first_name and index == 0 else layer.name,
                type=layer.type,
                part=Part.OPERATOR if layer.type == "Add" else Part.MODULE,
                call=calls[layer.name],
                input_shape=layer.input_shape,
                output_shape=layer.output_shape,
                forward_s=least * (3 if case.mode is Mode.INFERENCE else 1),
                backward_s=None if case.mode is Mode.INFERENCE else 2 * least,
                macs=layer.macs,
                flops=cost.flops,
                moved_bytes=cost.moved_bytes,
            )
        )
    total = sum(row.time_s for row in rows)
    rows.append(LayerTime(name="outside modules", type="", part=Part.OUTSIDE, forward_s=total / 99))
    whole_s = total * 100 / 99
    return LayerProfile(
        case=case,
        environment="e1",
        started_at="2026-11-01T12:30:00+00:00",
        timed_by=TimedBy.HOST_CLOCK,
        iterations=40,
        whole_s=whole_s * 0.99,
        instrumented_s=whole_s * 1.002,
        overhead_s=whole_s * 0.002,
        layers=tuple(rows),
    )


def hostile() -> Run:
    """Return a dissected run with a layer whose name is markup."""
    run = dissected(models=1)
    (known,) = run.layers
    return msgspec.structs.replace(run, layers=(layer_profile(known.case, first_name=HOSTILE),))


def _with_work(profile):
    if profile.model not in specs.names():
        return profile
    static = specs.profile(
        specs.find(profile.model),
        mode=profile.mode,
        precision=profile.precision,
        batch_size=profile.batch_size,
        image_size=profile.image_size,
    )
    work = iteration_work(
        static.layers,
        mode=profile.mode,
        precision=profile.precision,
        trainable_parameters=static.trainable_parameters,
    )
    return msgspec.structs.replace(profile, work=work)
