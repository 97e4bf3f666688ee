"""A sweep: probe the machine, profile the models, then launch after launch, each saved the moment it ends."""

import datetime as dt
import secrets
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from resnet_bench.config.suite_file import Suite
from resnet_bench.errors import IncompleteError, Interrupted, ResNetBenchError, StoreError
from resnet_bench.git.commit import current_commit
from resnet_bench.records import (
    Case,
    Ceilings,
    Commit,
    Environment,
    Header,
    Launch,
    LayerProfile,
    LayerScope,
    Profile,
    Protocol,
    Run,
    Skip,
    SkipReason,
)
from resnet_bench.runner import ceilings, plan, shards
from resnet_bench.runner.expansion import expand
from resnet_bench.runner.interruption import stoppable
from resnet_bench.runner.launchers import local
from resnet_bench.runner.plan import Slot
from resnet_bench.runner.progress import Reporter, reporter
from resnet_bench.specs import Spec
from resnet_bench.storage import run_directory
from resnet_bench.wire.messages import LayersRequest, MeasureRequest, ProfileRequest, ProfileSubject

# A later launch of the same case would end the same way.
FINAL = frozenset({SkipReason.OUT_OF_MEMORY, SkipReason.UNSUPPORTED, SkipReason.TIMEOUT})
_QUICK = "quick"
LAYERS_BUDGET_S = 4.0
# Results; --resume measures the other skips again.
SETTLED = frozenset({SkipReason.OUT_OF_MEMORY, SkipReason.UNSUPPORTED})


def new_run_id() -> str:
    """Return a name for a run that sorts by time and that no other run has."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def start(
    suite: Suite,
    directory: Path,
    *,
    seed: int = 0,
    shard: tuple[int, int] | None = None,
    layers: LayerScope = LayerScope.NONE,
) -> None:
    """Measure every case of the suite, or of its shard (the second of four: (2, 4)), into a new run directory.

    The layers of those in `layers` are timed after that.

    Raises:
        DeviceError, ModelError, ConfigError: the suite does not fit this machine or its models.
        StoreError: the directory cannot be written or holds a run already.
        Interrupted: the user stopped it; what is finished is saved.
    """
    with run_directory.locked(directory), stoppable():
        if (directory / run_directory.HEADER_NAME).exists():
            raise StoreError(
                f"{directory} already holds a run; resume it with --resume {directory}, or choose another folder."
            )
        probed = local.probe(suite.device)
        commit = current_commit()
        cases, searches = expand(suite, probed, directory, commit=commit)
        part, cases = (None, cases) if shard is None else shards.cut(suite, cases, shard)
        header = Header(
            id=new_run_id(),
            created_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            preset=suite.preset,
            protocol=suite.protocol,
            seed=seed,
            commit=commit,
            environments=(probed.environment,),
            cases=cases,
            models=tuple(msgspec.to_builtins(spec) for spec in suite.models),
            profiles=_profiles(suite, cases),
            shards=() if part is None else (part,),
            ceilings=_ceilings(suite.preset, probed.environment, cases),
            layers=layers,
            searches=searches,
        )
        run_directory.create(directory, header)
        slots = plan.schedule(cases, suite.protocol.launches, seed=seed)
        _measure_all(directory, header, slots)
        _time_layers(directory, header)


def resume(directory: Path) -> None:
    """Measure what a run directory still lacks.

    Raises:
        StoreError: no such run, or it was measured on another machine or of another commit.
        Interrupted: the user stopped it again.
    """
    header = run_directory.load(directory).header
    if len(header.environments) > 1:
        raise StoreError(
            f"{directory} joins runs of {len(header.environments)} machines; resume each of them on its own machine "
            "and merge them again."
        )
    with run_directory.locked(directory), stoppable():
        device = header.cases[0].device
        present = local.probe(device).environment
        if present.id not in {known.id for known in header.environments}:
            raise StoreError(f"{directory} was measured elsewhere: {_differences(header, present.identity)}.")
        entries = run_directory.load_entries(directory)
        run_directory.cut_half_written_line(directory)
        slots = unfinished(plan.schedule(header.cases, header.protocol.launches, seed=header.seed), entries)
        if slots:
            _refuse_other_commit(directory, header.commit, current_commit())
        _measure_all(directory, header, slots)
        _time_layers(directory, header)


def _refuse_other_commit(directory: Path, then: Commit | None, now: Commit | None) -> None:
    """Refuse to measure another revision under the name of the run's own."""
    if then is not None and now is not None and then.revision != now.revision:
        raise StoreError(
            f"{directory} measured commit {then.revision[:12]}, and checked out is {now.revision[:12]}; a run is of "
            "one commit: check that one out, or start a new run."
        )


def unfinished(slots: Sequence[Slot], entries: Sequence[Launch | Skip]) -> tuple[Slot, ...]:
    """Return the launches that are neither measured nor settled by a skip that is a result, in their order."""
    measured = {(entry.case.key, entry.index) for entry in entries if isinstance(entry, Launch)}
    settled = {entry.case.key for entry in entries if isinstance(entry, Skip) and entry.reason in SETTLED}
    return tuple(slot for slot in slots if (slot.case.key, slot.index) not in measured and slot.case.key not in settled)


def _measure_all(directory: Path, header: Header, slots: Sequence[Slot]) -> None:
    models = _models(header)
    queue = deque((slot, 0) for slot in slots)
    given_up: set[str] = set()
    clock = _Estimate(header.protocol, models)
    with reporter(cases=len({slot.case.key for slot in slots}), launches=len(slots)) as report:
        while queue:
            slot, attempt = queue.popleft()
            if slot.case.key in given_up:
                continue
            report.started(slot.case, remaining_s=clock.remaining_s([slot, *(waiting for waiting, _ in queue)]))
            request = MeasureRequest(
                case=slot.case,
                index=slot.index,
                attempt=attempt,
                model=models[slot.case.model],
                protocol=header.protocol,
            )
            entry = _measure(directory, request, report)
            if isinstance(entry, Skip) and entry.reason in FINAL:
                given_up.add(slot.case.key)
            if isinstance(entry, Launch):
                clock.learn(entry)
                if entry.contention.disturbances and attempt < header.protocol.repeats:
                    queue.append((slot, attempt + 1))
            is_done = slot.case.key in given_up or all(waiting.case != slot.case for waiting, _ in queue)
            report.ended(entry, case_is_done=is_done)


def _measure(directory: Path, request: MeasureRequest, report: Reporter) -> Launch | Skip:
    try:
        entry = local.measure(request)
    except KeyboardInterrupt:
        stopped = Skip(
            case=request.case, index=request.index, reason=SkipReason.INTERRUPTED, detail="stopped by the user"
        )
        run_directory.append(directory, stopped)
        report.say("stopping")
        raise Interrupted(
            f"interrupted; everything finished is saved. Go on with: resnet-bench run --resume {directory}"
        ) from None
    try:
        run_directory.append(directory, entry)
    except StoreError as error:
        raise StoreError(
            f"{error} The launch under way is lost, everything before it is saved. "
            f"Make room, then go on with: resnet-bench run --resume {directory}"
        ) from error
    return entry


def _ceilings(preset: str, present: Environment, cases: Sequence[Case]) -> tuple[Ceilings, ...]:
    """Look the ceilings up or measure them; a run without them is as good, but says nothing of headroom."""
    quick = preset == _QUICK
    found = []
    for threads in dict.fromkeys(case.threads for case in cases):
        try:
            found.append(
                ceilings.known_or_measured(
                    present,
                    device=cases[0].device,
                    threads=threads,
                    precisions=[case.precision for case in cases if case.threads == threads],
                    warn=_warn,
                    budget_s=ceilings.QUICK_BUDGET_S if quick else ceilings.BUDGET_S,
                    attempts=1 if quick else ceilings.ATTEMPTS,
                )
            )
        except ResNetBenchError as error:
            _warn(f"no ceilings, so no headroom in this report: {error}")
    return tuple(found)


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr, flush=True)


def _time_layers(directory: Path, header: Header) -> None:
    """Time the layers of each model and variant at the largest batch that was measured, unless they are saved."""
    if header.layers is LayerScope.NONE:
        return
    models = _models(header)
    timed = {entry.case.key for entry in run_directory.load_layers(directory)[0] if isinstance(entry, LayerProfile)}
    cases = [case for case in _largest_batches(run_directory.load(directory)) if case.key not in timed]
    for number, case in enumerate(cases, start=1):
        print(f"[{number}/{len(cases)}] layers of {case.label}", file=sys.stderr, flush=True)
        request = LayersRequest(case=case, model=models[case.model], protocol=header.protocol, budget_s=LAYERS_BUDGET_S)
        try:
            run_directory.append_layers(directory, local.layers(request))
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted; everything finished is saved. Go on with: resnet-bench run --resume {directory}"
            ) from None


def _largest_batches(run: Run) -> list[Case]:
    """Return, of cases that differ by their batch size alone, the measured one with the largest."""
    largest: dict[Case, Case] = {}
    for measurement in run.measurements:
        case = measurement.case
        variant = msgspec.structs.replace(case, batch_size=1)
        known = largest.get(variant)
        if known is None or case.batch_size > known.batch_size:
            largest[variant] = case
    return list(largest.values())


def _profiles(suite: Suite, cases: Sequence[Case]) -> tuple[Profile, ...]:
    """Profile every model, size, mode and batch size once, in a process that times nothing."""
    keys = dict.fromkeys((case.model, case.mode, case.precision, case.batch_size, case.image_size) for case in cases)
    subjects = tuple(
        ProfileSubject(
            model=plan.resolve_model(suite, model),
            mode=mode,
            precision=precision,
            batch_size=batch_size,
            image_size=image_size,
        )
        for model, mode, precision, batch_size, image_size in keys
    )
    return tuple(profile for group in _groups(subjects) for profile in _profile_group(group))


def _groups(subjects: Sequence[ProfileSubject]) -> Iterator[tuple[ProfileSubject, ...]]:
    """Yield what may share a process: all of our own architectures, and each foreign model for itself."""
    ours = tuple(subject for subject in subjects if isinstance(subject.model, Spec))
    if ours:
        yield ours
    for model in dict.fromkeys(subject.model for subject in subjects if isinstance(subject.model, str)):
        yield tuple(subject for subject in subjects if subject.model == model)


def _profile_group(subjects: tuple[ProfileSubject, ...]) -> tuple[Profile, ...]:
    try:
        return local.profile(ProfileRequest(subjects=subjects)).profiles
    except IncompleteError:
        if isinstance(subjects[0].model, Spec):
            raise
        # A foreign model that brings its process down does so again when measured, and becomes a skip there.
        return ()


def _models(header: Header) -> dict[str, Spec | str]:
    own = tuple(msgspec.convert(table, Spec) for table in header.models)
    suite = Suite(preset=header.preset, device="auto", protocol=header.protocol, sweeps=(), models=own)
    return {case.model: plan.resolve_model(suite, case.model) for case in header.cases}


def _differences(header: Header, present: msgspec.Struct) -> str:
    then, now = (msgspec.to_builtins(side) for side in (header.environments[0].identity, present))
    changed = [f"{field} was {then[field]}, is {now[field]}" for field in then if then[field] != now[field]]
    return "; ".join(changed)


class _Estimate:
    """The time left: what each case's launches took so far, and the plan's guess, scaled, for the others."""

    def __init__(self, protocol: Protocol, models: dict[str, Spec | str]) -> None:
        self._protocol = protocol
        self._models = models
        self._took: dict[str, float] = {}
        self._guessed_s = self._needed_s = 0.0

    def learn(self, entry: Launch) -> None:
        """Take in what a launch took."""
        self._took[entry.case.key] = entry.duration_s
        self._guessed_s += self._guess_s(entry.case)
        self._needed_s += entry.duration_s

    def remaining_s(self, slots: Sequence[Slot]) -> float:
        """Return about how long the given launches will take."""
        scale = self._needed_s / self._guessed_s if self._guessed_s else 1.0
        return sum(self._took.get(slot.case.key) or scale * self._guess_s(slot.case) for slot in slots)

    def _guess_s(self, case: Case) -> float:
        return plan.estimate_s(case, self._models[case.model], self._protocol)
