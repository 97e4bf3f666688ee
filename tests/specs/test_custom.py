"""A suite file's own models: what is accepted, and what one line says when it is not."""

from typing import Any

import pytest

from resnet_bench import specs
from resnet_bench.errors import ConfigError, ModelError
from resnet_bench.specs import Block, Layout, Stem

GOOD: dict[str, Any] = dict(
    name="mine", block="bottleneck", layers=[1, 2], width=8, groups=4, layout="v1", stem="cifar"
)


def test_a_table_becomes_a_spec() -> None:
    spec = specs.from_table(GOOD)
    assert (spec.block, spec.layers, spec.width, spec.groups) == (Block.BOTTLENECK, (1, 2), 8, 4)
    assert (spec.layout, spec.stem, spec.image_size, spec.num_classes) == (Layout.V1, Stem.CIFAR, 32, 10)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"blocks": 1}, ConfigError, "unknown key 'blocks'. Did you mean 'block'?"),
        ({"block": "bottelneck"}, ConfigError, "Did you mean 'bottleneck'?"),
        ({"layers": "3"}, ConfigError, "layers: '3': expected a list"),
        ({"layers": [1, True]}, ConfigError, "expected a list of whole numbers"),
        ({"layers": []}, ModelError, "expected 1 to 6 stages"),
        ({"layers": [10**30, 1]}, ModelError, "expected at most 10,000 blocks in all"),
        ({"width": 10**30}, ModelError, "expected 1 or more, at most 2147483647"),
        ({"num_classes": 2**31}, ModelError, "expected at most 2147483647"),
        ({"width": 0}, ConfigError, "width: 0: expected a whole number"),
        ({"width": 3}, ModelError, "without channels"),
        ({"block": "basic", "groups": 3}, ModelError, "groups = 3 do not divide 16 channels of a basic block"),
        ({"name": "resnet50"}, ConfigError, "already the name of a registry model"),
        ({"name": "a:b"}, ConfigError, "expected a name"),
        ({"image_size": 1}, ConfigError, "expected 2 or more"),
    ],
)
def test_a_wrong_table_says_what_is_wrong_in_one_line(change: dict[str, Any], error: type, says: str) -> None:
    with pytest.raises(error) as caught:
        specs.from_table(GOOD | change, where="suite.toml: models[0]")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["name", "block", "layers"])
def test_what_a_model_needs_must_be_there(missing: str) -> None:
    with pytest.raises(ConfigError, match=f"'{missing}' is missing"):
        specs.from_table({key: value for key, value in GOOD.items() if key != missing})


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ModelError, match="Did you mean 'resnet50'"):
        specs.find("resnt50")
