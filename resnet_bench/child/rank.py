"""One rank of a data-parallel training step, as torch's elastic agent starts it: `python -m ... FOLDER`.

Bound to its cores before anything that starts threads is imported. What goes wrong is its answer; the agent then ends
the other ranks.
"""

from resnet_bench.child import began  # noqa: F401, I001 - first: the process begins here

import os
import sys
from pathlib import Path

from resnet_bench.child.rank_files import RankAnswer, RankFailed, RankFolder, RankRequest
from resnet_bench.errors import ResNetBenchError
from resnet_bench.machine import cores
from resnet_bench.wire.answers import Failed

# What torch's process groups say where a peer is gone.
_LOST_WORDS = ("gloo", "nccl", "connection closed", "connection reset", "store", "process group")


def main() -> None:
    """Measure, answer and end."""
    os.dup2(2, 1)  # what a model prints is no answer to anybody
    folder, rank = RankFolder(Path(sys.argv[1])), int(os.environ["RANK"])
    request = folder.request()
    cores.bind_to(request.cores[int(os.environ["LOCAL_RANK"])])
    answer = _answer(request, folder, rank)
    folder.write_answer(rank, answer)
    # As everywhere: the interpreter's own end with torch loaded can crash.
    os._exit(0 if not isinstance(answer, RankFailed | Failed) else 1)


def _answer(request: RankRequest, folder: RankFolder, rank: int) -> RankAnswer:
    pulse = folder.beating(rank)
    pulse.beat()
    try:
        from resnet_bench.child.data_parallel import measure  # noqa: PLC0415 - it imports torch

        return measure(request.launch, pulse)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the others wait for it
        if isinstance(error, ResNetBenchError) and isinstance(error, request.launch.mistakes):
            return Failed.of(error)
        from resnet_bench.child.skips import skip  # noqa: PLC0415 - it imports torch

        return RankFailed(skip=skip(request.launch, error), of_others=_is_of_others(error))


def _is_of_others(error: BaseException) -> bool:
    """Say whether an error tells of the other ranks' end and not of this one's."""
    if isinstance(error, ResNetBenchError) or not isinstance(error, RuntimeError):
        return False
    said = str(error).lower()
    return any(words in said for words in _LOST_WORDS)


if __name__ == "__main__":
    main()
