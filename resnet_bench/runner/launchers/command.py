"""Launches behind a command that reaches a machine: a prefix, then the interpreter of the far end."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence

from resnet_bench.runner.launchers.elsewhere import FAR_END, ElsewhereLauncher, LostError
from resnet_bench.runner.launchers.process import Ended, converse


class CommandLauncher(ElsewhereLauncher):
    """Starts each launch by a prefix: `command = ["docker", "exec", "-i", "box"]`, and python and its arguments."""

    def prefix(self) -> Sequence[str]:
        """Return the command before the interpreter of the far end."""
        return self.machine.command

    def variables(self) -> Mapping[str, str]:
        """Return the whole environment of the command itself, on this machine."""
        return os.environ | self.machine.environment

    def far_end(self) -> Sequence[str]:
        """Return the interpreter and its arguments there."""
        return (self.machine.python or sys.executable, "-P", "-m", FAR_END)

    def exchange(self, line: bytes, number: str, limit_s: float) -> Ended:
        """Start the command, give it the line, and return how it ended."""
        command = [*self.prefix(), *self.far_end()]
        if shutil.which(command[0]) is None:
            raise LostError(f"there is no command '{command[0]}' here")
        return converse(
            command,
            line,
            variables=self.variables(),
            limit_s=limit_s,
            is_answer=lambda said: number.encode() in said,
            stop=self.stopped,
        )
