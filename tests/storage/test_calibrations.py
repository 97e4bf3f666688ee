"""Calibration files that are none."""

import pytest

from resnet_bench.errors import StoreError
from resnet_bench.storage import calibrations


@pytest.mark.parametrize("wrong", ['"bands": [{"metric": "latency_s", "width": -2, "source": "calibration"}]', ""])
def test_a_band_of_nothing_is_refused(tmp_path, wrong):
    path = tmp_path / "c.json"
    wrong = wrong or '"bands": [], "paired_band": 0'
    path.write_text(
        '{"schema": 1, "environment": "e", "device_name": "d", "created_at": "t", "cases": [], ' + wrong + "}"
    )
    with pytest.raises(StoreError, match=r"is not a calibration file .*: a noise band of .*; it must be above 0"):
        calibrations.read(path)
