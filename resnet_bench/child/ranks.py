"""One launch of a case of several ranks: torchrun's agent starts them, and this process waits, and gives up in time.

Never torch. One rank that fails ends all of them, and is the launch's skip; its reason names the rank.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import cycle

import msgspec

from resnet_bench import scratch
from resnet_bench.child import idle
from resnet_bench.child.began import BEGAN_AT, BEGAN_S
from resnet_bench.child.rank_files import RankAnswer, RankFailed, RankFolder, RankRequest
from resnet_bench.child.together import ENDING_S, LateError, cores_for, deadline_s, death, in_all, skip_of, warnings_of
from resnet_bench.errors import UnsupportedError
from resnet_bench.machine import memory_kills
from resnet_bench.records import Case, Launch, Protocol, Rank, Skip, SkipReason, remarks
from resnet_bench.wire.answers import Failed
from resnet_bench.wire.messages import MeasureRequest

_AGENT = "resnet_bench.child.agent"
# srun(1): beside whatever else the job runs, bound to no cores by Slurm, and ended where one node's agent fails.
_STEP = ("--overlap", "--cpu-bind=none", "--kill-on-bad-exit=1", "--immediate=60")
# Ranks of one machine speak through its own address, whatever its name is.
_INTERFACE = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}


def measure(request: MeasureRequest) -> Launch | Skip:
    """Measure one launch.

    Raises:
        UnsupportedError: there are too few cores or nodes, or the case is none of ranks.
        ResNetBenchError: as a rank raised it.
    """
    case, kills_before = request.case, memory_kills.count()
    given = cores_for(case)
    with scratch.folder("ranks") as made:
        folder = RankFolder(made)
        folder.write_request(RankRequest(launch=request, cores=given))
        try:
            ended = _status_of_agents(folder, case, deadline_s(request))
        except LateError as late:
            why = remarks.not_finished(request.limit_s)
            return skip_of(request, SkipReason.TIMEOUT, remarks.of_ranks(late.numbers, case.world_size, why))
        answers = [folder.answer(rank) for rank in range(case.world_size)]
        statuses = folder.statuses()
    launches = [it for it in answers if isinstance(it, Launch)]
    if len(launches) == case.world_size:
        return _joined(launches, given, request.protocol)
    of_agent = (SkipReason.CRASHED, f"torchrun's agent: {remarks.ended(ended)}")
    return skip_of(request, *(failure(answers, statuses, kills_before) or of_agent))


def _status_of_agents(folder: RankFolder, case: Case, deadline: float) -> int:
    """Let an agent a node start the ranks, and return how they ended.

    Whatever of it is still here the guardian ends, and Slurm what is on other nodes.

    Raises:
        LateError: they had to be ended; its numbers are those of ranks.
        UnsupportedError: there are fewer nodes in this job.
    """
    command = [*_everywhere(case.nodes), sys.executable, "-P", "-m", _AGENT, str(folder.path)]
    variables = dict(os.environ) if case.nodes > 1 else {**_INTERFACE, **os.environ}
    agents = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2, env=variables)
    try:
        return agents.wait(max(0.0, deadline - time.perf_counter()))
    except subprocess.TimeoutExpired:
        late = behind(folder, case.world_size)  # while they still stand where they hang
        if case.nodes == 1:
            late = idle.among({rank: folder.process(rank) for rank in late})
        agents.terminate()  # srun tells the nodes
        raise LateError(late) from None
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            agents.wait(ENDING_S)
        agents.kill()
        agents.wait()


def _everywhere(nodes: int) -> tuple[str, ...]:
    """Return the command that starts another one on each node, none on one alone.

    Raises:
        UnsupportedError: there are fewer nodes in this job.
    """
    if nodes == 1:
        return ()
    allocated = int(os.environ.get("SLURM_JOB_NUM_NODES", "0"))
    if allocated < nodes:
        raise UnsupportedError(remarks.too_few_nodes(nodes, allocated))
    return ("srun", "--quiet", f"--nodes={nodes}", f"--ntasks={nodes}", "--ntasks-per-node=1", *_STEP)


def behind(folder: RankFolder, ranks: int) -> list[int]:
    """Return the ranks without an answer that stand still further back than the others; all where none does."""
    pulses = {rank: folder.pulse(rank) for rank in range(ranks) if folder.answer(rank) is None}
    last = min(pulses.values(), default=0)
    return [rank for rank, pulse in pulses.items() if pulse == last]


def _joined(launches: Sequence[Launch], given: Sequence[tuple[int, ...]], protocol: Protocol) -> Launch:
    """Return rank 0's launch with what is of all: times are the same on each of them."""
    return msgspec.structs.replace(
        launches[0],
        started_at=BEGAN_AT,
        duration_s=time.perf_counter() - BEGAN_S,
        memory=in_all([it.memory for it in launches]),
        warnings=warnings_of(launches, given, protocol=protocol),
        ranks=tuple(Rank(cores=own, memory=it.memory) for it, own in zip(launches, cycle(given), strict=False)),
    )


def _by_origin(ended: tuple[int, int]) -> tuple[bool, int]:
    """Put what the agent itself ended, once another rank had failed, behind what failed."""
    rank, status = ended
    return status == -signal.SIGTERM, rank


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
    for rank, status in sorted(statuses.items(), key=_by_origin):
        if answers[rank] is None:
            reason, why = death(status, kills_before)
            return reason, remarks.of_ranks([rank], ranks, why)
    for rank, answer in enumerate(answers):
        if isinstance(answer, RankFailed):
            return SkipReason.CRASHED, remarks.of_ranks([rank], ranks, answer.skip.detail)
    return None
