import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from resnet_bench.analysis.verdicts import calibrated, calibration
from resnet_bench.analysis.verdicts.sequential import first_decision
from resnet_bench.errors import StoreError
from resnet_bench.records import Band, BandSource, Verdict
from resnet_bench.records.calibration import Calibration
from resnet_bench.storage import calibrations, record_file
from tests.make import digest_of, environment, measurement


def pairs(spread, *, count=12, within=0.005, seed=1):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        bias = rng.normal(0, spread)
        found.append((np.exp(rng.normal(0, within, 30)), np.exp(bias + rng.normal(0, within, 30))))
    return found


def test_spreads_are_recovered_and_more_pairs_see_more():
    result = calibration.calibrate_case("c", pairs(0.01, count=200), band=0.02, seed=3)
    assert result.between_launches == pytest.approx(0.01, rel=0.15)
    assert result.within_launch == pytest.approx(0.005 * 2**0.5, rel=0.15)
    assert result.false_alarm_rate <= 0.01
    assert result.detectable["6"] > result.detectable["10"] > result.detectable["20"] > 0.02


def test_thirds_that_drift_widen_the_band():
    rng = np.random.default_rng(2)
    steady = np.exp(rng.normal(0, 0.005, 12))
    drifting = steady * np.repeat([1.0, 1.005, 1.01], 4)
    assert calibration.noise_bands([steady])[0].width < calibration.noise_bands([drifting])[0].width
    assert calibration.noise_bands([[1.0, 1.1]]) == ()
    assert calibration.noise_bands([steady * np.repeat([1.0, 1.5, 3.0], 4)]) == ()  # too unsteady to learn from


def test_a_calibration_that_was_named_must_be_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    subject = digest_of([measurement([[1.0]])])
    assert calibrated.bands_for(subject, calibrations.DEFAULT_FILE) == ((), ())
    with pytest.raises(StoreError, match=r"no calibration file c\.json; write it with .* --calibration c\.json"):
        calibrated.bands_for(subject, Path("c.json"))


def test_a_calibration_of_another_machine_is_ignored_with_a_warning(tmp_path):
    path = tmp_path / "c.json"
    band = Band(metric="latency_s", width=0.03, source=BandSource.CALIBRATION)
    mine = Calibration(environment="e1", device_name="d", created_at="t", bands=(band,), cases=())
    subject = digest_of([measurement([[1.0]])])
    record_file.write(mine, path)
    bands, (few,) = calibrated.bands_for(subject, path)
    assert bands == (band,)
    assert "need more than 50 launches a side to find a change of 5 %" in few
    record_file.write(msgspec.structs.replace(mine, launches_needed=1), path)
    assert calibrated.bands_for(subject, path) == ((band,), ())
    record_file.write(msgspec.structs.replace(mine, threads=7), path)
    bands, (warning,) = calibrated.bands_for(subject, path)
    assert bands == ()
    assert "was calibrated with 7 threads and these cases used" in warning
    record_file.write(msgspec.structs.replace(mine, environment="x"), path)
    bands, (warning,) = calibrated.bands_for(subject, path)
    assert bands == ()
    assert "was ignored" in warning
    path.write_text('{"schema": 99}')
    with pytest.raises(StoreError, match="has schema 99"):
        calibrations.read(path)
    path.write_text("{}")
    with pytest.raises(StoreError, match="is not a calibration file"):
        calibrations.read(path)


def test_the_launches_needed_grow_with_the_spread_until_none_suffice():
    steady, loose, wild = (calibration.calibrate_case("c", pairs(it), band=0.02, seed=1) for it in (0.003, 0.01, 0.2))
    few, more = (calibration.pairs_needed([it], band=0.02) for it in (steady, loose))
    assert few < more
    assert calibration.pairs_needed([steady, wild], band=0.02) is None
    medians = np.exp(np.random.default_rng(4).normal(0, 0.01, 12))
    count = calibration.launches_needed([medians], band=0.02)
    assert 3 < count < 20
    assert calibration.launches_needed([medians**30], band=0.02) is None


def test_ab_hears_of_a_band_that_cannot_be_seen_here(tmp_path):
    path = tmp_path / "c.json"
    cases = (calibration.calibrate_case("c", pairs(0.1), band=0.02, seed=1),)
    known = Calibration(
        environment="e", threads=1, device_name="d", created_at="t", bands=(), cases=cases, pairs_needed=None
    )
    record_file.write(known, path)
    asked = {"environment": environment("e"), "threads": {1}, "path": path}
    needs, blind = calibrated.paired_terms(0.02, **asked).said
    assert "40 launch pairs do not surely find a change of 5 %" in needs
    assert "a band of 2 % lies below what this machine can see" in blind
    steady = (calibration.calibrate_case("c", pairs(0.005), band=0.02, seed=1),)
    record_file.write(msgspec.structs.replace(known, cases=steady), path)
    (needs,) = calibrated.paired_terms(0.02, **asked).said
    assert re.search("about [68] launch pairs find a change of 5 %", needs)
    (never,) = calibrated.paired_terms(0.3, **asked).said  # a change of 5 % lies within that band
    assert "40 launch pairs do not surely find a change of 5 %" in never
    for threads in ({2}, {1, 2}):
        (other,) = calibrated.paired_terms(0.02, **asked | {"threads": threads}).said
        assert "calibrated with 1 thread and" in other


def test_ab_takes_the_band_of_this_machine_unless_one_is_asked_for(tmp_path):
    path = tmp_path / "c.json"
    asked = {"environment": environment("e"), "threads": {1}, "path": path}
    known = Calibration(
        environment="e", threads=1, device_name="d", created_at="t", bands=(), cases=(), paired_band=0.013
    )
    record_file.write(known, path)
    found = calibrated.paired_terms(None, **asked)
    assert found.band == 0.013
    assert found.said[0] == "noise band 1.3 % (calibrated here; --band sets another)"
    assert calibrated.paired_terms(0.05, **asked).band == 0.05
    assert calibrated.paired_terms(None, **asked | {"environment": environment("other")}).band == 0.02


def test_the_paired_band_grows_with_the_spread_and_identical_code_lies_within_it():
    steady, loose, wild = (
        calibration.calibrate_case("c", pairs(it, count=40), band=0.02, seed=1) for it in (0.003, 0.03, 3.0)
    )
    assert calibration.paired_band([steady]) == 0.01
    band = calibration.paired_band([steady, loose])
    assert 0.015 < band < 0.025
    assert calibration.paired_band([wild]) is None
    rng = np.random.default_rng(8)
    trials = [first_decision(rng.normal(0, 0.03, 40).tolist(), band=band).verdict for _ in range(200)]
    assert trials.count(Verdict.UNCHANGED) >= 190


def test_a_machine_that_was_calibrated_elsewhere_has_a_file_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    band = Band(metric="latency_s", width=0.03, source=BandSource.CALIBRATION)
    theirs = Calibration(environment="e1", device_name="d", created_at="t", bands=(band,), cases=(), launches_needed=1)
    subject = digest_of([measurement([[1.0]])])
    own = calibrations.of_machine(calibrations.DEFAULT_FILE, "e1")
    own.parent.mkdir()
    record_file.write(theirs, own)
    assert calibrated.bands_for(subject, calibrations.DEFAULT_FILE) == ((band,), ())
    record_file.write(msgspec.structs.replace(theirs, environment="e2", bands=()), calibrations.DEFAULT_FILE)
    assert calibrated.bands_for(subject, calibrations.DEFAULT_FILE) == ((band,), ())
    named = Path("c.json")
    record_file.write(msgspec.structs.replace(theirs, environment="e2"), named)
    assert calibrated.bands_for(subject, named)[0] == ()
