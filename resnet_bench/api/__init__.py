"""What `import resnet_bench` gives: profile, run, load, resume, compare, and what they return.

These names and signatures are stable: `tests/api/test_signatures.py` pins them. Errors are those of
`resnet_bench.errors`, every one a `ResNetBenchError` whose `str()` is one line.
"""

from resnet_bench.api.choosing import ChosenModel
from resnet_bench.api.comparing import ComparedRuns, compare
from resnet_bench.api.counting import register_operator
from resnet_bench.api.measured import MeasuredRun, load
from resnet_bench.api.measuring import resume, run
from resnet_bench.api.past import CommitHistory, history
from resnet_bench.api.predicting import PredictedCases, predict
from resnet_bench.api.profiling import StaticProfile, profile
from resnet_bench.errors import ResNetBenchError
from resnet_bench.profilers.operator_count import OperatorCount

__all__ = [
    "ChosenModel",
    "CommitHistory",
    "ComparedRuns",
    "MeasuredRun",
    "OperatorCount",
    "PredictedCases",
    "ResNetBenchError",
    "StaticProfile",
    "compare",
    "history",
    "load",
    "predict",
    "profile",
    "register_operator",
    "resume",
    "run",
]
