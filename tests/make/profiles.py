"""Static profiles."""

from resnet_bench.records import Profile
from tests.make.cases import CASE


def profile(of=CASE, *, parameters=1000, macs=5000, **changes):
    fields = dict(
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
    return Profile(**fields | changes)
