"""Launches by Slurm: each is a job of its own by `srun`, or a step where an allocation was made before (`salloc`).

A job has its node for itself. Inside an allocation a step has all of its node's cores, and Slurm lets steps wait for
each other.
"""

import os
from collections.abc import Mapping, Sequence

from resnet_bench.runner.launchers.command import CommandLauncher
from resnet_bench.runner.launchers.variables import with_package

# srun(1): said by it or by the user's environment; one process on one node, bound to none of its cores.
_ONE_PROCESS = ("--quiet", "--nodes=1", "--ntasks=1", "--cpu-bind=none", "--kill-on-bad-exit=1")
_IN_ALLOCATION = "SLURM_JOB_ID"


class SlurmLauncher(CommandLauncher):
    """Starts processes on nodes that have the machine's `constraint` and `gres`."""

    def prefix(self) -> Sequence[str]:
        """Return the command of `srun`; where no node is free in time it gives up."""
        machine = self.machine
        asked = [f"--immediate={max(1, round(machine.wait_s))}"]
        asked += [] if os.environ.get(_IN_ALLOCATION) else ["--exclusive"]
        asked += [f"--constraint={machine.constraint}"] if machine.constraint else []
        asked += [f"--gres={machine.gres}"] if machine.gres else []
        return ("srun", *_ONE_PROCESS, *asked, *machine.options)

    def variables(self) -> Mapping[str, str]:
        """Return what `srun` hands on: this environment, where the package is, and what the table says."""
        return with_package(dict(os.environ)) | self.machine.environment
