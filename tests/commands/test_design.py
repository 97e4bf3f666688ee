"""`design` on a machine whose layers have known costs: what it shows is true, and nothing better was within budget."""

import json
import tomllib
from pathlib import Path

import pytest

from resnet_bench import cli, specs
from resnet_bench.analysis.prediction import space
from resnet_bench.analysis.prediction.space import FamilyName
from tests import make
from tests.runner.known_costs import KnownCosts, WanderingSpeed, cost

WAY = ("--device", "cpu", "--threads", "1")


@pytest.fixture
def machine(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return KnownCosts().install(monkeypatch)


def run(capsys, *arguments):
    code = cli.run(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def truth_s(spec, batch_size=1):
    of = make.case(spec.name, batch_size=batch_size, image_size=spec.image_size)
    return make.known_layers(of, cost, spec=spec).whole_s


@pytest.mark.usefixtures("machine")
def test_what_it_shows_is_true_and_nothing_within_the_budgets_is_both_quicker_and_larger(capsys):
    run(capsys, "machine", "--layers", "resnet18", *WAY, "--image-size", "64")
    asked = ("--under", "latency 5 ms at batch 1", "--under", "parameters 20 M", "--image-sizes", "64", *WAY)
    code, out, _ = run(capsys, "design", *asked, "--around", "resnet18", "--format", "json")
    found = json.loads(out)
    assert code == 0
    shown = []
    for each in found["designs"]:
        spec = specs.from_table({key: value for key, value in each["table"].items() if key != "family"})
        (predicted,) = each["predictions"]
        assert predicted["latency_s"] == pytest.approx(truth_s(spec), rel=1e-6)
        assert each["macs"] == specs.totals(spec).macs
        assert each["parameters"] == specs.totals(spec).parameters <= 20e6
        assert predicted["latency_s"] <= 5e-3
        shown.append((predicted["latency_s"], each["macs"]))
    assert shown == sorted(shown)
    assert [macs for _, macs in shown] == sorted(macs for _, macs in shown)
    (variant,) = [it for it in space.around(specs.find("resnet18"), (64,)) if it.spec.width == 64]
    every = [variant.at(depths) for depths in variant.depths]
    within = [it for it in every if truth_s(it) <= 5e-3 and specs.totals(it).parameters <= 20e6]
    assert found["keeping"] == len(within)
    roomy = ("--under", "peak memory 8 GiB at batch 8", "--around", "resnet18", "--format", "json")
    assert json.loads(run(capsys, "design", *asked, *roomy)[1])["keeping"] == len(within)
    assert found["searched"] == len(every)
    assert max(specs.totals(it).macs for it in within) == shown[-1][1]


@pytest.mark.parametrize("family", list(FamilyName))
def test_amounts_of_every_depth_are_what_each_network_has(family):
    for variant in space.of_families([family])[::7]:
        macs = variant.of_every_depth(lambda spec: float(specs.totals(spec).macs))
        parameters = variant.of_every_depth(lambda spec: float(specs.totals(spec).parameters))
        for at in (0, len(variant.depths) // 3, -1):
            network = specs.totals(variant.at(variant.depths[at]))
            assert (macs[at], parameters[at]) == (network.macs, network.parameters)


@pytest.mark.usefixtures("machine")
def test_the_best_are_written_as_a_suite_that_measures_them(capsys):
    run(capsys, "machine", "--layers", "resnet18", *WAY, "--image-size", "64")
    asked = ("--under", "latency 5 ms at batch 1", "--family", "resnet", "--image-sizes", "64", *WAY)
    code, out, _ = run(capsys, "design", *asked, "--suite", "design.toml")
    assert code == 0
    (command,) = [line for line in out.splitlines() if line.startswith("resnet-bench run design.toml")]
    tables = tomllib.loads(Path("design.toml").read_text(encoding="utf-8"))
    assert len(tables["models"]) == 3
    assert tomllib.loads(out[out.index("[[models]]") : out.index("Measure them")])["models"] == tables["models"]
    code, out, _ = run(capsys, *command.split()[1:], "--dry-run")
    assert code == 0
    assert out.startswith("3 cases x ")


@pytest.mark.usefixtures("machine")
def test_budgets_that_contradict_each_other_say_which_one_binds(capsys):
    run(capsys, "machine", "--layers", "resnet18", *WAY, "--image-size", "64")
    asked = ("--family", "resnet", "--image-sizes", "64", *WAY)
    code, out, _ = run(capsys, "design", "--under", "0.001ms", "--under", "parameters 50 M", *asked)
    assert code == 3
    assert "latency at most 1 us: binds. Of those that keep the others, the least is" in out
    assert "parameters at most 50" not in out.partition("none within all budgets")[2]
    code, out, _ = run(capsys, "design", "--under", "0.001ms", "--under", "parameters 1 k", *asked)
    said = out.partition("none within all budgets")[2]
    assert "latency at most 1 us: binds. The least that any network takes is" in said
    assert "parameters at most 1,000: binds. The least that any network takes is" in said


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "design needs a budget"),
        (["--under", "throughput 20 images/s"], 2, "budgets of a design are latency"),
        (["--under", "latency p95 20 ms"], 2, "is not predicted"),
        (["--under", "latency 20 ms at batch 1 and bf16"], 2, "bf16"),
        (["--under", "20 ms", "--around", "resnet18", "--family", "resnet"], 2, "give one of both"),
        (["--under", "20 ms", "--around", "torchvision:resnet18"], 2, "can be varied"),
        (["--under", "20 ms", "--around", "resnet19"], 2, "Did you mean"),
        (["--under", "20 ms", "--executor", "compile"], 3, "fuses layers"),
        (["--under", "20 ms", "--around", "resnet18", "--executor", "compile"], 3, "run --models resnet18 --executor"),
        (["--under", "20 ms"], 3, "machine --layers"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_one_line(capsys, arguments, code, words):
    found, out, err = run(capsys, "design", *arguments, "--device", "cpu")
    assert (found, out) == (code, "")
    assert words in err
    assert err.count("\n") == 1


def test_variants_without_known_layers_are_named_or_timed_on_demand(capsys, machine):
    run(capsys, "machine", "--layers", "resnet18", *WAY, "--image-size", "64")
    asked = ("--under", "5 ms", "--family", "resnext", "--image-sizes", "64", *WAY)
    code, _, err = run(capsys, "design", *asked)
    assert code == 3
    assert "no layers are known of resnext-32x4d at 64 px" in err
    code, out, _ = run(capsys, "design", *asked, "--measure-missing")
    assert code == 0
    assert len(machine.timed) == 3
    assert "Left out" not in out


def test_a_run_shows_what_was_predicted_of_it_beforehand(capsys, machine, tmp_path):
    cases = ("--models", "resnet34,resnet50", "--image-sizes", "64", *WAY, "--preset", "quick")
    assert "Predicted and measured" not in run(capsys, "run", *cases, "--batch-sizes", "2", "-o", "blind")[1]
    run(capsys, "machine", "--layers", "resnet18", *WAY, "--image-size", "64")
    code, out, _ = run(capsys, "run", *cases, "--batch-sizes", "1", "-o", "measured")
    assert code == 0
    assert "Predicted and measured" in out
    assert "resnet34 · b1" in out.partition("Predicted and measured")[2]
    header = json.loads((tmp_path / "measured" / "run.json").read_text())
    (foreseen,) = header["foreseen"]
    assert foreseen["case"]["model"] == "resnet34"  # resnet50 has layers that nobody timed
    assert foreseen["low_s"] < truth_s(make.change(specs.find("resnet34"), image_size=64)) < foreseen["high_s"]
    assert len(machine.timed) == 1


def test_the_best_are_measured_and_land_within_the_stated_interval(capsys, monkeypatch, tmp_path):
    """The closed loop: searched from one network's layers, measured whole at other speeds of the machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    WanderingSpeed().install(monkeypatch)
    run(capsys, "machine", "--layers", "resnet18", *WAY, "--image-size", "64")
    asked = ("--under", "latency 5 ms at batch 1", "--family", "resnet", "--image-sizes", "64", *WAY, "--measure")
    code, out, err = run(capsys, "design", *asked, "--format", "json")
    assert (code, out, err.count("\n")) == (2, "", 1)
    code, out, _ = run(capsys, "design", *asked, "-o", "designs.json")
    assert code == 0
    best = [it for it in json.loads(Path("designs.json").read_text())["designs"] if it["best"]]
    said = out.partition("Predicted and measured")[2]
    assert len(best) == 3
    assert all(it["name"] in said for it in best)
    (header,) = Path("reports").glob("*/run.json")
    foreseen = {it["case"]["model"]: it for it in json.loads(header.read_text())["foreseen"]}
    for it in best:
        spec = specs.from_table({key: value for key, value in it["table"].items() if key != "family"})
        (predicted,) = it["predictions"]
        assert foreseen[it["name"]]["latency_s"] == pytest.approx(predicted["latency_s"])
        truth = WanderingSpeed.FIRST * truth_s(spec)  # at the speed at which the layers were timed
        assert predicted["interval"]["low"] < truth < predicted["interval"]["high"]
        assert predicted["latency_s"] == pytest.approx(truth, rel=0.01)
    assert said.count("  yes") == 3


@pytest.mark.usefixtures("machine")
def test_measured_designs_teach_other_families_alone(capsys):
    way = ("--image-sizes", "32", *WAY)
    run(capsys, "machine", "--layers", "cifar_resnet20", "--image-size", "32", *WAY)
    asked = ("--family", "cifar", "--under", "latency 5 ms at batch 1", *way)
    code, _, err = run(capsys, "design", *asked, "--measure-missing", "--measure", "-o", "designs.json")
    assert code == 0, err
    models = ("cifar_wrn_16_8", "cifar_resnet32")  # the largest, which are measured, are wide ones
    found = json.loads(run(capsys, "predict", *models, "--image-size", "32", *WAY, "--format", "json")[1])
    own, other = (it["model_error"]["judged"] for it in found)
    assert own == 0
    assert other > 0


@pytest.mark.usefixtures("machine")
def test_the_command_that_measures_says_all_that_was_asked(capsys):
    way = (*WAY, "--mode", "training", "--optimizer", "adam", "--memory-format", "channels_last")
    run(capsys, "machine", "--layers", "resnet18", *way, "--image-size", "64")
    asked = ("--under", "latency 50 ms", "--family", "resnet", "--image-sizes", "64", *way)
    code, out, _ = run(capsys, "design", *asked)
    assert code == 0
    (command,) = [line for line in out.splitlines() if line.startswith("resnet-bench run design.toml")]
    for flag in ("--mode training", "--optimizer adam", "--memory-format channels_last", "--threads 1"):
        assert flag in command
