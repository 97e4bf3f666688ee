"""Hundreds of networks of timm and torchvision, in their own input, held against the tables that are committed."""

import re

import pytest
import torch

from benchmarks import peer_tables
from benchmarks.peer_tables import COUNTED, TIMM, TORCHVISION, Row
from resnet_bench.errors import ModelError
from resnet_bench.models.compat import torchvision_models
from resnet_bench.profilers.complexity import static_profile

TIMM_ROWS, TORCHVISION_ROWS = peer_tables.read(TIMM), peer_tables.read(TORCHVISION)
KINDS = ("classification", "segmentation", "video", "optical_flow", "detection", "quantization")


def test_the_tables_are_whole():
    assert len(TIMM_ROWS) == 176
    assert {row.verdict for row in TIMM_ROWS} == {COUNTED}
    assert len(TORCHVISION_ROWS) == 121
    assert {row.kind for row in TORCHVISION_ROWS} == set(KINDS)


def test_torchvisions_published_operations_are_ours_for_every_classifier():
    classifiers = [row for row in TORCHVISION_ROWS if row.kind == "classification"]
    assert len(classifiers) == 80
    for row in classifiers:
        assert row.verdict == COUNTED
        assert round(int(row.macs) / 1e9, 3) == pytest.approx(float(row.published_gmacs), abs=0.0011), row.model


def test_what_is_not_counted_says_why_in_one_line():
    for row in TORCHVISION_ROWS:
        if row.verdict != COUNTED:
            assert row.kind in {"detection", "quantization"}, row.model
            said = "its control flow depends on the data; profile --by-running|makes tensors on the CPU|an int8 network"
            assert re.search(said, row.verdict), row.model


def test_timms_published_parameters_are_ours_but_for_a_row_of_theirs_that_is_of_another_network():
    for row in TIMM_ROWS:
        ours, theirs = int(row.parameters) / 1e6, float(row.published_parameters)
        if row.model != "ecaresnext50t_32x4d":  # stands there with the figures of ecaresnext26t_32x4d
            assert ours == pytest.approx(theirs, rel=0.005, abs=0.006), row.model


@pytest.mark.slow
def test_detection_is_counted_by_running_where_torchvisions_operators_load_and_else_says_that_they_do_not():
    asked = dict(input="[3x64x96]", by_running=True)
    if hasattr(torch.ops.torchvision, "roi_align"):
        assert static_profile("torchvision:fasterrcnn_mobilenet_v3_large_320_fpn", **asked).macs > 0
    else:
        with pytest.raises(ModelError, match="torchvision's compiled operators, which do not load"):
            static_profile("torchvision:fasterrcnn_mobilenet_v3_large_320_fpn", **asked)


def again(row: Row, package: str) -> None:
    said = (row.input, row.parameters, row.macs, row.activations, row.verdict)
    assert peer_tables.counted(f"{package}:{row.model}") == said


def test_timms_networks_have_their_own_sizes():
    assert sum(not row.input.endswith("224x224") for row in TIMM_ROWS) == 60


@pytest.mark.engines
@pytest.mark.parametrize("row", TORCHVISION_ROWS, ids=lambda row: row.model)
def test_torchvisions_models_are_counted_as_the_table_says(row):
    again(row, "torchvision")


@pytest.mark.engines
@pytest.mark.parametrize("row", TIMM_ROWS, ids=lambda row: row.model)
def test_timms_models_are_counted_as_the_table_says(row):
    torchvision_models()  # timm imports torchvision itself
    pytest.importorskip("timm")
    again(row, "timm")
