"""The static profiles of a plan, made in processes that time nothing."""

from collections.abc import Iterator, Sequence

from resnet_bench.errors import IncompleteError
from resnet_bench.records import Profile
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.plan import Plan
from resnet_bench.runner.progress import warn
from resnet_bench.specs import Spec
from resnet_bench.wire.messages import ProfileRequest, ProfileSubject


def subjects_of(plan: Plan) -> tuple[ProfileSubject, ...]:
    """Return every model, size, mode, precision and batch size of a plan once."""
    cases = plan.cases
    keys = dict.fromkeys((case.model, case.mode, case.precision, case.batch_size, case.image_size) for case in cases)
    return tuple(
        ProfileSubject(
            model=plan.models[model], mode=mode, precision=precision, batch_size=batch_size, image_size=image_size
        )
        for model, mode, precision, batch_size, image_size in keys
    )


def profiles_of(plan: Plan, launcher: Launcher) -> tuple[Profile, ...]:
    """Profile what a plan measures; a foreign model that cannot be profiled is said and left out."""
    return tuple(profile for group in _groups(subjects_of(plan)) for profile in _profiled(group, launcher))


def _groups(subjects: Sequence[ProfileSubject]) -> Iterator[tuple[ProfileSubject, ...]]:
    """Yield what may share a process: all of our own architectures, and each foreign model for itself."""
    ours = tuple(subject for subject in subjects if isinstance(subject.model, Spec))
    if ours:
        yield ours
    for model in dict.fromkeys(subject.model for subject in subjects if isinstance(subject.model, str)):
        yield tuple(subject for subject in subjects if subject.model == model)


def _profiled(subjects: tuple[ProfileSubject, ...], launcher: Launcher) -> tuple[Profile, ...]:
    try:
        found = launcher.ask(ProfileRequest(subjects=subjects))
    except IncompleteError:
        if isinstance(subjects[0].model, Spec):
            raise
        # A foreign model that brings its process down does so again when measured, and becomes a skip there.
        return ()
    for why in dict.fromkeys(reason for _, reason in found.refusals):
        warn(f"no static profile: {why}")
    return found.profiles
