"""What a test may need of the machine that tests run on."""

import shutil

import pytest

compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("g++", "clang++"))), reason="compiling for the CPU needs a C++ compiler"
)
