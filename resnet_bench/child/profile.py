"""Static profiles as a run keeps them, fvcore's and torch's own counts beside ours. Imports torch."""

import msgspec

from resnet_bench.errors import ResNetBenchError, UnknownModelError
from resnet_bench.profilers.complexity import static_profile
from resnet_bench.records import Profile
from resnet_bench.specs.costs import iteration_work
from resnet_bench.wire.messages import Profiled, ProfileRequest


def profile(request: ProfileRequest) -> Profiled:
    """Profile each subject; one that cannot be profiled is a refusal with its reason.

    Raises:
        UnknownModelError: there is no such model.
    """
    profiles, refusals = [], []
    for subject in request.subjects:
        try:
            found = static_profile(
                subject.model,
                mode=subject.mode,
                precision=subject.precision,
                batch_size=subject.batch_size,
                image_size=subject.image_size,
                counters=("fvcore", "torch"),
            )
            profiles.append(slim(found))
        except UnknownModelError:
            raise
        except ResNetBenchError as error:
            refusals.append((subject.name, str(error)))
    return Profiled(profiles=tuple(profiles), refusals=tuple(refusals))


def slim(profile: Profile) -> Profile:
    """Keep of the layers what a roofline needs: the layers themselves would fill a run's header."""
    work = iteration_work(
        profile.layers,
        mode=profile.mode,
        precision=profile.precision,
        trainable_parameters=profile.trainable_parameters,
    )
    return msgspec.structs.replace(profile, layers=(), work=work)
