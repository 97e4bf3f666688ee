"""Launches beside the reference by which `calibrate` learns whether it helps on an accelerator: those of a run."""

import random
import time
from collections.abc import Iterable, Sequence

import msgspec

from resnet_bench.config.case_labels import label
from resnet_bench.config.suite_file import load_suite
from resnet_bench.records import Case, Launch, ReferenceUse
from resnet_bench.runner import plan
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.progress import warn
from resnet_bench.wire.messages import MeasureRequest
from resnet_bench.words import counted, say

# As runs are made that others will see.
_PRESET = "standard"


def launches_beside(
    launcher: Launcher, cases: Sequence[Case], *, launches: int, ends_s: float, seed: int
) -> tuple[Launch, ...]:
    """Make launches of each case with the reference on, in rounds of one of each, as many rounds as there is time for.

    Args:
        launcher: where they run.
        cases: of one accelerator, by the name that it has there.
        launches: of each case.
        ends_s: the moment of the monotonic clock after which no round is begun that would last beyond it.
        seed: of their order, weights and inputs.

    Raises:
        ModelError: a model is not known.
    """
    models = plan.resolved((case.model for case in cases), ())
    protocol = msgspec.structs.replace(
        load_suite(preset=_PRESET).protocol_on(cases[0].device), reference=ReferenceUse.ON, seed=seed
    )
    order = random.Random(seed)  # noqa: S311 - an order, not a secret
    made: list[Launch] = []
    left, longest_s = list(cases), 0.0
    say(f"making up to {counted(launches, 'launch', 'launches')} of each case beside the reference")
    for index in range(launches):
        began_s = time.monotonic()
        if not left or began_s + longest_s > ends_s:
            break
        order.shuffle(left)
        for case in tuple(left):
            request = MeasureRequest(case=case, index=index, attempt=0, model=models[case.model], protocol=protocol)
            answer = launcher.ask(request)
            if isinstance(answer, Launch):
                made.append(answer)
            else:
                why = answer.reason.replace("_", " ")
                warn(f"{label(case)} is left out beside the reference: {why}: {answer.detail}")
                left.remove(case)
        longest_s = max(longest_s, time.monotonic() - began_s)
    return tuple(_of_those(left, made))


def _of_those(cases: Iterable[Case], made: Iterable[Launch]) -> list[Launch]:
    kept = set(cases)
    return [it for it in made if it.case in kept]
