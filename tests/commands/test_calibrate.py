"""calibrate as a user runs it, on made-up launch pairs: the golden table, the file, and what compare makes of it."""

import contextlib
import re
import types
from pathlib import Path

import msgspec
import numpy as np
import pytest

from resnet_bench import cli
from resnet_bench.analysis.reference_trial import helps
from resnet_bench.analysis.verdicts.sequential import decide
from resnet_bench.commands import calibrate as command
from resnet_bench.records import ReferenceUse
from resnet_bench.records.live import MatchupResult, PairedSamples
from resnet_bench.runner import live, revisions
from resnet_bench.runner.launchers import table
from resnet_bench.specs import accelerator_reference
from resnet_bench.storage import calibrations
from resnet_bench.wire.answers import Probed
from tests import goldens, make
from tests.commands.workplace import run
from tests.make import change, measurement, noisy_launches, run_of, save_run, side

ENVIRONMENT = make.environment()


def made_up(matchups, _sides, terms, **_):
    """Identical code: a launch pair's bias spreads by 0.8 % in the first case, by more in the others."""
    outcomes = []
    for number, matchup in enumerate(matchups, start=1):
        rng = np.random.default_rng(number)
        turns = []
        for pair in range(terms.pairs):
            level, bias = 0.01 * np.exp(rng.normal(0, 0.004)), rng.normal(0, 0.008 * number)
            sides = [level * np.exp(side * bias + rng.normal(0, 0.003, 11)) for side in (0, 1)]
            left, right = (tuple(float(value) for value in side) for side in sides)
            turns.append(PairedSamples(pair=pair, baseline_s=left, contender_s=right))
        outcomes.append(MatchupResult(matchup=matchup, turns=tuple(turns), decision=decide((), band=terms.band)))
    return tuple(outcomes)


@pytest.fixture
def _workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    machine = types.SimpleNamespace(machines=lambda _: (types.SimpleNamespace(environment=ENVIRONMENT),))
    monkeypatch.setitem(table.LAUNCHERS, table.DEFAULT, table.LauncherFacts(lambda _: machine))
    monkeypatch.setattr(command.runner, "measure_pairs", made_up)


@pytest.mark.usefixtures("_workplace")
@pytest.mark.parametrize(("form", "ending"), [("text", "txt"), ("markdown", "md")])
def test_the_table_in_every_form(capsys, form, ending):
    code, out, err = run(capsys, "calibrate", "--models", "resnet18, resnet50", "--pairs", "12", "--format", form)
    assert (code, err) == (0, "wrote reports/calibration.json\n")
    goldens.check(re.sub(r'("created_at": )"[^"]*"', r'\1"now"', out), f"calibrate/two.{ending}")


@pytest.mark.usefixtures("_workplace")
def test_what_compare_then_uses(capsys):
    run(capsys, "calibrate", "--models", "resnet18, resnet50", "--pairs", "12")
    save_run(Path("old"), run_of([measurement(noisy_launches(1))], name="old"))
    save_run(Path("new"), run_of([measurement(noisy_launches(2))], name="new"))
    _, here, _ = run(capsys, "compare", "old", "new")
    assert "lower is better, noise band 1 % (calibration)" in here
    text = Path("reports/calibration.json").read_text(encoding="utf-8")
    Path("reports/calibration.json").write_text(text.replace('"e1"', '"another"'), encoding="utf-8")
    _, elsewhere, _ = run(capsys, "compare", "old", "new")
    assert "noise band 2 % (default)" in elsewhere
    assert "was calibrated on another machine or software (Example CPU) and was ignored" in elsewhere


@pytest.mark.usefixtures("_workplace")
def test_ab_then_uses_the_band_unless_one_is_asked_for(capsys, monkeypatch):
    bands = []

    def measure_pairs(matchups, sides, terms, **more):
        bands.append(terms.band)
        return made_up(matchups, sides, change(terms, pairs=1), **more)

    sides = contextlib.nullcontext(side("here", "."))
    monkeypatch.setattr(revisions, "checked_out", lambda *_: sides)
    monkeypatch.setattr(live, "measure_pairs", measure_pairs)
    run(capsys, "ab", "HEAD")
    monkeypatch.setattr(command.runner, "measure_pairs", made_up)
    run(capsys, "calibrate", "--models", "resnet18, resnet50", "--pairs", "12")
    learnt = msgspec.json.decode(Path("reports/calibration.json").read_bytes())["paired_band"]
    monkeypatch.setattr(live, "measure_pairs", measure_pairs)
    _, _, err = run(capsys, "ab", "HEAD")
    assert "(calibrated here; --band sets another)" in err
    run(capsys, "ab", "HEAD", "--band", "7 %")
    run(capsys, "ab", "HEAD", "--threads", "2")
    assert bands == [0.02, learnt, 0.07, 0.02]
    assert learnt != 0.02


@pytest.mark.usefixtures("_workplace")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--pairs", "5"), "--pairs 5: expected 6 or more"),
        (("--models", ","), "--models ',': expected one or more names"),
        (("--threads", "0"), "--threads '0': expected a whole number of 1 or more, at most "),
        (("--band", "2"), "'2' is not a share"),
        (("--calibration", "file/c.json"), "cannot write file/c.json"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_measured(capsys, monkeypatch, arguments, said):
    Path("file").write_text("", encoding="utf-8")
    monkeypatch.setattr(command.runner, "measure_pairs", None)
    code, out, err = run(capsys, "calibrate", *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err


@pytest.mark.usefixtures("_workplace")
def test_a_budget_for_too_few_pairs_is_incomplete(capsys, monkeypatch):
    def few(matchups, sides, terms, **more):
        return made_up(matchups, sides, change(terms, pairs=3), **more)

    monkeypatch.setattr(command.runner, "measure_pairs", few)
    code, _, err = run(capsys, "calibrate", "--budget", "5s")
    assert code == 3
    assert "3 of 10 launch pairs fitted into 5s" in err
    assert not Path("reports/calibration.json").exists()


CARD = make.environment(identity=change(make.IDENTITY, device="cuda", device_name="Example card"))


class Card:
    """A machine with a card whose clock wanders from launch to launch; `skips` are cases that it has no room for."""

    def __init__(self, *skips):
        self.skips, self.requests = skips, []

    def machines(self, _device):
        return (Probed(device="cuda:0", environment=CARD),)

    def ask(self, request):
        self.requests.append(request)
        if request.case.model in self.skips:
            return make.skip(request.case)
        slow = np.exp(np.random.default_rng(len(self.requests)).normal(0, 0.03))
        made = make.launch([0.004 * slow] * 8, index=request.index, of=request.case)
        return make.beside_reference(made, 0.0012 * slow, version=accelerator_reference.VERSION)


def calibrated_card(monkeypatch, capsys, card, *flags):
    """Return what was printed, what was said, and what was kept."""
    monkeypatch.setitem(table.LAUNCHERS, table.DEFAULT, table.LauncherFacts(lambda _: card))
    asked = ("--models", "resnet18, resnet50", "--device", "cuda", "--pairs", "8", *flags)
    code, out, err = run(capsys, "calibrate", *asked)
    assert code == 0, err
    return out, err, calibrations.read(calibrations.DEFAULT_FILE).reference


@pytest.mark.usefixtures("_workplace")
def test_on_an_accelerator_launches_beside_the_reference_say_whether_it_helps(monkeypatch, capsys):
    card = Card()
    out, err, trial = calibrated_card(monkeypatch, capsys, card)
    assert len(card.requests) == 2 * 8
    assert {it.protocol.reference for it in card.requests} == {ReferenceUse.ON}
    assert {(it.case.device, it.case.threads) for it in card.requests} == {("cuda:0", 0)}
    assert [it.index for it in card.requests] == [index for index in range(8) for _ in range(2)]
    assert (trial.version, trial.launches) == (accelerator_reference.VERSION, 8)
    said = "beside the reference (accelerator-1, 8 launches a case) launches lie "
    assert said in out
    assert "corrected: it helps, and run lets it take turns here (--reference on or off says otherwise)" in out
    assert "making up to 8 launches of each case beside the reference" in err
    assert helps(trial)


@pytest.mark.usefixtures("_workplace")
def test_a_case_that_cannot_run_beside_the_reference_is_left_out_and_named(monkeypatch, capsys):
    card = Card("resnet50")
    _, err, trial = calibrated_card(monkeypatch, capsys, card)
    assert len(card.requests) == 8 + 1
    assert trial.launches == 8
    assert re.search(r"resnet50.* is left out beside the reference: out of memory: ", err)


@pytest.mark.usefixtures("_workplace")
def test_without_time_for_launches_the_reference_is_not_tried_and_that_is_said(monkeypatch, capsys):
    card = Card()
    _, err, trial = calibrated_card(monkeypatch, capsys, card, "--budget", "1ms")
    assert (card.requests, trial) == ([], None)
    assert "no case has 6 launches beside the reference; give a longer --budget to try it" in err


@pytest.mark.slow
def test_a_name_that_nobody_knows_is_said_without_the_name_of_a_class(capsys, tmp_path):
    assert cli.run(["calibrate", "--models", "nosuch", "--calibration", str(tmp_path / "calibration.json")]) == 2
    assert capsys.readouterr().err.startswith("error: this installation: unknown model 'nosuch'.")


@pytest.mark.slow
@pytest.mark.usefixtures("brief_turns")
def test_a_model_of_the_users_own_is_imported_from_the_working_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mynet.py").write_text(
        "from torch import nn\n\ndef build():\n    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))\n"
    )
    asked = ("calibrate", "--image-size", "32", "--pairs", "6", "--models")
    code, out, _ = run(capsys, *asked, "mynet:build")
    assert code == 0
    assert "mynet:build" in out
    code, _, err = run(capsys, *asked, "mynet:build,resnet18")
    assert (code, err.count("\n")) == (2, 1)
    assert "calibrate one kind at a time" in err
