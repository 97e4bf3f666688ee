"""A copy of the package to which one member is added, and the command line that runs there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import resnet_bench

SEVERAL = """
import json, sys
from resnet_bench import cli
for command in json.loads(sys.argv[1]):
    code = cli.run(command)
    if code:
        sys.exit(code)
"""


class House:
    """A copy of the package in a folder of its own."""

    def __init__(self, home):
        self.home = home
        self.package = home / "resnet_bench"
        # With what is compiled of it: each copy would compile 300 files anew. What is changed here is.
        half_written = shutil.ignore_patterns("*.pyc.*")  # by a process beside this one
        shutil.copytree(Path(resnet_bench.__file__).parent, self.package, ignore=half_written)

    def write(self, path, text):
        """Add a file to the package."""
        (self.package / path).write_text(text)

    def replace(self, path, old, new):
        """Change one place of a file of the package; the place must be there, once."""
        text = (self.package / path).read_text()
        assert text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times"
        (self.package / path).write_text(text.replace(old, new))

    def run(self, *arguments, **options):
        """Run the command line of the copy."""
        return self.python("-m", "resnet_bench", *arguments, **options)

    def several(self, *commands):
        """Run several command lines of the copy in one process, until one fails; return it, with what all printed."""
        return self.python("-c", SEVERAL, json.dumps(commands))

    def python(self, *arguments, timeout=240):
        """Run Python with the copy first on its path."""
        environment = os.environ | {"PYTHONPATH": str(self.home), "PYTHONSAFEPATH": "1", "COLUMNS": "200"}
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=self.home, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    def gated(self, run, rule):
        """Return what one rule (lines of TOML) says of a run's cases, held against that very run."""
        (self.home / "rule.toml").write_text(f"[[rule]]\n{rule}\n")
        judge = ("check", run, "--baseline", "main", "--thresholds", "rule.toml", "-o", "judged.json")
        done = self.several(("baseline", "set", "main", run), judge)
        assert done.returncode == 0, done.stderr
        return json.loads((self.home / "judged.json").read_text())["outcomes"]

    def checked(self, *paths):
        """Return what the type checker says of files of the copy."""
        settings = Path(__file__).parents[2] / "pyproject.toml"
        files = [str(self.package / path) for path in paths]
        return self.python("-m", "mypy", "--config-file", str(settings), *files, timeout=600).stdout

    def tested(self, file, name=""):
        """Return what pytest says of a file of tests that needs the package alone, run on the copy."""
        shutil.copy(file, self.home)
        chosen = ["-k", name] if name else []
        return self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", file.name, *chosen).stdout


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)
