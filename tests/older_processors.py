"""The tests as on processors older than this one: `python -m tests.older_processors`, two minutes.

numpy, libm and torch choose their kernels by the instructions that a processor has, and the last bits of what they
compute differ. No test may notice: golden files are compared without the newest instructions, and all fast tests run
with none but those that every processor has.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

TESTS = Path(__file__).parent
FAST = "not slow and not browser and not gpu and not engines"
TESTED = ("-m", "pytest", "-q", "-n", "logical", "--maxprocesses", "4", "--dist", "worksteal", "-m", FAST)
# numpy ignores what a processor lacks, but ends at a name of its baseline: only what it chooses between is named.
FOUND = [name for name in __cpu_dispatch__ if __cpu_features__[name]]
NEWEST = [name for name in FOUND if name == "X86_V4" or name.startswith("AVX512")]
PLAIN = {"ATEN_CPU_CAPABILITY": "default", "NPY_DISABLE_CPU_FEATURES": " ".join(FOUND)}
if platform.machine() == "x86_64":
    PLAIN |= {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2,-AVX512F", "ONEDNN_MAX_CPU_ISA": "SSE41"}


def test(paths, variables):
    said = " ".join(f"{name}={value!r}" for name, value in variables.items())
    print(f"{', '.join(str(path.relative_to(TESTS)) for path in paths) or 'all fast tests'} with {said}", flush=True)
    done = subprocess.run([sys.executable, *TESTED, *map(str, paths)], cwd=TESTS.parent, env=os.environ | variables)
    if done.returncode:
        sys.exit(done.returncode)


def main():
    print(f"this processor gives numpy, beyond the oldest it supports: {' '.join(FOUND) or 'nothing'}", flush=True)
    golden = sorted(path for path in TESTS.rglob("test_*.py") if "import goldens" in path.read_text(encoding="utf-8"))
    if NEWEST:
        test(golden, {"NPY_DISABLE_CPU_FEATURES": " ".join(NEWEST)})
    test([], PLAIN)


if __name__ == "__main__":
    main()
