"""An error keeps its class and its words on the way from a child."""

import msgspec
import pytest

from resnet_bench import errors
from resnet_bench.errors import DeviceError, UnsupportedError
from resnet_bench.wire.answers import Failed


@pytest.mark.parametrize("kind", [DeviceError, UnsupportedError, errors.ModelError, errors.StoreError])
def test_an_error_keeps_its_class_on_the_way(kind):
    said = msgspec.json.decode(msgspec.json.encode(Failed.of(kind("why"))), type=Failed).exception()
    assert (type(said), str(said), said.exit_code) == (kind, "why", kind.exit_code)


def test_an_error_of_another_release_is_still_one_line():
    assert type(Failed(error="NewError", message="why").exception()) is errors.ResNetBenchError
