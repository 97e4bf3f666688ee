"""`predict` and `machine --layers` on a machine whose layers have known costs."""

import json
from pathlib import Path

import platformdirs
import pytest

import resnet_bench as rb
from resnet_bench import cli, specs
from resnet_bench.machine.environment import as_it_is_now
from resnet_bench.records import Contention, Mode
from resnet_bench.runner.oracle import family_of
from tests import make
from tests.runner.known_costs import KnownCosts, WanderingSpeed, cost

WAY = ("--device", "cpu", "--threads", "1")
DISTURBED = Contention(disturbances=("a neighbour",))


@pytest.fixture
def machine(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return KnownCosts().install(monkeypatch)


def run(capsys, *arguments):
    code = cli.run(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_layers_are_timed_once_and_predict_networks_that_share_them(capsys, machine):
    code, out, _ = run(capsys, "machine", "--layers", "resnet18", "resnet34", *WAY)
    assert code == 0
    assert machine.timed == ["resnet18"]
    assert "Left out, because all of their layers were timed already: resnet34 batch 1" in out
    code, out, err = run(capsys, "predict", "resnet34", "resnet18", *WAY, "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    for it in found:
        truth = make.known_layers(make.case(it["case"]["model"], batch_size=1, image_size=224), cost).whole_s
        assert it["latency_s"] == pytest.approx(truth)
        assert it["interval"]["low"] < truth < it["interval"]["high"]
        assert it["missing"] == []
    code, out, _ = run(capsys, "predict", "resnet34", *WAY, "--format", "csv")
    assert len(out.splitlines()) == 2
    code, out, _ = run(capsys, "predict", "resnet34", *WAY, "--format", "markdown")
    assert "Layers: 33 distinct layers from 1 profile of resnet18" in out
    assert "No prediction was measured here yet" in out


@pytest.mark.usefixtures("machine")
def test_a_training_step_has_its_phases(capsys):
    way = (*WAY, "--mode", "training")
    run(capsys, "machine", "--layers", "resnet18", *way)
    code, out, _ = run(capsys, "predict", "resnet34", *way, "--format", "json")
    [found] = json.loads(out)
    truth = make.known_layers(make.case("resnet34", mode=Mode.TRAINING, batch_size=1, image_size=224), cost)
    assert code == 0
    assert found["latency_s"] == pytest.approx(truth.whole_s)
    assert found["optimizer_s"] == pytest.approx(sum(row.optimizer_s or 0 for row in truth.layers))


def test_missing_layers_are_named_and_timed_on_demand_in_a_short_network(capsys, machine):
    run(capsys, "machine", "--layers", "resnet18", *WAY)
    code, out, _ = run(capsys, "predict", "resnet152", *WAY)
    assert code == 3
    assert "layers that nobody timed: Conv2d 1x64x56x56 to 1x64x56x56" in out
    code, out, _ = run(capsys, "predict", "resnet152", *WAY, "--measure-missing", "--format", "json")
    assert (code, machine.timed) == (0, ["resnet18", "resnet152-short"])
    truth = make.known_layers(make.case("resnet152", batch_size=1, image_size=224), cost).whole_s
    assert json.loads(out)[0]["latency_s"] == pytest.approx(truth)
    run(capsys, "predict", "resnet50", *WAY, "--measure-missing")
    assert len(machine.timed) == 2


def test_what_runs_measure_judges_predictions(capsys, machine, monkeypatch):
    run(capsys, "machine", "--layers", "resnet18", "preact_resnet18", *WAY, "--image-size", "64")
    code, _, err = run(capsys, "predict", "--check")
    assert (code, "resnet-bench run --models" in err) == (3, True)
    models = ("--models", "resnet34,preact_resnet34,resnet18", "--image-sizes", "64", *WAY)
    assert run(capsys, "run", *models, "--preset", "quick", "-o", "measured")[0] == 0
    code, out, _ = run(capsys, "predict", "--check", "--format", "json")
    judged = {it["predicted"]["case"]["model"]: it for it in json.loads(out)}
    assert code == 0
    assert {"resnet34", "preact_resnet34"} <= judged.keys()  # resnet18 is known from its own profile alone
    assert judged["resnet34"]["measured_s"] == pytest.approx(0.01, rel=1e-3)
    error = judged["resnet34"]["predicted"]["latency_s"] / judged["resnet34"]["measured_s"] - 1
    assert judged["resnet34"]["error"] == pytest.approx(error)
    assert judged["resnet34"]["predicted"]["model_error"]["judged"] == 1  # preact's alone
    assert "intervals hold what was measured" in run(capsys, "predict", "--check")[1]
    # The same beside something else on the machine is shown, and tells nothing of other families.
    quiet = machine.measure
    monkeypatch.setattr(machine, "measure", lambda request: make.change(quiet(request), contention=DISTURBED))
    assert run(capsys, "run", *models, "--preset", "quick", "-o", "disturbed")[0] == 0
    again = json.loads(run(capsys, "predict", "--check", "--format", "json")[1])
    assert {it["predicted"]["case"]["model"] for it in again} == judged.keys()
    assert [(it["disturbed"], it["predicted"]["model_error"]["judged"]) for it in again] == [(True, 0)] * len(again)


@pytest.mark.usefixtures("machine")
def test_a_library_of_other_software_is_refused_and_taken_across_with_a_wider_interval(capsys):
    run(capsys, "machine", "--layers", "resnet18", *WAY)
    widths = []
    for flags in ((), ("--across",)):
        if flags:
            library = next(machine_cache().glob("layers-*.json"))
            library.write_text(library.read_text().replace(as_it_is_now(make.IDENTITY).torch, "1.0.0"))
            code, out, err = run(capsys, "predict", "resnet34", *WAY)
            assert (code, out) == (2, "")
            assert "torch was 1.0.0, is " in err
            assert "--across" in err
        code, out, _ = run(capsys, "predict", "resnet34", *WAY, *flags, "--format", "json")
        interval = json.loads(out)[0]["interval"]
        widths.append(interval["high"] - interval["low"])
    assert widths[1] > 2 * widths[0]


def machine_cache():
    return platformdirs.user_cache_path("resnet-bench", appauthor=False)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("predict", 2, "predict needs at least one model"),
        ("predict resnet50", 3, "resnet-bench machine --layers resnet18 resnet50 --device cpu"),
        ("predict resnet50 --precision bf16", 3, "--precision bf16"),
        ("predict resnet50 --executor compile", 3, "compile fuses layers with their neighbours"),
        ("predict resnet50 --executor folded", 3, "folded does not run every layer by itself"),
        ("machine --layers resnet50 --executor cuda_graph", 3, "cuda_graph does not run every layer by itself"),
        ("predict resnet50 --batch-sizes auto", 2, "--batch-sizes auto searches by running"),
        ("predict resnet5000", 2, "unknown model 'resnet5000'"),
        ("predict resnet50 --check", 2, "leave the models out"),
        ("predict --check", 2, "leave --device out"),
        ("predict --check --precision bf16 --batch-sizes 1 --across", 2, "leave --across, --batch-sizes, --"),
        ("predict resnet50 --allocator shipped", 3, "--allocator shipped"),
        ("predict resnet50 --image-size 8", 2, "too small"),
        ("machine resnet50", 2, "add --layers"),
        ("machine --mode training", 2, "add --layers"),
        ("machine --layers", 2, "--layers needs at least one model"),
        ("machine --layers resnet18 --ceilings", 2, "in a command of its own"),
    ],
)
def test_what_cannot_be_predicted_is_refused_in_one_line(capsys, command, code, words):
    found, out, err = run(capsys, *command.split(), "--device", "cpu")
    assert (found, out) == (code, "")
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "name", ["cifar_resnet20", "cifar_wrn_16_8", "preact_resnet18", "resnext50_32x4d", "resnet50d"]
)
def test_a_network_of_a_suite_is_of_the_family_that_it_is_built_like(name):
    spec = specs.find(name)
    assert family_of(make.change(spec, name="own", family="custom")) == family_of(spec) == spec.family


@pytest.mark.usefixtures("machine")
def test_a_damaged_library_is_said_in_one_line(capsys):
    run(capsys, "machine", "--layers", "resnet18", *WAY)
    next(machine_cache().glob("layers-*.json")).write_text("{")
    code, out, err = run(capsys, "predict", "resnet18", *WAY)
    assert (code, out) == (2, "")
    assert "damaged, or no layer library" in err


@pytest.mark.usefixtures("machine")
def test_python_gives_the_same(capsys):
    run(capsys, "machine", "--layers", "resnet18", *WAY)
    out = run(capsys, "predict", "resnet34", *WAY, "--batch-sizes", "1", "--format", "json")[1]
    found = rb.predict(["resnet34", specs.find("resnet18")], device="cpu", threads=1)
    assert [it.case.model for it in found] == ["resnet34", "resnet18"]
    assert found[0].latency_s == pytest.approx(json.loads(out)[0]["latency_s"])
    assert list(found.frame()["case.model"]) == ["resnet34", "resnet18"]
    assert "resnet34 batch 1" in str(found)
    with pytest.raises(rb.ResNetBenchError, match="no axis"):
        rb.predict("resnet18", weights="none")


def test_layers_and_runs_at_any_speed_of_the_machine_meet_at_its_nominal_one(capsys, machine, monkeypatch):
    del machine
    WanderingSpeed().install(monkeypatch)
    run(capsys, "machine", "--layers", "resnet18", "preact_resnet18", *WAY, "--image-size", "64")
    models = ("--models", "resnet34,preact_resnet34", "--image-sizes", "64", *WAY)
    code, out, _ = run(capsys, "run", *models, "--preset", "quick", "-o", "measured")
    assert code == 0
    assert "at that speed" in out.partition("Predicted and measured")[2]
    code, out, _ = run(capsys, "predict", "--check", "--format", "json")
    found = json.loads(out)
    assert (code, len(found)) == (0, 2)
    for it in found:
        assert it["error"] == pytest.approx(0, abs=0.01)
        assert it["raw_s"] != pytest.approx(it["measured_s"], rel=0.01)
        assert it["covered"]
    assert "before correction" in run(capsys, "predict", "--check")[1]
    assert "at this machine's nominal speed" in run(capsys, "predict", "resnet34", *WAY, "--image-size", "64")[1]
    # The ceilings that came with the layers bound what nobody timed.
    code, out, _ = run(capsys, "predict", "resnet50", *WAY, "--image-size", "64")
    assert (code, "estimated from the roofline" in out) == (0, True)


@pytest.fixture
def elsewhere(capsys, monkeypatch, tmp_path):
    """A file with the layers of another machine, whose ceilings are twice this one's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "there"))
    monkeypatch.chdir(tmp_path)
    WanderingSpeed().install(monkeypatch)
    run(capsys, "machine", "--layers", "resnet18", *WAY, "-o", "there.json")
    text = Path("there.json").read_text()
    Path("there.json").write_text(text.replace(as_it_is_now(make.IDENTITY).cpu_name, "A Processor"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "here"))
    return WanderingSpeed(ceilings=slower_ceilings()).install(monkeypatch)


def slower_ceilings():
    whole = make.CEILINGS
    rates = [make.change(it, matmul_flop_per_s=8e10, convolution_flop_per_s=7e10) for it in whole.rates]
    bandwidths = [make.change(it, byte_per_s=it.byte_per_s / 2) for it in whole.bandwidths]
    return make.ceilings(threads=1, rates=tuple(rates), bandwidths=tuple(bandwidths), launch_s=2 * whole.launch_s)


@pytest.mark.usefixtures("elsewhere")
def test_layers_of_another_machine_are_moved_by_the_ceilings_of_both(capsys):
    asked = ("predict", "resnet34", *WAY, "--library", "there.json")
    code, out, err = run(capsys, *asked)
    assert (code, out) == (2, "")
    assert "--across" in err
    code, out, err = run(capsys, *asked, "--across")
    assert (code, out) == (3, "")
    assert "resnet-bench machine --ceilings --device cpu --threads 1" in err
    assert run(capsys, "machine", "--ceilings", *WAY)[0] == 0
    code, out, _ = run(capsys, *asked, "--across", "--format", "json")
    truth = make.known_layers(make.case("resnet34", batch_size=1, image_size=224), cost).whole_s
    (found,) = json.loads(out)
    assert code == 0
    assert found["latency_s"] == pytest.approx(2 * WanderingSpeed.FIRST * truth, rel=0.02)
    assert found["interval"]["high"] > 1.5 * found["latency_s"]
    assert "pairs of published machines" in run(capsys, *asked, "--across")[1]
    (same,) = rb.predict("resnet34", library="there.json", across=True, device="cpu", threads=1)
    assert same.latency_s == pytest.approx(found["latency_s"])


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("--library nothing.json", 2, "cannot read nothing.json"),
        ("--library there.json --measure-missing", 2, "ask for one of both"),
        ("--library there.json --batch-sizes 1 --threads 2 --across", 3, "it has inference in fp32"),
        ("--library empty.json --across", 2, "no layer library"),
        ("--library none.json --across", 2, "holds no layers"),
        ("--data-sheet H2000", 2, "Did you mean 'H200'?"),
        ("--data-sheet H200 --device cuda", 2, "needs no layers and no device"),
        ("--data-sheet T4 --precision bf16", 3, "no bf16 rate of T4"),
    ],
)
def test_other_libraries_and_sheets_that_do_not_fit_are_refused_in_one_line(capsys, command, code, words):
    Path("empty.json").write_text("{}")
    Path("none.json").write_text("[]")
    found, out, err = run(capsys, "predict", "resnet34", *command.split())
    assert (found, out) == (code, "")
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.usefixtures("machine")
def test_a_data_sheet_gives_a_bound_that_is_called_one(capsys):
    code, out, _ = run(
        capsys, "predict", "resnet50", "--data-sheet", "h200", "--precision", "tf32", "--batch-sizes", "8"
    )
    assert code == 0
    assert "A bound, no prediction" in out
    asked = ("predict", "resnet50", "--data-sheet", "H200", "--batch-sizes", "8", "--format", "json")
    (found,) = json.loads(run(capsys, *asked)[1])
    assert found["least_s"] == pytest.approx(2 * 8 * specs.totals(specs.find("resnet50")).macs / 67e12, rel=0.01)
