"""torchrun's own agent, for the ranks of one launch: `python -m ... FOLDER RANKS`. Imports torch.

It starts them, chooses a free port for their rendezvous, and ends all of them when one fails; which one did, and how,
is written down.
"""

import sys
from pathlib import Path

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from resnet_bench.child.rank_files import RankFolder

_RANK = "resnet_bench.child.rank"
_LOOKS_S = 0.5  # between two looks at the ranks


def main() -> None:
    """Start the ranks and wait for them."""
    folder, ranks = RankFolder(Path(sys.argv[1])), int(sys.argv[2])
    logs = folder.path / "logs"
    logs.mkdir()
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=ranks,
        run_id=folder.path.name,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=0,
        monitor_interval=_LOOKS_S,
        logs_specs=DefaultLogsSpecs(log_dir=str(logs)),
    )
    try:
        elastic_launch(config, sys.executable)("-P", "-m", _RANK, str(folder.path))
    except ChildFailedError as error:
        folder.write_statuses({rank: it.exitcode for rank, it in error.failures.items()})
        sys.exit(1)


if __name__ == "__main__":
    main()
