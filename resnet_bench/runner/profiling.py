"""The static profiles of a plan, made in processes that time nothing: our own architectures' in the probe's."""

from collections.abc import Iterator, Sequence
from typing import Any

from resnet_bench.config.suite_file import Suite
from resnet_bench.errors import ConfigError, IncompleteError, ModelError, UnknownModelError
from resnet_bench.machine.devices import kind_of, likely
from resnet_bench.records import Case
from resnet_bench.records.profiles import STATIC, profile_key
from resnet_bench.runner import plan as plans
from resnet_bench.runner import shards
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.plan import Plan
from resnet_bench.runner.progress import warn
from resnet_bench.specs import Spec
from resnet_bench.specs.updates import depends_on_update
from resnet_bench.wire.answers import Profiled
from resnet_bench.wire.messages import ProfileRequest, ProfileSubject


def subjects_of(plan: Plan) -> tuple[ProfileSubject, ...]:
    """Return whatever differs in what is counted of a plan's cases, once."""
    alike = {profile_key(case): case for case in reversed(plan.cases)}
    of = [alike[key] for key in dict.fromkeys(map(profile_key, plan.cases))]
    return tuple(_subject(plan.model(case), case) for case in of)


def _subject(model: Spec | str, case: Case) -> ProfileSubject:
    fields: dict[str, Any] = {name: getattr(case, name) for name in STATIC}
    kind = kind_of(case.device)
    return ProfileSubject(**fields | {"model": model, "update": kind.update, "on_host": not kind.accelerator})


def foreseen(suite: Suite, shard: tuple[int, int] | None) -> tuple[ProfileSubject, ...]:
    """Return what a suite, or its shard, will want profiled of our own architectures, before its device is known.

    Empty where a search has to find the batch sizes first, and without those whose memory depends on the device's
    kind. A wrong guess costs little: `profiles_of` makes the rest.

    Raises:
        ModelError: an unknown model, or an image size too small for it.
        DeviceError: certainly there is no such device.
    """
    if any(sweep.searched for sweep in suite.sweeps):
        return ()
    try:
        asked = plans.expand(suite, likely(suite.device))
        asked = asked if shard is None else shards.cut(asked, shard)[1]
    except ConfigError:  # true of the kind of device that was guessed; of the one that is found it is said
        return ()
    return tuple(
        subject
        for subject in subjects_of(asked)
        if isinstance(subject.model, Spec) and not depends_on_update(subject.optimizer)
    )


def profiles_of(plan: Plan, launcher: Launcher, made: Profiled) -> Profiled:
    """Profile what a plan measures, beyond what was `made`; a foreign model that cannot be profiled is a refusal."""
    subjects = subjects_of(plan)
    tried = {*map(profile_key, made.profiles), *(it.key for it in made.unsupported)}
    refused = {model for model, _ in made.refusals}
    lacking = [subject for subject in subjects if subject.key not in tried and subject.name not in refused]
    found = (made, *(_profiled(group, launcher) for group in _groups(lacking)))
    profiles = {profile_key(profile): profile for part in found for profile in part.profiles}
    wanted = tuple(profiles[subject.key] for subject in subjects if subject.key in profiles)
    refusals = tuple(dict.fromkeys(refusal for part in found for refusal in part.refusals))
    for why in dict.fromkeys(reason for _, reason in refusals):
        warn(f"no static profile: {why}")
    unsupported = tuple(dict.fromkeys(it for part in found for it in part.unsupported))
    return Profiled(profiles=wanted, refusals=refusals, unsupported=unsupported)


def _groups(subjects: Sequence[ProfileSubject]) -> Iterator[tuple[ProfileSubject, ...]]:
    """Yield what may share a process: all of our own architectures, and each foreign model for itself."""
    ours = tuple(subject for subject in subjects if isinstance(subject.model, Spec))
    if ours:
        yield ours
    for model in dict.fromkeys(subject.model for subject in subjects if isinstance(subject.model, str)):
        yield tuple(subject for subject in subjects if subject.model == model)


def _profiled(subjects: tuple[ProfileSubject, ...], launcher: Launcher) -> Profiled:
    try:
        return launcher.ask(ProfileRequest(subjects=subjects))
    except (IncompleteError, ModelError) as error:
        if isinstance(subjects[0].model, Spec) or isinstance(error, UnknownModelError):
            raise
        # A foreign model that brings its process down does so again when measured, and becomes a skip there.
        return Profiled(profiles=(), refusals=((subjects[0].name, f"'{subjects[0].name}': {error}"),))
