"""The text of an exact cost: it reads back as it was, and what changed is told by layer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench import specs
from resnet_bench.analysis import cost_snapshot
from resnet_bench.errors import StoreError
from resnet_bench.records import Mode, Optimizer, Precision

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def snapshot_of(name, **more):
    spec = specs.find(name)
    asked = dict(
        mode=Mode.INFERENCE,
        precision=Precision.FP32,
        batch_size=1,
        image_size=spec.image_size,
        optimizer=Optimizer.MOMENTUM,
    )
    return cost_snapshot.of_profile(specs.profile(spec, **asked | more))


@pytest.mark.parametrize("name", ["resnet18", "resnext50_32x4d", "cifar_resnet20"])
def test_it_reads_back_as_it_was(name):
    found = snapshot_of(name)
    assert cost_snapshot.from_text(cost_snapshot.to_text(found), "x") == found
    assert cost_snapshot.differences(found, found) == ()


@given(NAMES)
def test_layers_of_any_name_read_back(name):
    whole = snapshot_of("resnet18")
    clean = " ".join(name.split()) or "-"
    one = whole._replace(layers={clean: next(iter(whole.layers.values()))})
    if "\x00" in clean or len(clean.splitlines()) > 1:
        return
    if not clean.startswith("#"):
        assert cost_snapshot.from_text(cost_snapshot.to_text(one), "x") == one


def test_what_grew_is_named_with_by_how_much():
    changed = cost_snapshot.differences(snapshot_of("resnet18"), snapshot_of("resnet18", image_size=256))
    assert changed == (
        "asked of other things: inference, batch size 1, 224 px, fp32 then, inference, batch size 1, 256 px, fp32 now",
    )
    before, now = snapshot_of("resnet18"), snapshot_of("resnet18_v1")
    assert cost_snapshot.differences(before, now) == ()
    lines = cost_snapshot.differences(snapshot_of("resnet50_v1"), snapshot_of("resnet50"))
    assert lines[0] == "macs: 3,857,973,248 to 4,089,184,256 (+5.99 %)"
    assert any(line.startswith("  layer2.0.conv1: output 1x128x28x28 to 1x128x56x56, macs ") for line in lines)
    assert lines[-1].startswith("  ")


def test_layers_that_came_and_went_are_said():
    lines = cost_snapshot.differences(snapshot_of("resnet18"), snapshot_of("resnet10"))
    assert "  layer1.1.conv1 is gone" in lines
    assert any(line.startswith("  layer1.1.conv1 is new: Conv2d 1x64x56x56, parameters 36,864") for line in
               cost_snapshot.differences(snapshot_of("resnet10"), snapshot_of("resnet18")))  # fmt: skip
    assert lines[-1].endswith("more layers")


@pytest.mark.parametrize("damage", ["", "hello", "asked\tx\n", "asked\tx\nparameters\tmany\n"])
def test_what_is_no_snapshot_is_told_so(damage):
    with pytest.raises(StoreError, match="x is not a cost snapshot, or damaged"):
        cost_snapshot.from_text(damage, "x")
