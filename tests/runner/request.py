"""A request for one launch of a model made for tests, measured as briefly as can be."""

import msgspec

from resnet_bench.config import suite_file
from resnet_bench.records import Case
from resnet_bench.wire.messages import MeasureRequest

PROTOCOL = msgspec.structs.replace(
    suite_file.load_suite(preset="quick").protocol,
    min_samples=2,
    max_samples=3,
    sampling_budget_s=0.1,
    throughput_budget_s=0.1,
    warmup_budget_s=0.1,
    time_limit_s=240.0,
)


def launch_request(model, *, device="cpu", **axes):
    case = Case(
        **{"model": model, "batch_size": 2, "image_size": 32, "device": device, "threads": 1} | axes,
    )
    return MeasureRequest(case=case, index=0, attempt=0, model=model, protocol=PROTOCOL)
