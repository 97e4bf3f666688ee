"""The cases of a run measured by timm's `benchmark.py` as well: its images per second beside ours.

    git clone https://github.com/huggingface/pytorch-image-models && pip install timm
    python -m benchmarks.beside_timm RUN --timm pytorch-image-models -o timm.json
    python -m benchmarks.beside_timm --twice timm.json timm-later.json

timm measures a model's own test size (288 px for resnet18) unless it is told another, so it is told the case's. One
process a case, 10 warm-up and 40 timed iterations, as it does by default. Only eager float32 inference is asked for.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resnet_bench.analysis.digest import digest
from resnet_bench.analysis.metrics import THROUGHPUT
from resnet_bench.records import Case, Executor, MemoryFormat, Mode, Precision
from resnet_bench.storage import run_directory

MARK = "--result\n"
# torchvision's wheel may lack the operators that its own import asks for; see models/compat.py.
_RUN = "import runpy, sys; from resnet_bench.models import compat; compat.declare_missing_operators(); "
_RUN += "sys.path.insert(0, ''); sys.argv[0] = 'benchmark.py'; runpy.run_path(sys.argv[0], run_name='__main__')"


def main() -> None:
    """Measure what a run has, or compare two such files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--timm", type=Path, help="folder with timm's benchmark.py")
    parser.add_argument("-o", "--output", type=Path, help="timm's answers, as JSON")
    parser.add_argument("--twice", type=Path, nargs=2, metavar="FILE")
    asked = parser.parse_args()
    if asked.twice:
        print("\n".join(twice(*(json.loads(path.read_text()) for path in asked.twice))))
        return
    if asked.run is None or asked.timm is None:
        parser.error("a run and --timm, or --twice")
    answers: dict[str, float] = {}
    print("| case | ours, images/s | timm's | ours / timm's | load |")
    print("|---|--:|--:|--:|--:|", flush=True)
    for reduced in digest(run_directory.load(asked.run)).cases:
        case = reduced.case
        ours = next((it for it in reduced.summaries if it.metric == THROUGHPUT.name), None)
        if ours is None or not is_plain(case):
            continue
        answers[case.key] = theirs = float(ask(case, asked.timm)["infer_samples_per_sec"])
        load = os.getloadavg()[0]
        print(
            f"| {case.key} | {ours.median:.2f} | {theirs:.2f} | {ours.median / theirs:.3f} | {load:.1f} |", flush=True
        )
    if asked.output:
        asked.output.write_text(json.dumps(answers, indent=2) + "\n")


def is_plain(case: Case) -> bool:
    """Say whether it is a case that timm measures under the same name in the same way."""
    return (
        case.mode is Mode.INFERENCE
        and case.precision is Precision.FP32
        and case.executor is Executor.EAGER
        and case.memory_format is MemoryFormat.CONTIGUOUS
    )


def ask(case: Case, folder: Path) -> dict[str, Any]:
    """Return what timm's `benchmark.py` answers."""
    what = ["--model", case.model, "--bench", "inference", "--device", case.device]
    size = ["--img-size", str(case.image_size), "-b", str(case.batch_size)]
    threads = {"OMP_NUM_THREADS": str(case.threads), "MKL_NUM_THREADS": str(case.threads)}
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *what, *size],
        cwd=folder,
        env=os.environ | threads,
        check=True,
        capture_output=True,
        text=True,
    )
    answer = json.loads(done.stdout.partition(MARK)[2])
    found: dict[str, Any] = answer[0] if isinstance(answer, list) else answer
    return found


def twice(first: dict[str, float], second: dict[str, float]) -> Iterator[str]:
    """Yield how far timm's own figures lie apart between two times."""
    yield "| case | timm's, % apart |"
    yield "|---|--:|"
    moved = {case: 100 * math.log(second[case] / first[case]) for case in first if case in second}
    for case, percent in moved.items():
        yield f"| {case} | {percent:+.1f} |"
    yield f"| median of absolute values | {statistics.median(map(abs, moved.values())):.1f} |"


if __name__ == "__main__":
    main()
