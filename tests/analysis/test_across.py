"""Layers of one machine on another: exact where both keep to their rooflines alike, and as sure as published pairs."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_bench import specs
from resnet_bench.analysis.prediction.across import PAIRS, MachinePair, across_error, move, pair_of
from resnet_bench.analysis.prediction.collecting import with_profile
from resnet_bench.analysis.prediction.knowledge import knowledge
from resnet_bench.analysis.prediction.model_error import half_width, model_error
from resnet_bench.analysis.prediction.predict import predict
from resnet_bench.errors import ResNetBenchError
from resnet_bench.records import Mode, Precision
from resnet_bench.storage import run_directory
from tests import make

PUBLISHED = Path(__file__).parents[2] / "reports" / "published"


@pytest.mark.parametrize("pair", PAIRS, ids=lambda it: f"{it.one} and {it.other}")
def test_pairs_are_what_the_published_runs_say(pair):
    runs = [run_directory.load(PUBLISHED / name) for name in (pair.one, pair.other)]
    found = pair_of(*runs, names=(pair.one, pair.other))
    assert found[2:] == pytest.approx(pair[2:], abs=5e-4)
    back = pair_of(*reversed(runs), names=(pair.other, pair.one))
    assert (back.offset, back.deviation) == pytest.approx((-found.offset, found.deviation))


def ceilings(flop_per_s, byte_per_s, launch_s):
    (rate,), bandwidths = make.CEILINGS.rates, make.CEILINGS.bandwidths
    return make.ceilings(
        threads=1,
        rates=(make.change(rate, matmul_flop_per_s=flop_per_s, convolution_flop_per_s=flop_per_s),),
        bandwidths=tuple(make.change(it, byte_per_s=byte_per_s) for it in bandwidths),
        launch_s=launch_s,
    )


SPEEDS = st.builds(ceilings, st.floats(1e10, 1e12), st.floats(1e9, 1e11), st.floats(1e-6, 1e-5))


@settings(max_examples=10, deadline=None)
@given(SPEEDS, SPEEDS)
def test_where_layers_keep_to_the_roofline_alike_another_machine_is_predicted_exactly(here, there):
    def profiled(model, of):
        case = make.case(model, batch_size=1, image_size=224, threads=1)
        profile = make.roofline_layers(case, of)
        rows = tuple(row for row in profile.layers if row.name != "outside modules")
        return make.change(profile, layers=rows, whole_s=sum(row.time_s for row in rows))

    taught = profiled("resnet50", here)
    known = knowledge(with_profile(None, taught, make.environment()))
    move(known, with_profile(None, taught, make.environment()).way, here, there)
    case = make.case("resnet101", batch_size=1, image_size=224, threads=1)
    static = specs.profile(
        specs.find("resnet101"), mode=Mode.INFERENCE, precision=Precision.FP32, batch_size=1, image_size=224
    )
    found = predict(case, static, known, family="resnet", ceilings=there)
    assert found.latency_s == pytest.approx(profiled("resnet101", there).whole_s, rel=1e-6)
    assert found.nominal is None


def test_another_machine_is_less_certain_than_this_one_and_pairs_that_lie_apart_widen_it():
    error = across_error("cpu")
    assert half_width(error, 0.0) > 3 * half_width(model_error(()), 0.0)
    apart = [MachinePair("a", "b", offset, 0.1, 10) for offset in (0.9, -0.8, 1.0)]
    alike = [it._replace(offset=0.01) for it in apart]
    assert half_width(across_error("cpu", apart), 0.0) > half_width(across_error("cpu", alike), 0.0)


def test_nothing_is_said_of_devices_of_which_no_pair_was_published():
    assert across_error("cuda:0") is None
    assert across_error("cpu", ()) is None


def test_ceilings_without_the_precision_are_refused():
    profile = make.known_layers(make.case("resnet18", batch_size=1, image_size=224), lambda _: (1e-3, 2e-3))
    library = with_profile(None, profile, make.environment())
    without = make.ceilings(rates=())
    with pytest.raises(ResNetBenchError, match="have no fp32"):
        move(knowledge(library), library.way, make.CEILINGS, without)
