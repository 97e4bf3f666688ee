"""One launch of a case of several ranks: torchrun's agent starts them, and this process waits, and gives up in time.

Never torch. One rank that fails ends all of them, and is the launch's skip; its reason names the rank.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence

import msgspec

from resnet_bench import scratch
from resnet_bench.child.began import BEGAN_AT, BEGAN_S
from resnet_bench.child.joined import in_all
from resnet_bench.child.rank_files import RankAnswer, RankFailed, RankFolder, RankRequest
from resnet_bench.child.together import cores_for, deadline_s, death, skip_of
from resnet_bench.machine import memory_kills
from resnet_bench.machine.cores import share_a_core
from resnet_bench.records import Launch, Rank, Skip, SkipReason, remarks
from resnet_bench.wire.messages import Failed, MeasureRequest

_AGENT = "resnet_bench.child.agent"
# Ranks of one machine speak through its own address, whatever its name is.
_INTERFACE = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}


def measure(request: MeasureRequest) -> Launch | Skip:
    """Measure one launch.

    Raises:
        UnsupportedError: there are too few cores, or the case is none of ranks.
        ResNetBenchError: as a rank raised it.
    """
    case, kills_before = request.case, memory_kills.count()
    given = cores_for(case)
    with scratch.folder("ranks") as made:
        folder = RankFolder(made)
        folder.write_request(RankRequest(launch=request, cores=given))
        ended = _status_of_agent(folder, len(given), deadline_s(request))
        if ended is None:
            why = remarks.not_finished(request.limit_s)
            return skip_of(request, SkipReason.TIMEOUT, remarks.of_ranks(behind(folder, len(given)), len(given), why))
        answers = [folder.answer(rank) for rank in range(len(given))]
        statuses = folder.statuses()
    launches = [it for it in answers if isinstance(it, Launch)]
    if len(launches) == len(given):
        return _joined(launches, given)
    of_agent = (SkipReason.CRASHED, f"torchrun's agent: {remarks.ended(ended)}")
    return skip_of(request, *(failure(answers, statuses, kills_before) or of_agent))


def _status_of_agent(folder: RankFolder, ranks: int, deadline: float) -> int | None:
    """Let the agent start the ranks, and return how it ended; None where it had to be: the guardian ends ranks."""
    command = [sys.executable, "-P", "-m", _AGENT, str(folder.path), str(ranks)]
    variables = {**_INTERFACE, **os.environ}
    agent = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2, env=variables)
    try:
        return agent.wait(max(0.0, deadline - time.perf_counter()))
    except subprocess.TimeoutExpired:
        return None
    finally:
        agent.kill()
        agent.wait()


def behind(folder: RankFolder, ranks: int) -> list[int]:
    """Return the ranks without an answer that stand still further back than the others; all where none does."""
    pulses = {rank: folder.pulse(rank) for rank in range(ranks) if folder.answer(rank) is None}
    last = min(pulses.values(), default=0)
    return [rank for rank, pulse in pulses.items() if pulse == last]


def _joined(launches: Sequence[Launch], given: Sequence[tuple[int, ...]]) -> Launch:
    """Return rank 0's launch with what is of all: times are the same on each of them."""
    first = launches[0]
    said = [text for it in launches for text in it.warnings]
    said += [remarks.shared_cores(len(launches))] if share_a_core(given) else []
    return msgspec.structs.replace(
        first,
        started_at=BEGAN_AT,
        duration_s=time.perf_counter() - BEGAN_S,
        memory=in_all([it.memory for it in launches]),
        warnings=tuple(dict.fromkeys(said)),
        ranks=tuple(Rank(cores=own, memory=it.memory) for it, own in zip(launches, given, strict=True)),
    )


def failure(
    answers: Sequence[RankAnswer | None], statuses: dict[int, int], kills_before: int
) -> tuple[SkipReason, str] | None:
    """Return why there is no launch, by the rank that failed first: others only lost it, or were ended with it.

    Raises:
        ResNetBenchError: as a rank raised it.
    """
    ranks = len(answers)
    for answer in answers:
        if isinstance(answer, Failed):
            raise answer.exception()
    for rank, answer in enumerate(answers):
        if isinstance(answer, RankFailed) and not answer.of_others:
            return answer.skip.reason, remarks.of_ranks([rank], ranks, answer.skip.detail)
    for rank, status in sorted(statuses.items()):
        if answers[rank] is None:
            reason, why = death(status, kills_before)
            return reason, remarks.of_ranks([rank], ranks, why)
    for rank, answer in enumerate(answers):
        if isinstance(answer, RankFailed):
            return SkipReason.CRASHED, remarks.of_ranks([rank], ranks, answer.skip.detail)
    return None
