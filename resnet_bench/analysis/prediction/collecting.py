"""A measured profile as a source of the layer library: its rows by distinct layer, and what lies outside of layers."""

from resnet_bench.analysis.prediction.shapes import is_layer, timed_pieces
from resnet_bench.records import Ceilings, Environment, LayerProfile, Mode, Part
from resnet_bench.records.layer_library import LayerLibrary, LayerObservation, LayerShape, LayerSource, LayerWay
from resnet_bench.records.layer_times import WAITING, LayerTime
from resnet_bench.specs.costs import updated_parameters

# Of one network at one batch size: older ones make room, for a machine changes.
KEPT_OF_ONE = 5


def can_teach(profile: LayerProfile) -> bool:
    """Say whether a profile's layers can stand in another network: none of them was fused with its neighbours."""
    return all(layer.part is not Part.FUSED for layer in profile.layers)


def source_of(profile: LayerProfile) -> LayerSource:
    """Return what a profile whose layers are apart tells of them."""
    training = profile.case.mode is Mode.TRAINING
    rows: dict[LayerShape, list[LayerTime]] = {}
    for shape, time in timed_pieces(profile.layers):
        rows.setdefault(shape, []).append(time)
    outside = [it for it in profile.layers if not is_layer(it) and it.name != WAITING]
    steps = [it for it in outside if it.optimizer_s is not None]
    return LayerSource(
        model=profile.case.model,
        batch_size=profile.case.batch_size,
        measured_at=profile.started_at,
        timed_by=profile.timed_by,
        whole_s=profile.whole_s,
        outside_s=sum(it.forward_s for it in outside),
        outside_backward_s=sum(it.backward_s or 0.0 for it in outside),
        outside_launch_s=sum(it.launch_s or 0.0 for it in outside),
        optimizer_s=sum(it.optimizer_s or 0.0 for it in steps) if steps else None,
        parameters=sum(updated_parameters(it.flops or 0) for it in steps),
        disturbances=profile.disturbances,
        samples=profile.samples,
        layers=tuple(_observation(shape, times, training=training) for shape, times in rows.items()),
    )


def _observation(shape: LayerShape, times: list[LayerTime], *, training: bool) -> LayerObservation:
    launches = [it.launch_s for it in times if it.launch_s is not None]
    return LayerObservation(
        shape=shape,
        forward_s=tuple(it.forward_s for it in times),
        backward_s=tuple(it.backward_s or 0.0 for it in times) if training else (),
        launch_s=tuple(launches) if len(launches) == len(times) else (),
        flops=times[0].flops,
        moved_bytes=times[0].moved_bytes,
    )


def with_profile(
    library: LayerLibrary | None, profile: LayerProfile, environment: Environment, ceilings: Ceilings | None = None
) -> LayerLibrary:
    """Return a library with one more source, or one that begins with it.

    Args:
        library: of the same machine and way, None where there is none yet.
        profile: whose layers are apart.
        environment: that it was measured in.
        ceilings: of its machine, None where they are not known or the library has them.
    """
    source = source_of(profile)
    before = () if library is None else library.sources
    alike = [it for it in before if it != source and (it.model, it.batch_size) == (source.model, source.batch_size)]
    dropped = alike[: max(0, len(alike) + 1 - KEPT_OF_ONE)]
    return LayerLibrary(
        identity=environment.identity,
        environment=environment.id,
        way=LayerWay.of(profile.case),
        sources=(*(it for it in before if it not in (*dropped, source)), source),
        ceilings=ceilings or (library.ceilings if library else None),
    )
