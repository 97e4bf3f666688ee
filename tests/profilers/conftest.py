import sys
from types import SimpleNamespace

import pytest
import torch

from tests.profilers.recorded_nvml import PROPERTIES, UUIDS, Recorded


@pytest.fixture
def nvml(monkeypatch):
    recorded = Recorded()
    monkeypatch.setitem(sys.modules, "pynvml", recorded)
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _=None: (9, 0))
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)

    def properties(device):
        index = device if isinstance(device, int) else device.index or 0
        return SimpleNamespace(**vars(PROPERTIES), uuid=UUIDS[index])

    monkeypatch.setattr(torch.cuda, "get_device_properties", properties)
    yield recorded
    assert recorded.sessions == 0  # whatever was opened is closed
