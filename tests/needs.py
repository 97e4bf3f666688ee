"""What a test may need of the machine that tests run on."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("g++", "clang++"))), reason="compiling for the CPU needs a C++ compiler"
)
two_cores = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2,
    reason="two processes at once need a core each",
)


def fetched_from_npm(folder: Path, *more: str) -> Path:
    """Install what a folder's package-lock.json names, and return it; skip where Node or its registry is not there."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not here")
    command = ["npm", "ci", "--silent", "--no-audit", "--no-fund", *more]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=250)
    if done.returncode:
        pytest.skip(f"npm ci: {(done.stderr or done.stdout).strip()[:200]}")
    return folder
