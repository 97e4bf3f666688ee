"""Static profiles as a run keeps them, fvcore's and torch's own counts beside ours. Imports torch."""

import contextlib
from typing import Any

import msgspec

from resnet_bench.errors import ResNetBenchError, UnknownModelError, UnsupportedError
from resnet_bench.profilers.complexity import static_profile, with_counters
from resnet_bench.profilers.counters import COUNTERS
from resnet_bench.profilers.subject import StaticSubject
from resnet_bench.records import Profile
from resnet_bench.specs.costs import iteration_work
from resnet_bench.wire.answers import Profiled, Unsupported
from resnet_bench.wire.messages import ProfileRequest, ProfileSubject


def profile(request: ProfileRequest) -> Profiled:
    """Profile each subject; one that cannot be profiled is a refusal with its reason.

    Raises:
        UnknownModelError: there is no such model.
    """
    profiles, refusals, unsupported = [], [], []
    for subject in request.subjects:
        try:
            profiles.append(slim(_counted(subject)))
        except UnknownModelError:
            raise
        except UnsupportedError as error:
            unsupported.append(Unsupported(key=subject.key, detail=str(error)))
        except ResNetBenchError as error:
            refusals.append((subject.name, str(error)))
    return Profiled(profiles=tuple(profiles), refusals=tuple(refusals), unsupported=tuple(unsupported))


def _counted(subject: ProfileSubject) -> Profile:
    """Profile a subject, with what other tools count where they can follow it."""
    asked: dict[str, Any] = dict(image_size=None if subject.input else subject.image_size, input=subject.input)
    found = static_profile(
        subject.model,
        mode=subject.mode,
        precision=subject.precision,
        batch_size=subject.batch_size,
        arguments=subject.arguments,
        optimizer=subject.optimizer,
        update=subject.update,
        **asked,
    )
    of = StaticSubject.of(subject.model, arguments=subject.arguments, **asked)
    for counter in COUNTERS:
        with contextlib.suppress(ResNetBenchError):
            found = with_counters(found, of.build, of.input, (counter,))
    return found


def slim(profile: Profile) -> Profile:
    """Keep of the layers what a roofline needs: the layers themselves would fill a run's header."""
    work = iteration_work(
        profile.layers,
        mode=profile.mode,
        precision=profile.precision,
        trainable_parameters=profile.trainable_parameters,
    )
    return msgspec.structs.replace(profile, layers=(), work=work)
