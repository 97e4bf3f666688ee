"""The layers of a run: of each model and variant at the largest batch that was measured."""

from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec

from resnet_bench.config.case_labels import label
from resnet_bench.errors import Interrupted
from resnet_bench.records import Case, Header, LayerScope, Skip
from resnet_bench.runner import layer_library
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.plan import Plan
from resnet_bench.storage import run_directory
from resnet_bench.wire.messages import LayersRequest
from resnet_bench.words import say

BUDGET_S = 4.0


def time_layers(
    directory: Path,
    header: Header,
    plan: Plan,
    measured: Collection[Case],
    launcher: Launcher,
    *,
    timed: Collection[Case] = (),
) -> None:
    """Time the layers of each model and variant at the largest batch that was `measured`, unless they are `timed`."""
    if header.layers is LayerScope.NONE:
        return
    # Of one process alone: beside others a layer would be timed that nobody asked for.
    largest = _largest_batches(case for case in plan.cases if case in measured and case.processes == 1)
    cases = [case for case in largest if case not in timed]
    if measured and not largest:
        say("no layers were timed: every case is of several processes at once; measure one alone beside them")
    for number, case in enumerate(cases, start=1):
        say(f"[{number}/{len(cases)}] layers of {label(case)}")
        request = LayersRequest(case=case, model=plan.model(case), protocol=header.protocol, budget_s=BUDGET_S)
        try:
            answer = launcher.ask(request)
            entry = answer if isinstance(answer, Skip) else answer.layers
            run_directory.append_layers(directory, entry, run=header.id)
            if not isinstance(answer, Skip):
                layer_library.learn(answer.layers, answer.environment)
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted; everything finished is saved. Go on with: resnet-bench run --resume {directory}"
            ) from None


def _largest_batches(cases: Iterable[Case]) -> list[Case]:
    """Return, of cases that differ by their batch size alone, the one with the largest."""
    largest: dict[Case, Case] = {}
    for case in cases:
        variant = msgspec.structs.replace(case, batch_size=1)
        known = largest.get(variant)
        if known is None or case.batch_size > known.batch_size:
            largest[variant] = case
    return list(largest.values())
