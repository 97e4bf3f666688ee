"""Who decides whether the reference takes turns on an accelerator: the user, else what `calibrate` saw here."""

from pathlib import Path

import pytest

from resnet_bench import cli
from resnet_bench.commands import run as run_command
from resnet_bench.machine import devices
from resnet_bench.records import Executor, ReferenceUse
from resnet_bench.records.calibration import Calibration, ReferenceTrial
from resnet_bench.runner import reference_use
from resnet_bench.specs import accelerator_reference
from resnet_bench.storage import calibrations, record_file, run_directory
from resnet_bench.wire.answers import Probed
from tests import make
from tests.runner.instant import Machine

CARD = make.change(make.IDENTITY, device="cuda", device_name="Example card")
HELPING = ReferenceTrial(version=accelerator_reference.VERSION, launches=8, spread_raw=0.03, spread_corrected=0.01)


class WithCard(Machine):
    def __init__(self):
        super().__init__(identity=CARD)

    def machines(self, _device, _subjects=()):
        return (Probed(device="cuda:0", environment=self.environment),)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for module in (devices, run_command):
        monkeypatch.setattr(module, "known_without_torch", lambda *_: None)
    return WithCard().install(monkeypatch)


def calibrated(trial=HELPING, *, environment="e1", path=calibrations.DEFAULT_FILE):
    found = Calibration(
        environment=environment, device_name="Example card", created_at="t", bands=(), cases=(), reference=trial
    )
    record_file.write(found, path)


def told(machine, *flags):
    """Return what the launches of a run were told, of which there is one answer."""
    before = len(machine.requests)
    name = f"run{before}"
    asked = ("--models", "resnet18", "--launches", "2", "--batch-sizes", "1", "--device", "cuda:0", *flags)
    assert cli.run(["run", *asked, "-o", name]) == 0
    (use,) = {it.protocol.reference for it in machine.requests[before:]}
    return use, run_directory.load_header(Path(name)).protocol.reference


def test_nobody_is_slowed_down_by_what_was_never_tried(machine):
    assert told(machine) == (ReferenceUse.OFF, ReferenceUse.AUTO)
    calibrated(None)
    assert told(machine) == (ReferenceUse.OFF, ReferenceUse.AUTO)


def test_it_takes_turns_where_calibrate_saw_it_help_and_the_run_keeps_what_was_asked_for(machine):
    calibrated()
    assert told(machine) == (ReferenceUse.ON, ReferenceUse.AUTO)
    assert told(machine, "--reference", "off") == (ReferenceUse.OFF, ReferenceUse.OFF)


@pytest.mark.parametrize(
    "changed",
    [
        dict(trial=make.change(HELPING, spread_corrected=0.029)),
        dict(trial=make.change(HELPING, spread_raw=0.001, spread_corrected=0.0)),
        dict(trial=make.change(HELPING, version="accelerator-0")),
        dict(environment="another"),
    ],
)
def test_what_was_seen_elsewhere_of_another_version_or_to_be_of_no_use_is_no_reason(machine, changed):
    calibrated(**changed)
    assert told(machine) == (ReferenceUse.OFF, ReferenceUse.AUTO)
    assert told(machine, "--reference", "on") == (ReferenceUse.ON, ReferenceUse.ON)


def test_a_machine_of_a_launcher_has_a_calibration_of_its_own(machine):
    calibrated(environment="another")
    calibrated(path=calibrations.of_machine(calibrations.DEFAULT_FILE, "e1"))
    assert told(machine) == (ReferenceUse.ON, ReferenceUse.AUTO)


def test_a_damaged_calibration_costs_no_run_and_is_named(machine, capsys):
    calibrations.DEFAULT_FILE.parent.mkdir()
    calibrations.DEFAULT_FILE.write_text("{")
    assert told(machine) == (ReferenceUse.OFF, ReferenceUse.AUTO)
    said = capsys.readouterr().err
    assert said.count("reports/calibration.json is not a calibration file") == 1
    assert "No reference takes turns on Example card." in said


@pytest.mark.usefixtures("machine")
def test_what_is_measured_without_torch_or_in_company_has_none():
    calibrated()
    cases = [make.case(device="cuda:0", **it) for it in ({}, {"copies": 2}, {"executor": Executor.ONNXRUNTIME})]
    protocol = make.change(make.PROTOCOL, reference=ReferenceUse.AUTO)
    header = make.header(cases=cases, protocol=protocol, environments=(make.environment(identity=CARD),))
    of_case = reference_use.told(header)
    assert [of_case(it).reference for it in cases] == [ReferenceUse.ON, ReferenceUse.OFF, ReferenceUse.OFF]


def test_the_host_decides_by_itself_as_ever(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    machine = Machine().install(monkeypatch)
    assert cli.run(["run", "--models", "resnet18", "--launches", "1", "--batch-sizes", "1", "--device", "cpu"]) == 0
    assert {it.protocol.reference for it in machine.requests} == {ReferenceUse.AUTO}
