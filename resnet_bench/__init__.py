"""What a residual network costs, how fast it runs here, and whether a commit changed that.

`import resnet_bench as rb` loads nothing else: `rb.profile`, `rb.run` and the others come from `resnet_bench.api` when
they are asked for.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resnet_bench.api import (
        ChosenModel,
        CommitHistory,
        ComparedRuns,
        MeasuredRun,
        OperatorCount,
        PredictedCases,
        ResNetBenchError,
        StaticProfile,
        compare,
        history,
        load,
        predict,
        profile,
        register_operator,
        resume,
        run,
    )

__all__ = [
    "ChosenModel",
    "CommitHistory",
    "ComparedRuns",
    "MeasuredRun",
    "OperatorCount",
    "PredictedCases",
    "ResNetBenchError",
    "StaticProfile",
    "__version__",
    "compare",
    "history",
    "load",
    "predict",
    "profile",
    "register_operator",
    "resume",
    "run",
]

__version__ = "0.1.0"

# What a child process needs on its path to find the package that its parent runs, installed or not.
HOME = Path(__file__).resolve().parents[1]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'resnet_bench' has no attribute '{name}'")
    from resnet_bench import api  # noqa: PLC0415 - a name of the package costs nothing until it is used

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
