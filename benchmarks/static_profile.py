"""How fast the static profile is, beside fvcore in the same process; `python benchmarks/static_profile.py` prints it.

Both sides construct what they profile: fvcore needs drawn weights on the CPU, the trace a module on the meta device,
the closed form a spec.
"""

import subprocess
import sys
import time
from collections.abc import Callable

BUILDERS = (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "wide_resnet50_2",
    "wide_resnet101_2",
)
_REPETITIONS = 5


def closed_form() -> None:
    """Parameters, MACs, activations, memory, every layer, of the ten builders: from their specs."""
    from resnet_bench.profilers.complexity import static_profile

    for name in BUILDERS:
        static_profile(name)


def traced_layers() -> None:
    """The same counts and layers of torchvision's own modules, built and followed on the meta device."""
    from resnet_bench.models import create_model
    from resnet_bench.models.inputs import of_shapes
    from resnet_bench.profilers.activations import trace
    from resnet_bench.profilers.parameters import holdings
    from resnet_bench.records import Precision
    from resnet_bench.records.inputs import square

    for name in BUILDERS:
        module = create_model(f"torchvision:{name}", device="meta")
        holdings(module)
        trace(module, of_shapes(square(224), 1), precision=Precision.FP32)


def traced_profile() -> None:
    """The whole profile of torchvision's own modules, predicted memory included."""
    from resnet_bench.profilers.complexity import static_profile

    for name in BUILDERS:
        static_profile(f"torchvision:{name}")


def fvcore_total() -> None:
    """fvcore's total of the same ten, as its users call it."""
    import logging

    import torch
    from fvcore.nn import FlopCountAnalysis

    from resnet_bench.models.compat import torchvision_models

    logging.getLogger("fvcore.nn.jit_analysis").setLevel(logging.ERROR)
    for name in BUILDERS:
        module = torchvision_models().get_model(name, weights=None).eval()
        FlopCountAnalysis(module, torch.zeros(1, 3, 224, 224)).unsupported_ops_warnings(False).total()


def registry() -> None:
    """Every registry model, every layer."""
    from resnet_bench import specs
    from resnet_bench.profilers.complexity import static_profile

    for name in specs.names():
        static_profile(name)


def command(*arguments: str) -> Callable[[], None]:
    """Return a call of the command line in a fresh process."""

    def call() -> None:
        subprocess.run([sys.executable, "-m", "resnet_bench", *arguments], check=True, stdout=subprocess.DEVNULL)

    return call


def best_of(call: Callable[[], None], repetitions: int = _REPETITIONS) -> float:
    """Return the shortest time of one call in seconds, after a first call that imports and warms up."""
    call()
    times = []
    for _ in range(repetitions):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


class StaticProfile:
    """For asv: the closed forms and the trace over time."""

    timeout = 300
    version = "1"

    def time_closed_form(self) -> None:
        closed_form()

    def time_traced_layers(self) -> None:
        traced_layers()

    def time_registry(self) -> None:
        registry()


def main() -> None:
    """Print every time, and how many times faster than fvcore the profiles are."""
    fvcore = best_of(fvcore_total, repetitions=2)
    print(f"fvcore's total of ten builders        {fvcore * 1e3:9.1f} ms")
    for label, call in (
        ("closed form", closed_form),
        ("traced, layers and counts", traced_layers),
        ("traced, with predicted memory", traced_profile),
    ):
        ours = best_of(call)
        print(f"{label:<38}{ours * 1e3:9.1f} ms  {fvcore / ours:8.1f} times faster than fvcore")
    print(f"{'whole registry, all layers':<38}{best_of(registry) * 1e3:9.1f} ms")
    for arguments in (("list",), ("--help",)):
        print(f"resnet-bench {arguments[0]:<25}{best_of(command(*arguments)) * 1e3:9.1f} ms")


if __name__ == "__main__":
    main()
