"""From a suite to the cases of a run on this machine: batch sizes left to "auto" are searched for now."""

from pathlib import Path

from resnet_bench import units
from resnet_bench.config.suite_file import Suite
from resnet_bench.errors import Interrupted
from resnet_bench.records import BatchSearch, Case, Commit
from resnet_bench.runner import plan, search
from resnet_bench.runner.choices import NOTHING_KNOWN, OwnFacts
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.plan import Plan
from resnet_bench.runner.progress import tried, warn
from resnet_bench.specs import Spec
from resnet_bench.storage.trials import TrialLog
from resnet_bench.wire.answers import Probed


def with_searches(
    suite: Suite,
    probed: Probed,
    directory: Path,
    *,
    own: OwnFacts = NOTHING_KNOWN,
    launcher: Launcher,
    commit: Commit | None,
    memory_bytes: int | None = None,
) -> tuple[Plan, tuple[BatchSearch, ...]]:
    """Return the suite's plan on the device found, and the searches that gave the batch sizes of some of its cases.

    `memory_bytes` is what the host has where it is another than this one: of that half may be used.

    Raises:
        Interrupted: the user stopped a search; its trials are saved.
    """
    asked = suite.search
    parts = (probed.environment.id, commit and commit.revision, asked.memory_limit, asked.iteration_limit_s)
    log = TrialLog(directory, way=" ".join(map(str, (*parts, suite.protocol.transfer))))
    for text in log.warnings:
        warn(text)

    searches: dict[Case, BatchSearch] = {}

    def searched(case: Case, model: Spec | str) -> tuple[int, ...]:
        if case not in searches:
            searches[case] = _search(suite, case, model, launcher, log, free_bytes=memory_bytes)
        return searches[case].batch_sizes

    try:
        found = plan.expand(suite, probed.device, own=own, searched=searched)
    except KeyboardInterrupt:
        if not log:
            raise
        raise Interrupted(
            f"interrupted; {len(log)} trials of the search are saved. Go on with the same command and -o {directory}"
        ) from None
    return found, tuple(searches.values())


def _search(
    suite: Suite, case: Case, model: Spec | str, launcher: Launcher, log: TrialLog, *, free_bytes: int | None
) -> BatchSearch:
    limit, protocol = suite.search.memory_limit, suite.protocol_on(case.device)
    if limit is not None:
        memory_bytes: int | None = units.parse_bytes(limit)
    else:
        memory_bytes = log.memory_limit_bytes(case) or search.default_memory_limit(case.device, free_bytes)
    limits = search.Limits(memory_bytes, suite.search.iteration_limit_s, protocol.time_limit_s, protocol.transfer)
    return search.search(case, model, limits, launcher=launcher, log=log, on_trial=tried)
