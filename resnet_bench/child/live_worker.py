"""One side of a launch pair: the harness of the invoking installation, the model's code of one revision.

Both may be called `resnet_bench`. The harness is imported first and then taken out of `sys.modules`; its functions
keep their globals. What is imported afterwards under that name comes from the revision, for torch.compile too.
"""

import importlib
import os
import socket
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import msgspec
import torch

from resnet_bench import HOME
from resnet_bench.profilers.clock import Clock, DeviceClock, HostClock
from resnet_bench.profilers.sampler import warm_up
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Case, Record

PACKAGE = "resnet_bench"


class Prepare(Record, frozen=True, kw_only=True, tag="prepare"):
    """Build the case's model from the code below `root` and warm it up."""

    root: str
    case: Case
    seed: int


class Iterate(Record, frozen=True, kw_only=True, tag="iterate"):
    """Run iterations and time them together."""

    count: int


class Ready(Record, frozen=True, kw_only=True, tag="ready"):
    """The model is warm; `iteration_s` is what one iteration lasts, `source` the file that its code came from."""

    iteration_s: float
    source: str


class Elapsed(Record, frozen=True, kw_only=True, tag="elapsed"):
    """Seconds of the iterations asked for, and of the CPU that one thread of a CPU case got in them."""

    elapsed_s: float
    cpu_s: float | None


class Refused(Record, frozen=True, kw_only=True, tag="refused"):
    """The side cannot measure the case; the message is one line for the user."""

    message: str


def serve(conversation: socket.socket) -> None:
    """Answer requests, a JSON line each, until the other side closes; then the process ends."""
    answers = conversation.makefile("wb")
    decoder = msgspec.json.Decoder(Prepare | Iterate)
    workload: Workload | None = None
    clock: Clock = HostClock()
    for line in conversation.makefile("rb"):
        request = decoder.decode(line)
        if isinstance(request, Prepare):
            try:
                workload, source = None, ""
                workload, source = _prepare(request)
                clock = HostClock() if workload.device.type == "cpu" else DeviceClock(workload.device)
                _say(answers, Ready(iteration_s=_warm(workload, clock), source=source))
            except Exception as error:  # noqa: BLE001 - whatever a revision's code raises is told to the user
                _say(answers, Refused(message=_one_line(error)))
        elif workload is not None:
            with workload.running():
                timing = clock.time(workload.iterate, request.count)
            one_thread = workload.case.threads == 1
            _say(answers, Elapsed(elapsed_s=timing.host_s, cpu_s=timing.cpu_s if one_thread else None))
    os._exit(0)


def step_aside() -> None:
    """Free the package's name for the revision's code."""
    for name in [name for name in sys.modules if name == PACKAGE or name.startswith(f"{PACKAGE}.")]:
        del sys.modules[name]
    if not str(HOME).endswith(("site-packages", "dist-packages")):
        sys.path[:] = [entry for entry in sys.path if str(Path(entry or ".").resolve()) != str(HOME)]


def _prepare(request: Prepare) -> tuple[Workload, str]:
    os.chdir(request.root)
    for folder in (Path(request.root) / "src", Path(request.root)):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    torch.set_num_threads(request.case.threads)
    torch.manual_seed(request.seed)
    network, source = _build(request.case.model, Path(request.root))
    if not isinstance(network, torch.nn.Module):
        raise TypeError(f"'{request.case.model}' returned {type(network).__name__}, not a torch.nn.Module")
    return Workload(request.case, network, seed=request.seed), source


def _build(model: str, root: Path) -> tuple[Any, str]:
    module_name, _, attribute = model.partition(":")
    if attribute and module_name not in {"torchvision", "timm"}:
        module = importlib.import_module(module_name)
        source = _checked_source(module, root)
        if not hasattr(module, attribute):
            raise AttributeError(f"'{module_name}' of this revision has no '{attribute}'")
        return getattr(module, attribute)(), source
    try:
        module = importlib.import_module(f"{PACKAGE}.models")
        source = _checked_source(module, root)
        create_model = module.create_model
    except (ImportError, AttributeError) as error:
        raise ImportError(
            f"this revision is older than the interface: it has no {PACKAGE}.models.create_model ({_one_line(error)}); "
            "name a model as package.module:callable"
        ) from error
    return create_model(model), source


def _checked_source(module: ModuleType, root: Path) -> str:
    source = Path(module.__file__ or "").resolve()
    if not source.is_relative_to(root.resolve()):
        raise ImportError(f"{module.__name__} came from {source} and not from the revision")
    return str(source.relative_to(root.resolve()))


def _warm(workload: Workload, clock: Clock) -> float:
    with workload.running():
        warm_up(workload.iterate, clock, min_iterations=5, budget_s=2.0)
        return min(clock.time(workload.iterate, 1).host_s for _ in range(3))


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"


def _say(answers: BinaryIO, answer: Record) -> None:
    answers.write(msgspec.json.encode(answer) + b"\n")
    answers.flush()
