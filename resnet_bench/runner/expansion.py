"""From a suite to the cases of a run on this machine: batch sizes left to "auto" are searched for now."""

from pathlib import Path

from resnet_bench import units
from resnet_bench.config.suite_file import Suite
from resnet_bench.errors import Interrupted
from resnet_bench.records import BatchSearch, Case, Commit
from resnet_bench.runner import plan, search
from resnet_bench.runner.progress import tried
from resnet_bench.storage.trials import TrialLog
from resnet_bench.wire.messages import Probed


def expand(
    suite: Suite, probed: Probed, directory: Path, *, commit: Commit | None
) -> tuple[tuple[Case, ...], tuple[BatchSearch, ...]]:
    """Return the suite's cases on the device found, and the searches that gave the batch sizes of some.

    Raises:
        Interrupted: the user stopped a search; its trials are saved.
    """
    asked = suite.search
    parts = (probed.environment.id, commit and commit.revision, asked.memory_limit, asked.iteration_limit_s)
    log = TrialLog(directory, way=" ".join(map(str, (*parts, suite.protocol.transfer))))

    searches: dict[str, BatchSearch] = {}

    def searched(case: Case) -> tuple[int, ...]:
        if case.key not in searches:
            searches[case.key] = _search(suite, case, log)
        return searches[case.key].batch_sizes

    try:
        cases = plan.expand(suite, probed.device, searched=searched)
    except KeyboardInterrupt:
        if not log:
            raise
        raise Interrupted(
            f"interrupted; {len(log)} trials of the search are saved. Go on with the same command and -o {directory}"
        ) from None
    return cases, tuple(searches.values())


def _search(suite: Suite, case: Case, log: TrialLog) -> BatchSearch:
    limit, protocol = suite.search.memory_limit, suite.protocol
    if limit is not None:
        memory_bytes: int | None = units.parse_bytes(limit)
    else:
        memory_bytes = log.memory_limit_bytes(case) or search.default_memory_limit(case.device)
    limits = search.Limits(memory_bytes, suite.search.iteration_limit_s, protocol.time_limit_s, protocol.transfer)
    return search.search(case, plan.resolve_model(suite, case.model), limits, log=log, on_trial=tried)
