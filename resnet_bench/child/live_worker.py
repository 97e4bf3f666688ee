"""One side of a launch pair: the harness of the invoking installation, the model's code of one revision.

Both may be called `resnet_bench`. The harness is imported first and then taken out of `sys.modules`; its functions
keep their globals. What is imported afterwards under that name comes from the revision, for torch.compile too; in a
repository that has no such package it is a second copy of the installed one, for models that import it.
"""

import importlib
import os
import socket
import stat
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import msgspec
import torch

from resnet_bench import HOME
from resnet_bench.child.agreement import agreement
from resnet_bench.child.prepare import Loaded, load
from resnet_bench.child.sources import Sources
from resnet_bench.errors import DisagreesError, UnsupportedError, deed, in_words, text_of
from resnet_bench.executors import table as executors
from resnet_bench.executors.deployed import refuse_otherwise
from resnet_bench.machine import cores
from resnet_bench.machine.devices import HOST
from resnet_bench.models import compat
from resnet_bench.models import weights as trained
from resnet_bench.profilers.devices import present
from resnet_bench.records import Case, Protocol, Record, State, arguments
from resnet_bench.records.live import PackageFrom
from resnet_bench.records.weights import parse as parse_weights
from resnet_bench.specs import INSTALLED_PACKAGES
from resnet_bench.wire.live import Bind, BoundToCore, Compare, Compared, Elapsed, Iterate, Prepare, Ready, Refused
from resnet_bench.wire.request import NO_WAY_TO_ANSWER

PACKAGE = "resnet_bench"
_WARM = Protocol(
    launches=1,
    target_interval=0.02,
    min_samples=1,
    max_samples=1,
    sampling_budget_s=0.0,
    throughput_budget_s=0.0,
    warmup_min_iterations=5,
    warmup_budget_s=2.0,
    state=State.SUSTAINED,
    warmup_min_s=0.5,
)


class _Side(NamedTuple):
    """What was prepared: the question, the network, the file that its code came from, and the case made ready."""

    asked: Prepare
    network: torch.nn.Module
    source: str
    loaded: Loaded


def serve(conversation: socket.socket) -> None:
    """Answer requests, a JSON line each, until the other side closes; then the process ends."""
    own = os.getpid()
    usable, bound = cores.usable(), False
    decoder = msgspec.json.Decoder(Prepare | Bind | Iterate | Compare)
    side: _Side | None = None
    sources: Sources | None = None
    for line in conversation.makefile("rb"):
        request = decoder.decode(line)
        try:
            if isinstance(request, Prepare):
                side = None
                if bound:
                    cores.bind_all_threads_to(usable)
                    bound = False
                sources = sources or Sources(Path(request.root))
                side = _prepare(request)
                took_s = _warm(side.loaded)
                answer: Ready | BoundToCore | Elapsed | Compared | Refused = Ready(
                    iteration_s=took_s, source=side.source, core=_core(request.case), read=sources.digests()
                )
            elif isinstance(request, Bind):
                cores.bind_all_threads_to({request.core})
                bound = True
                answer = BoundToCore()
            elif side is not None:
                answer = _compared(side) if isinstance(request, Compare) else _timed(side.loaded, request.count)
            else:
                answer = Refused(message="no case was prepared")
        except (UnsupportedError, DisagreesError) as error:
            answer = Refused(message=str(error), unsupported=True)
        except BaseException as error:  # noqa: BLE001 - whatever a revision's code raises is told to the user
            answer = Refused(message=_one_line(error))
        if os.getpid() != own:  # a copy that a model made of this process has nothing to say
            break
        _say(conversation, answer)
    os._exit(0)


def _core(case: Case) -> int | None:
    """Return the core that a case of one thread ran on, where it can be bound to it."""
    return cores.run_on() if case.device == HOST and case.threads == 1 and cores.usable() else None


def _timed(loaded: Loaded, count: int) -> Elapsed:
    workload, clock = loaded
    with workload.running():
        timing = clock.time(workload.iterate, count)
    one_thread = workload.case.threads == 1
    return Elapsed(elapsed_s=timing.host_s, cpu_s=timing.cpu_s if one_thread else None)


def _compared(side: _Side) -> Compared:
    """Hold what runs against eager float32.

    Raises:
        DisagreesError: it does not compute the network, or not in its precision.
    """
    workload, converts = side.loaded.workload, executors.facts(side.asked.case.executor).converts
    # What was converted is as it was; torch's executors may have rounded the weights of the one that runs.
    network = side.network if converts or workload.case == workload.case.plain else _network(side.asked)[0]
    found, said = agreement(workload, network, seed=side.asked.seed)
    executed = workload.executed()
    if executed.runtime is not None:
        refuse_otherwise(workload.case, executed.runtime)
    return Compared(agreement=found, said=said)


def step_aside() -> None:
    """Free the package's name for the revision's code; what the harness loads when it is asked for is loaded first."""
    present()
    compat.prepare_for_torchvision()
    for executor in executors.EXECUTORS:
        executors.load(executor)
    for name in [name for name in sys.modules if name == PACKAGE or name.startswith(f"{PACKAGE}.")]:
        del sys.modules[name]
    if not str(HOME).endswith(("site-packages", "dist-packages")):
        sys.path[:] = [entry for entry in sys.path if str(Path(entry or ".").resolve()) != str(HOME)]


def _prepare(request: Prepare) -> _Side:
    os.chdir(request.root)
    for folder in (Path(request.root) / "src", Path(request.root)):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    if request.package is PackageFrom.ENVIRONMENT:
        sys.path.append(str(HOME))
    network, source = _network(request)
    loaded = load(request.case, network, seed=request.seed, artifacts=request.artifacts)
    return _Side(request, network, source, loaded)


def _network(request: Prepare) -> tuple[torch.nn.Module, str]:
    """Build the side's network with its weights, and return the file that its code came from too."""
    torch.manual_seed(request.seed)
    network, source = _build(request.case, Path(request.root), request.package)
    if not isinstance(network, torch.nn.Module):
        raise TypeError(f"'{request.case.model}' returned {type(network).__name__}, not a torch.nn.Module")
    if request.case.weights and not _published(request.case):
        trained.load_into(network, request.case.weights, name=request.case.model)
    return network, source


def _published(case: Case) -> str:
    return trained.published_name(parse_weights(case.weights)) if case.weights else ""


def _build(case: Case, root: Path, package: PackageFrom) -> tuple[Any, str]:
    model, given = case.model, arguments.from_text(case.arguments)
    asked: dict[str, Any] = {"pretrained": _published(case)} if _published(case) else {}
    asked |= {"arguments": given} if given else {}
    module_name, _, attribute = model.partition(":")
    if attribute and module_name not in INSTALLED_PACKAGES:
        module = importlib.import_module(module_name)
        source = _checked_source(module, root)
        if not hasattr(module, attribute):
            raise AttributeError(f"'{module_name}' of this revision has no '{attribute}'")
        if _published(case):
            raise UnsupportedError(f"weights {case.weights} of '{model}': give a file or a URL.")
        return getattr(module, attribute)(**given), source
    if package is PackageFrom.ENVIRONMENT:
        module = importlib.import_module(f"{PACKAGE}.models")
        return module.create_model(model, **asked), str(module.__file__)
    try:
        module = importlib.import_module(f"{PACKAGE}.models")
        source = _checked_source(module, root)
        create_model = module.create_model
    except (ImportError, AttributeError) as error:
        raise ImportError(
            f"this revision is older than the interface: it has no {PACKAGE}.models.create_model ({_one_line(error)}); "
            "name a model as package.module:callable"
        ) from error
    return create_model(model, **asked), source


def _checked_source(module: ModuleType, root: Path) -> str:
    source = Path(module.__file__ or "").resolve()
    if not source.is_relative_to(root.resolve()):
        raise ImportError(
            f"{module.__name__} came from {source} and not from the revision; it is looked for in the repository's "
            "folder and in src/, and with --install where the project puts it"
        )
    return str(source.relative_to(root.resolve()))


def _warm(loaded: Loaded) -> float:
    workload, clock = loaded
    with workload.running():
        with workload.instruments.session():
            loaded.warm_up(_WARM, loaded.gauge())
        return min(clock.time(workload.iterate, 1).host_s for _ in range(3))


def _one_line(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"the model {deed(error)}"
    # The class of a revision's own error is another than the harness's of the same name.
    own = type(error).__module__ == f"{PACKAGE}.errors"
    return " ".join(text_of(error).split())[:500] if own else in_words(error)


def _say(conversation: socket.socket, answer: Record) -> None:
    """Send an answer; where a model closed the way, or opened a file in its place, the exit status says so."""
    try:
        if not stat.S_ISSOCK(os.fstat(conversation.fileno()).st_mode):
            os._exit(NO_WAY_TO_ANSWER)
        conversation.sendall(msgspec.json.encode(answer) + b"\n")
    except OSError:
        os._exit(NO_WAY_TO_ANSWER)
