"""Which device is meant, as far as that is certain without torch."""

import pytest

from resnet_bench.errors import DeviceError
from resnet_bench.machine.devices import known_without_torch


@pytest.mark.parametrize(
    ("asked", "node", "system", "found"),
    [
        ("cpu", "nvidiactl", "linux", "cpu"),
        ("auto", None, "linux", "cpu"),
        ("auto", "nvidiactl", "linux", None),
        ("auto", "kfd", "linux", None),
        ("auto", "dri/renderD128", "linux", None),
        ("auto", None, "darwin", None),
        ("cuda:0", "nvidiactl", "linux", None),
    ],
)
def test_torch_is_asked_only_where_the_answer_is_not_certain(tmp_path, asked, node, system, found):
    if node is not None:
        (tmp_path / node).parent.mkdir(exist_ok=True)
        (tmp_path / node).touch()
    assert known_without_torch(asked, nodes=tmp_path, system=system) == found


def test_where_no_driver_is_a_missing_device_needs_no_torch(tmp_path):
    with pytest.raises(DeviceError, match="'cuda:0' is not here; here are: cpu"):
        known_without_torch("cuda:0", nodes=tmp_path, system="linux")
