"""Ceilings and measured layers; whole networks follow the roofline, at a third of it."""

from collections.abc import Callable
from random import Random

from resnet_bench import specs
from resnet_bench.analysis.prediction.shapes import static_pieces
from resnet_bench.records import (
    Bandwidth,
    Case,
    Ceilings,
    LayerProfile,
    LayerTime,
    Mode,
    Part,
    Precision,
    Profile,
    Rate,
    Run,
    TimedBy,
    TimingProtocol,
)
from resnet_bench.records.layer_library import LayerShape
from resnet_bench.records.layer_times import BETWEEN
from resnet_bench.specs.arithmetic import peak_flop_per_s
from resnet_bench.specs.costs import first_weighted, iteration_cost, iteration_work, optimizer_cost
from tests.make.cases import CASE, change
from tests.make.launches import reference, samples
from tests.make.spec import HOSTILE
from tests.make.suites import suite_run

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


def ceilings(**changes) -> Ceilings:
    return change(CEILINGS, **changes)


def layer_time(name="conv", type="Conv2d", *, time_s=1.0, **changes) -> LayerTime:  # noqa: A002 - the field's name
    return LayerTime(**dict(name=name, type=type, part=Part.MODULE, forward_s=time_s) | changes)


def layer_profile(*layers: LayerTime, whole_s: float, case: Case = CASE, **changes) -> LayerProfile:
    fields = dict(
        environment="e1",
        started_at="2026-11-01T12:30:00+00:00",
        timed_by=TimedBy.HOST_CLOCK,
        iterations=8,
        whole_s=whole_s,
        instrumented_s=whole_s,
        overhead_s=0.0,
    )
    return LayerProfile(case=case, layers=layers, **fields | changes)


def roofline_layers(
    case: Case, ceilings: Ceilings = CEILINGS, *, first_name: str | None = None, noise: Random | None = None
) -> LayerProfile:
    """Return layers that take three times what their ceilings allow, 1 % of the whole outside of them."""
    static = _static(case)
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
        row = layer_time(
            first_name if first_name and index == 0 else layer.name,
            layer.type,
            time_s=least * (3 if case.mode is Mode.INFERENCE else 1),
            backward_s=None if case.mode is Mode.INFERENCE else 2 * least,
            part=Part.OPERATOR if layer.type == "Add" else Part.MODULE,
            call=calls[layer.name],
            input_shape=layer.input_shape,
            output_shape=layer.output_shape,
            macs=layer.macs,
            flops=cost.flops,
            moved_bytes=cost.moved_bytes,
        )
        rows.append(row)
    total = sum(row.time_s for row in rows)
    rows.append(layer_time("outside modules", "", time_s=total / 99, part=Part.OUTSIDE))
    whole_s = total * 100 / 99
    return layer_profile(
        *rows,
        case=case,
        iterations=40,
        whole_s=whole_s * 0.99,
        instrumented_s=whole_s * 1.002,
        overhead_s=whole_s * 0.002,
    )


def known_layers(
    case: Case,
    cost: Callable[[LayerShape], tuple[float, float]],
    *,
    spec: specs.Spec | None = None,
    between_s: float = 1e-6,
    update_s: float = 1e-9,
    level: float = 1.0,
    noise: Callable[[], float] = lambda: 1.0,
    **changes,
) -> LayerProfile:
    """Return the layers of a device on which each has a known cost, (forward, backward) in s.

    `between_s` passes before each layer, `update_s` for each parameter of a training step; `level` is of the whole
    process, `noise` of each layer.
    """
    training = case.mode is Mode.TRAINING
    static = _static(case, spec)
    rows = []
    for shape, members in static_pieces(static.layers):
        forward_s, backward_s = (seconds * level * noise() for seconds in cost(shape))
        costs = [iteration_cost(it, case.mode, case.precision, is_first=False) for it in members]
        rows.append(
            layer_time(
                members[0].name,
                shape.operator,
                time_s=forward_s,
                backward_s=backward_s if training else None,
                part=Part.OPERATOR if members[0].type == "Add" else Part.MODULE,
                input_shape=shape.input_shape,
                output_shape=shape.output_shape,
                macs=shape.macs,
                flops=sum(it.flops for it in costs) if all(costs) else None,
                moved_bytes=sum(it.moved_bytes for it in costs) if all(costs) else None,
            )
        )
    outside_s = between_s * level * len(rows)
    rows.append(layer_time(BETWEEN, "", time_s=outside_s, part=Part.OUTSIDE, backward_s=0.0 if training else None))
    if training:
        step = optimizer_cost(static.trainable_parameters, case.precision)
        seconds = update_s * level * static.trainable_parameters
        row = layer_time("optimizer step", "", time_s=0.0, part=Part.OUTSIDE, backward_s=0.0, optimizer_s=seconds)
        rows.append(change(row, flops=step.flops, moved_bytes=step.moved_bytes))
    return layer_profile(*rows, whole_s=sum(row.time_s for row in rows), case=case, **changes)


def as_measured(
    profile: LayerProfile,
    *,
    slower: float = 1.0,
    quickest: float = 1.0,
    pass_s: float | None = None,
    version: str = "cpu-1",
) -> LayerProfile:
    """Return a profile as a machine measures it whose iterations differ, while it is slower than nominal by a factor.

    Rows and whole are of the quickest iterations, which take `quickest` of the median; `pass_s` is what a pass of the
    reference takes at nominal speed, None for none.
    """
    median_s = profile.whole_s * slower
    share = quickest * slower
    rows = tuple(
        change(
            row,
            forward_s=row.forward_s * share,
            backward_s=None if row.backward_s is None else row.backward_s * share,
            optimizer_s=None if row.optimizer_s is None else row.optimizer_s * share,
        )
        for row in profile.layers
    )
    iterations = [median_s * quickest] * 3 + [median_s] * 6 + [median_s * 1.3] * 3
    taken = samples(
        TimingProtocol.ISOLATED,
        iterations,
        reference=None if pass_s is None else reference(pass_s * slower, len(iterations), version=version),
    )
    return change(profile, layers=rows, whole_s=median_s * quickest, samples=taken)


def dissected(run: Run | None = None, *, ceilings: Ceilings = CEILINGS, models: int = 2) -> Run:
    """Return a run whose profiles have their work, with ceilings, and with the layers of its first models."""
    run = run or suite_run(models=("resnet18", "resnet50"), launches=6)
    profiles = tuple(_with_work(profile) for profile in run.header.profiles)
    by_key = {(it.model, it.mode, it.batch_size): it for it in profiles}
    measurements = tuple(
        change(it, profile=by_key[it.case.model, it.case.mode, it.case.batch_size]) for it in run.measurements
    )
    largest = {it.case.model: it.case for it in run.measurements if it.case.model in specs.names()}
    layers = tuple(roofline_layers(case, ceilings) for case in list(largest.values())[:models])
    header = change(run.header, profiles=profiles, ceilings=(ceilings,))
    return change(run, header=header, measurements=measurements, layers=layers)


def hostile_layers() -> Run:
    """Return a dissected run with a layer whose name is markup."""
    run = dissected(models=1)
    (known,) = run.layers
    return change(run, layers=(roofline_layers(known.case, first_name=HOSTILE),))


def _with_work(profile: Profile) -> Profile:
    if profile.model not in specs.names():
        return profile
    static = _static(profile)
    work = iteration_work(
        static.layers,
        mode=profile.mode,
        precision=profile.precision,
        trainable_parameters=static.trainable_parameters,
    )
    return change(profile, work=work)


def _static(of: Case | Profile, spec: specs.Spec | None = None) -> Profile:
    return specs.profile(
        spec or specs.find(of.model),
        mode=of.mode,
        precision=of.precision,
        batch_size=of.batch_size,
        image_size=of.image_size,
    )
