"""How long the commands that need no torch take to answer, in a fresh process."""

import subprocess
import sys


class Startup:
    """A user waits for this on every call."""

    params = (("--help", "list"),)
    param_names = ("arguments",)
    version = "1"
    timeout = 60

    def time_command(self, arguments):
        subprocess.run([sys.executable, "-m", "resnet_bench", arguments], check=True, capture_output=True)
