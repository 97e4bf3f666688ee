"""The fast tests on the lowest versions that pyproject.toml allows: `python -m tests.lowest_versions`, three minutes.

torch and torchvision alone stay at CI's versions: older ones are gigabytes, and not for every Python.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from tests.older_processors import TESTED

ROOT = Path(__file__).parents[1]
BOUND = re.compile(r"(?P<name>[\w-]+)>=(?P<version>[\w.]+)(,<[\w.]+)?")
OWN = re.compile(r"resnet-bench\[(?P<extra>\w+)\]")
FROM_CI = ("torch", "torchvision")


def constraints():
    """Each bound names a release that exists, so that the lowest version is the bound itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    bounds = [BOUND.fullmatch(it) for it in (*project["dependencies"], *required("test", extras))]
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [
        *(line for line in pinned if line.partition("==")[0] in FROM_CI),
        *(f"{it['name']}=={it['version']}" for it in bounds if it["name"] not in FROM_CI),
    ]


def required(extra, extras):
    """Return what an extra asks for, and what extras of ours that it names ask for."""
    own = [OWN.fullmatch(it) for it in extras[extra]]
    others = [it for it, named in zip(extras[extra], own, strict=True) if not named]
    return [*others, *(it for named in own if named for it in required(named["extra"], extras))]


def main():
    print(*constraints(), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        chosen = Path(scratch) / "constraints.txt"
        chosen.write_text("\n".join(constraints()) + "\n", encoding="utf-8")
        subprocess.run([sys.executable, "-m", "venv", Path(scratch) / "venv"], check=True)
        python = Path(scratch) / "venv/bin/python"
        install = ("pip", "install", "--quiet", "--disable-pip-version-check", "-c", chosen)
        subprocess.run([python, "-m", *install, f"{ROOT}[test]"], check=True)
        sys.exit(subprocess.run([python, *TESTED], cwd=ROOT).returncode)


if __name__ == "__main__":
    main()
