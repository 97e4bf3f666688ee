"""Calibration files that are none."""

import json

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


@pytest.mark.parametrize("field", [{"runs": -1}, {"runs": 0}, {"degrees": 0}, {"shift": -0.1}])
def test_a_band_that_nothing_can_have_taught_is_refused_by_its_field(tmp_path, field):
    band = {"metric": "latency_s", "width": 0.02, "source": "calibration", "shift": 0.01, "degrees": 5, "runs": 1}
    held = {
        "schema": 1,
        "environment": "e",
        "device_name": "d",
        "created_at": "t",
        "cases": [],
        "bands": [band | field],
    }
    (tmp_path / "c.json").write_text(json.dumps(held))
    with pytest.raises(StoreError, match=rf"is not a calibration file .* at `\$\.bands\[0\]\.{next(iter(field))}`"):
        calibrations.read(tmp_path / "c.json")


OF_BEFORE = {"schema": 1, "environment": "e", "device_name": "d", "created_at": "t", "cases": [], "bands": []}


def test_a_file_of_before_the_reference_was_tried_is_still_read(tmp_path):
    (tmp_path / "c.json").write_text(json.dumps(OF_BEFORE))
    assert calibrations.read(tmp_path / "c.json").reference is None


@pytest.mark.parametrize("field", [{"launches": 0}, {"spread_raw": -0.1}, {"spread_corrected": "little"}])
def test_a_trial_that_cannot_have_been_is_refused_by_its_field(tmp_path, field):
    trial = {"version": "accelerator-1", "launches": 6, "spread_raw": 0.02, "spread_corrected": 0.01} | field
    (tmp_path / "c.json").write_text(json.dumps(OF_BEFORE | {"reference": trial}))
    with pytest.raises(StoreError, match=rf"is not a calibration file .* at `\$\.reference\.{next(iter(field))}`"):
        calibrations.read(tmp_path / "c.json")
