"""`merge`: runs of several machines or shards into one."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from resnet_bench.commands.output import warn
from resnet_bench.records import Launch
from resnet_bench.runner.run import new_run_id
from resnet_bench.storage import merge as merging
from resnet_bench.storage import run_directory
from resnet_bench.words import counted, say


def merge(*runs: Path, output: Annotated[Path, Parameter(name=["--output", "-o"])]) -> None:
    """Join runs of several machines, or the shards of a suite, into one run directory.

    Where there are several machines, every case names its own. Two runs of one machine pool their launches;
    a launch that stands in both counts once. Refused: different protocols or commits, and one name for two models.

    Args:
        runs: run directories, as `resnet-bench run -o` wrote them.
        output: the run directory to write.
    """
    run_directory.refuse_another(output)
    joined = merging.join(merging.read(runs), new_run_id())
    run_directory.create_whole(output, joined.header, joined.entries, joined.layers)
    warn(joined.warnings)
    launches = sum(isinstance(entry, Launch) for entry in joined.entries)
    machines = len(joined.header.environments)
    say(
        f"wrote {output}: {counted(len(joined.header.cases), 'case')}, "
        f"{counted(launches, 'launch', 'launches')} from {counted(len(set(runs)), 'run')}"
        + (f" on {machines} machines" if machines > 1 else ""),
        to=sys.stdout,
    )
