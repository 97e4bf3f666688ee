"""torchrun's own agent, for the ranks of one launch on this node: `python -m ... FOLDER`. Imports torch.

It starts them, chooses a free port for their rendezvous, and ends all of them when one fails; which one did, and how,
is written down. Of several nodes, each of which has an agent, the first says where they meet.
"""

import os
import socket
import sys
from pathlib import Path

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from resnet_bench.child.rank_files import RankFolder

_RANK = "resnet_bench.child.rank"
_LOOKS_S = 0.5  # between two looks at the ranks
_MEETING_S = 120.0


def main() -> None:
    """Start the ranks of this node and wait for them."""
    folder, node = RankFolder(Path(sys.argv[1])), int(os.environ.get("SLURM_NODEID", "0"))
    case = folder.request().launch.case
    alone = case.nodes == 1
    address = "localhost" if alone else socket.gethostbyname(socket.gethostname())
    if not alone and node == 0:
        folder.write_meeting_point(f"{address}:{_free_port()}")
    logs = folder.path / f"logs-{node}"
    logs.mkdir()
    config = LaunchConfig(
        min_nodes=case.nodes,
        max_nodes=case.nodes,
        nproc_per_node=case.processes_of_node,
        run_id=folder.path.name,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0" if alone else folder.meeting_point(_MEETING_S),
        rdzv_configs={} if alone else {"is_host": node == 0},
        local_addr=address,
        max_restarts=0,
        monitor_interval=_LOOKS_S,
        logs_specs=DefaultLogsSpecs(log_dir=str(logs)),
    )
    try:
        elastic_launch(config, sys.executable)("-P", "-m", _RANK, str(folder.path))
    except ChildFailedError as error:
        folder.write_statuses(node, {rank: it.exitcode for rank, it in error.failures.items()})
        sys.exit(1)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    main()
