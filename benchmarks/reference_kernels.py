"""Which kernels beside a network say best how fast the machine was? Every kernel timed by itself, mixed afterwards.

    python -m benchmarks.reference_kernels -o FILE.jsonl --launches 10 --cases r50b4 r18b1    # measure, a line a launch
    python -m benchmarks.reference_kernels FILE.jsonl [FILE.jsonl ...]                        # the table

Each launch is a process of one thread with the fixed allocator: a burst of every kernel, then iterations, CPU time of
each. The table gives the spread over launches (standard deviation of the logarithm, percent) as it was measured, and
corrected by the product's own posterior with mixtures of kernels as the reference.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from resnet_bench.analysis.drift import GRID, posterior
from resnet_bench.specs import reference as spec

# Model, batch size, image size, whether it is trained, iterations between two bursts, iterations after one that are
# no samples.
CASES: dict[str, tuple[str, int, int, bool, int, int]] = {
    "r18b1": ("resnet18", 1, 224, False, 3, 1),
    "r18b4": ("resnet18", 4, 224, False, 1, 0),
    "r50b4": ("resnet50", 4, 224, False, 1, 0),
    "train": ("resnet18", 4, 96, True, 1, 0),
    "cifar": ("cifar_resnet20", 1, 32, False, 20, 6),
}
# What a mixture's pass holds of each kernel. The first is that of the shipped allocator, the second of the fixed one.
MIXTURES: dict[str, dict[str, float]] = {
    "products, activations": {"gemm": 1, "small": 1, "bnrelu": 1},
    "and a convolution": {"gemm": 1, "small": 1, "bnrelu": 1, "conv": 1},
    "and two": {"gemm": 1, "small": 1, "bnrelu": 1, "conv": 2},
    "convolution alone": {"conv": 1},
    "residual block alone": {"block": 1},
    "and a block": {"gemm": 1, "small": 1, "bnrelu": 1, "block": 1},
    "and convolution, quarter block": {"gemm": 1, "small": 1, "bnrelu": 1, "conv": 1, "block": 0.25},
    "and a stream of 32 MiB": {"gemm": 1, "small": 1, "bnrelu": 1, "stream": 1},
}
LAUNCH_S = 7.0
PASSES = {"gemm": 4, "small": 4, "bnrelu": 4, "stream": 1, "conv": 3, "block": 2}


def main() -> None:
    """Measure, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--launches", type=int, default=10)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--launch", choices=CASES, help="one launch, in this process")
    asked = parser.parse_args()
    if asked.launch:
        print(json.dumps(launch(asked.launch)))
    elif asked.output:
        measure(asked.output, asked.launches, asked.cases)
    else:
        print("\n".join(table(asked.files)))


def measure(output: Path, launches: int, cases: Sequence[str]) -> None:
    """Append a line for each launch."""
    from resnet_bench.runner.launchers.variables import FIXED_ALLOCATOR

    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    for _ in range(launches):
        for case in cases:
            again = [sys.executable, "-m", "benchmarks.reference_kernels", "--launch", case]
            done = subprocess.run(again, env=os.environ | FIXED_ALLOCATOR | one_thread, check=True, stdout=-1)
            with output.open("ab") as file:
                file.write(done.stdout)


def launch(name: str) -> dict[str, Any]:
    """Time bursts and iterations of one case in turns, in CPU seconds."""
    import torch

    torch.set_num_threads(1)
    iterate = network(name)
    timed = kernels()
    inner, discarded = CASES[name][4:]

    def cpu_s(run: Callable[[], object], times: int = 1) -> float:
        began = time.process_time()
        for _ in range(times):
            run()
        return (time.process_time() - began) / times

    def burst() -> dict[str, float]:
        found = {}
        for kernel, run in timed.items():
            run()
            found[kernel] = cpu_s(run, PASSES[kernel])
        return found

    for _ in range(3):
        iterate()
        burst()
    bursts, iterations = [burst()], []
    until = time.perf_counter() + LAUNCH_S
    while time.perf_counter() < until:
        for _ in range(discarded):
            iterate()
        iterations.append([cpu_s(iterate) for _ in range(inner)])
        bursts.append(burst())
    return {"case": name, "iters": iterations, "refs": bursts, "load": os.getloadavg()[0], "at": time.time()}


def network(name: str) -> Callable[[], object]:
    """Return one iteration of a case."""
    import torch

    from resnet_bench.models import create_model

    model, batch_size, side, trained, _, _ = CASES[name]
    torch.manual_seed(0)
    net, images = create_model(model), torch.rand(batch_size, 3, side, side)
    if not trained:
        return torch.inference_mode()(lambda: net.eval()(images))
    optimizer = torch.optim.SGD(net.train().parameters(), lr=1e-4, momentum=0.9)
    labels = torch.randint(0, 1000, (batch_size,))

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(images), labels).backward()
        optimizer.step()

    return step


def kernels() -> dict[str, Callable[[], object]]:
    """Return every kernel that was tried; but for convolution and block they allocate nothing."""
    import torch
    from torch import nn

    left, right, product = (torch.rand(spec.SIDE, spec.SIDE) for _ in range(3))
    one, other, small = (torch.rand(spec.SMALL_SIDE, spec.SMALL_SIDE) for _ in range(3))
    image = torch.rand(1, spec.CHANNELS, 2 * spec.PIXELS, 2 * spec.PIXELS)
    scale, shift, activation = torch.rand(1, spec.CHANNELS, 1, 1), torch.rand(1, 1, 1, 1), torch.empty_like(image)
    large, copied = torch.rand(2**23), torch.empty(2**23)
    deep = nn.Conv2d(spec.DEEP_CHANNELS, spec.DEEP_CHANNELS, 3, padding=1, bias=False)
    deep_image = torch.rand(1, spec.DEEP_CHANNELS, spec.DEEP_PIXELS, spec.DEEP_PIXELS)
    parts: list[nn.Module] = []
    for channels_in, channels, size in ((64, 64, 1), (64, 64, 3), (64, 256, 1)):
        convolution = nn.Conv2d(channels_in, channels, size, padding=size // 2, bias=False)
        parts += [convolution, nn.BatchNorm2d(channels), nn.ReLU()]
    block, block_images = nn.Sequential(*parts).eval(), torch.rand(2, 64, 56, 56)

    def activations() -> None:
        for _ in range(spec.PASSES):
            torch.addcmul(shift, image, scale, out=activation)
            torch.clamp(activation, min=0.0, out=activation)

    def small_products() -> None:
        for _ in range(spec.SMALL_PRODUCTS):
            torch.mm(one, other, out=small)

    return {
        "gemm": lambda: torch.mm(left, right, out=product),
        "small": small_products,
        "bnrelu": activations,
        "stream": lambda: torch.add(large, 1.0, out=copied),
        "conv": torch.inference_mode()(lambda: deep(deep_image)),
        "block": torch.inference_mode()(lambda: block(block_images)),
    }


def table(files: Sequence[Path]) -> Iterator[str]:
    """Yield a row for each case of each file."""
    yield f"| file | case | launches | load | as measured | {' | '.join(MIXTURES)} |"
    yield f"|---|---|--:|--:|{'--:|' * (1 + len(MIXTURES))}"
    corrected: dict[str, list[float]] = {name: [] for name in MIXTURES}
    for path in files:
        by_case: dict[str, list[dict[str, Any]]] = {}
        for line in path.read_text().splitlines():
            by_case.setdefault(json.loads(line)["case"], []).append(json.loads(line))
        for case, launches in by_case.items():
            raw = np.std([np.median(np.log(np.concatenate(it["iters"]))) for it in launches], ddof=1)
            cells = []
            for name, mixture in MIXTURES.items():
                corrected[name].append(spread(launches, mixture))
                cells.append(f"{corrected[name][-1]:.1f}")
            load = statistics.median(it["load"] for it in launches)
            yield f"| {path.stem} | {case} | {len(launches)} | {load:.1f} | {100 * raw:.1f} | {' | '.join(cells)} |"
    means = [math.exp(statistics.fmean(map(math.log, values))) for values in corrected.values()]
    yield f"| geometric mean | | | | | {' | '.join(f'{it:.2f}' for it in means)} |"


def spread(launches: Sequence[dict[str, Any]], mixture: dict[str, float]) -> float:
    """Return the spread over launches corrected with a mixture of kernels as the reference, in percent."""
    figures = []
    for it in launches:
        taken = np.log([statistics.fmean(between) for between in it["iters"]])
        bursts = np.log([sum(part * burst[kernel] for kernel, part in mixture.items()) for burst in it["refs"]])
        figures.append(np.median(taken - np.outer(GRID, (bursts[:-1] + bursts[1:]) / 2), axis=1))
    by_coefficient = np.array(figures).T
    return 100 * float(np.std(posterior(by_coefficient) @ by_coefficient, ddof=1))


if __name__ == "__main__":
    main()
