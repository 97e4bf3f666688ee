"""How long a fresh process takes to answer, and to import the package and its models."""

import subprocess
import sys


class Startup:
    """A user waits for this on every call; commands that need no torch must not load it."""

    params = (("--help", "list"),)
    param_names = ("arguments",)
    version = "1"
    timeout = 60

    def time_command(self, arguments):
        subprocess.run([sys.executable, "-m", "resnet_bench", arguments], check=True, capture_output=True)


class Import:
    """Import time alone, interpreter start left out."""

    version = "1"
    timeout = 120
    repeat = (2, 5, 10.0)

    def timeraw_package(self):
        return "import resnet_bench.cli"

    def timeraw_models_with_torch(self):
        return "import resnet_bench.models.resnet"
