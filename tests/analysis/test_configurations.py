"""Two models, or two configurations, of runs held against each other."""

import pytest

from resnet_bench.analysis.verdicts.compare import compare
from resnet_bench.analysis.verdicts.configurations import held_against
from resnet_bench.errors import UsageError
from resnet_bench.records import Precision, Verdict
from tests import make


def digest():
    measured = [
        make.measurement(make.noisy_launches(seed, center=center), of=make.case(model, precision=precision))
        for seed, (model, precision, center) in enumerate(
            [("resnet18", Precision.FP32, 0.01), ("resnet50", Precision.FP32, 0.03), ("resnet50", Precision.BF16, 0.02)]
        )
    ]
    return make.digest_of(measured)


def verdicts(left, right, of=None):
    side = of or digest()
    table = compare(*held_against(side, side, (left, right)))
    return {row.metric: row for row in table.comparisons}, table


def test_two_models_of_one_run_are_compared_case_by_case():
    rows, table = verdicts({"model": "resnet50", "precision": "fp32"}, {"model": "resnet18", "precision": "fp32"})
    assert rows["latency_s"].verdict is Verdict.IMPROVED
    assert rows["latency_s"].ratio == pytest.approx(1 / 3, rel=0.02)
    assert (table.baseline, table.contender) == ("resnet50, fp32 (run)", "resnet18, fp32 (run)")
    assert table.warnings == ()  # it is no comparison of a run with itself


def test_two_precisions_of_one_model_are_compared():
    rows, _ = verdicts({"model": "resnet50", "precision": "fp32"}, {"model": "resnet50", "precision": "bf16"})
    assert rows["latency_s"].ratio == pytest.approx(2 / 3, rel=0.02)


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ({"model": "resnet50"}, {}, "only one of them names model"),
        ({"model": "resnet50"}, {"model": "resnet34"}, "no case of resnet34; there are resnet18 and resnet50"),
    ],
)
def test_what_cannot_be_held_against_each_other_is_said(left, right, said):
    with pytest.raises(UsageError, match=said):
        held_against(digest(), digest(), (left, right))
