"""Static profiles as a run keeps them, fvcore's and torch's own counts beside ours. Imports torch."""

import contextlib
from functools import partial
from typing import Any

import msgspec

from resnet_bench.errors import ResNetBenchError, UnknownModelError, UnsupportedError, UntracedError
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
    """Profile a subject, by running it once where it runs on the host and no other way goes.

    Raises:
        ModelError: it cannot be traced; of one that could be run, why it could not be traced.
    """
    try:
        return _profiled(subject, by_running=False)
    except UntracedError:
        if subject.on_host:
            with contextlib.suppress(ResNetBenchError):
                return _profiled(subject, by_running=True)
        raise


def _profiled(subject: ProfileSubject, *, by_running: bool) -> Profile:
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
        by_running=by_running,
        **asked,
    )
    of = StaticSubject.of(subject.model, arguments=subject.arguments, **asked)
    for counter in COUNTERS:
        with contextlib.suppress(ResNetBenchError):
            build = partial(of.build, with_data=by_running)
            found = with_counters(found, build, of.input, (counter,), by_running=by_running)
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
