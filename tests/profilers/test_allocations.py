"""The process's high-water mark is the case's own: what was held before the workload was loaded is not in it."""

import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from resnet_bench.profilers.allocations import MemoryProbe
from resnet_bench.profilers.devices import instruments
from resnet_bench.profilers.workload import Workload

BEFORE_BYTES = 512 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can reset the high-water mark")
def test_peak_rss_forgets_what_loading_took() -> None:
    def peak() -> int:
        fields: dict[str, Any] = {
            "device": torch.device("cpu"),
            "instruments": instruments("cpu"),
            "weights_bytes": 0,
            "prepared": SimpleNamespace(alive_bytes=lambda: 0),
            "iterate": lambda: torch.ones(8),
        }
        probe = MemoryProbe(cast(Workload, SimpleNamespace(**fields)))
        measured = probe.measure().peak_rss_bytes
        assert measured is not None
        return measured

    held = torch.ones(BEFORE_BYTES // 4)
    with_it = peak()
    del held
    assert with_it - peak() > BEFORE_BYTES / 2
