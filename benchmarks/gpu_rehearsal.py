"""A step of `benchmarks.gpu_session` on the tests' simulated card, in this process: code for a card, made-up figures.

Children answer in this process too, for the card is here alone; so what needs a process of its own, and what needs
numbers, is not rehearsed so.
"""

import contextlib
from unittest import mock

from benchmarks.gpu_steps import CARD, Verdict

# Few kernels, in batches that keep the card busy: each costs this machine as much, however long it lasts there.
SIMULATED = CARD._replace(
    executors=("eager", "cuda_graph"),
    model="resnet18",
    models=("resnet18",),
    builders=("resnet18",),
    small_batch=128,
    large_batch=256,
    memory_batches=(1, 32),
    queue_s=5.0,
    busy_s=0.5,
    rehearses=True,
    in_process=True,
)
MEMORY_BYTES = 4 * 2**30  # soon full
LOSS_SCALE = 2.0**10  # below the scaler's first, so that it skips steps
SESSION_S = 0.3  # what opening NVML takes where there are several cards
WORST_FIRST = (Verdict.FAILED, Verdict.CUT, Verdict.LOOK, Verdict.GOOD)


def also_simulated(step, found, directory, ends_s):
    """Return what a step came to on the host and on the simulated card together."""
    within = directory / "simulated"
    within.mkdir(exist_ok=True)
    with simulated_card():
        made_up = step.run()(SIMULATED, within, ends_s)
    rows = [{"on": "a simulated card", **row} for row in made_up["rows"]]
    verdicts = {found["verdict"], made_up["verdict"]}
    return found | {
        "verdict": next(it for it in WORST_FIRST if it in verdicts),
        "said": f"{found['said']}; on a simulated card {made_up['verdict']}: {made_up['said']}",
        "rows": [*found["rows"], *rows],
    }


@contextlib.contextmanager
def simulated_card():
    """Put a simulated card in the place of CUDA, and let children answer in this process."""
    from resnet_bench.commands import run as run_command
    from resnet_bench.machine import devices
    from resnet_bench.runner.launchers import table
    from tests.runner.in_process import InProcess
    from tests.simulated_device import Card
    from tests.simulated_torch import simulated

    in_process = table.LauncherFacts(lambda _: InProcess())
    card = Card(settling_s=0.3, memory_bytes=MEMORY_BYTES, loss_scale=LOSS_SCALE, session_s=SESSION_S)
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(table.LAUNCHERS, {table.DEFAULT: in_process}))
        for module in (devices, run_command):
            stack.enter_context(mock.patch.object(module, "known_without_torch", return_value=None))
        yield stack.enter_context(simulated(card))
