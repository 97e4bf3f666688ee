"""A request for one launch, measured as briefly as can be."""

from resnet_bench.config import suite_file
from resnet_bench.wire.messages import MeasureRequest
from tests.make.cases import case, change

BRIEF = change(
    suite_file.load_suite(preset="quick").protocol_on("cpu"),
    min_samples=2,
    max_samples=3,
    sampling_budget_s=0.1,
    throughput_budget_s=0.1,
    warmup_budget_s=0.1,
    time_limit_s=240.0,
)


def launch_request(model, **axes):
    of = case(model, **dict(batch_size=2, image_size=32) | axes)
    return MeasureRequest(case=of, index=0, attempt=0, model=model, protocol=BRIEF)
