"""What a test may need of the machine that tests run on."""

import os
import shutil

import pytest

compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("g++", "clang++"))), reason="compiling for the CPU needs a C++ compiler"
)
two_cores = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2,
    reason="two processes at once need a core each",
)
