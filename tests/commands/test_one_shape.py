"""What JSON and CSV of every command promise: records under their fields' names, and the same keys in both."""

import csv
import io
import json
from pathlib import Path

import msgspec
import pytest

from resnet_bench import cli, specs
from resnet_bench.analysis.fleet import held_against_their_kind
from resnet_bench.analysis.layers import By, Dissection
from resnet_bench.analysis.verdicts.calibration import calibrate_case
from resnet_bench.analysis.verdicts.sequential import decide
from resnet_bench.records import Comparison, Executor, FleetMember, Interval, Machine, Record
from resnet_bench.records.bisections import BisectionResult, BisectionStep, StepRuling
from resnet_bench.records.calibration import Calibration
from resnet_bench.records.live import MatchupResult, PairedSamples
from resnet_bench.report.documents import bisection, calibration, catalogue, fleet, layers, live, machine, machines
from resnet_bench.report.renderers import Format, of_file, render
from resnet_bench.report.rows import record_rows
from resnet_bench.report.table import ColumnKind
from resnet_bench.words import celled
from tests import make
from tests.commands.workplace import run
from tests.make import save_run, suite_run
from tests.runner.known_costs import KnownCosts


def keys(of, path=()):
    """The paths of all values but those in lists: what CSV calls its columns."""
    if not isinstance(of, dict):
        return {".".join(path)}
    return {key for name, value in of.items() for key in keys(value, (*path, name))}


def value_at(of, path):
    for name in path.split("."):
        of = None if of is None else of[name]
    return of


def csv_of(capsys, *command):
    return list(csv.DictReader(io.StringIO(run(capsys, *command, "--format", "csv")[1])))


def json_of(capsys, *command):
    return json.loads(run(capsys, *command, "--format", "json")[1])


def holds(cell, value):
    """Whether a cell of CSV is a value of JSON; what a spreadsheet would compute is kept from it in CSV alone."""
    if isinstance(value, bool | list):
        return json.loads(cell) == value
    if isinstance(value, str):
        return cell == celled(value)
    return cell == ("" if value is None else str(value))


def named(first, key):
    """Return rows that have the model's name beside them."""
    return lambda content: [{"model": first} | it for it in content[0][key]]


def points(content):
    """Return every point of every series: JSON has them in columns, beside the commits that they are of."""
    found = []
    for series in content["series"]:
        columns = [series.pop(name) for name in ("commits", "values", "low", "high")]
        starts = {change["first_after"]: change for change in series.pop("changes")}
        suspected = series.pop("suspected")
        doubted = {suspected["first_after"]: suspected} if suspected else {}
        for place, value, low, high in zip(*columns, strict=True):
            point = {"place": place, "commit": content["commits"][place], "value": value, "low": low, "high": high}
            found.append({**series, **point, "change": starts.get(place), "suspected": doubted.get(place)})
    return found


# What each command's CSV has rows of, in its JSON, and the module that builds its document.
COMMANDS = [
    ("catalogue", "list", lambda content: content),
    ("baselines", "baseline list", lambda content: content),
    ("choice", "report old --for throughput", lambda content: content["models"]),
    ("gallery", "report old --gallery", lambda content: content["models"]),
    ("settings", "run --print-config", lambda content: content),
    ("plan", "run --dry-run --device cpu", lambda content: content),
    ("verdicts", "compare old new", lambda content: content["comparisons"]),
    ("gate", "check new --baseline main", lambda content: content["outcomes"]),
    ("run", "report old --best", lambda content: content["best"]),  # the first of several tables
    ("run", "report old", lambda content: content["results"]),
    ("run", "report old new", lambda content: content["results"]),
    ("profiles", "profile resnet18", named("resnet18", "layers")),
    ("profiles", "profile resnet18 --by stage", named("resnet18", "groups")),
    ("history", "history runs", points),
    ("sheet_bounds", "predict resnet50 --data-sheet H200 --batch-sizes 1,8", lambda content: content),
]

_WAY = ("--device", "cpu", "--threads", "1")
# Those that know layers of this machine.
LEARNT = [
    ("layer_library", ("machine", "--layers", "resnet18", *_WAY), lambda content: content),
    ("predictions", ("predict", "resnet34", *_WAY), lambda content: content),
    (
        "designs",
        ("design", "--under", "latency 90 ms at batch 1", "--around", "resnet18", *_WAY),
        lambda content: content["designs"],
    ),
]


def without(name):
    return lambda content: [{key: value for key, value in it.items() if key != name} for it in content]


def live_document():
    turns = [
        PairedSamples(pair=pair, baseline_s=(0.01, 0.011), contender_s=(0.02 + pair / 1000, 0.021)) for pair in range(6)
    ]
    decision = decide([it.log_ratio for it in turns], band=0.02)
    compared = make.matchup(make.case(), make.case(executor=Executor.COMPILE))
    results = [MatchupResult(matchup=compared, turns=tuple(it), decision=decision) for it in (turns, ())]
    return live.document(results, ("main", "here"))


def calibration_document():
    case = calibrate_case("resnet18", [([1.0, 1.1], [1.0, 1.2])] * 3, band=0.02, seed=1)
    found = Calibration(environment="e1", device_name="d", created_at="t", bands=(), cases=(case,))
    return calibration.document(found)


def machine_document():
    seen = machine.Seen(environment=make.environment(), commit=make.commit(), ceilings=(make.CEILINGS,))
    return machine.document(seen, default_threads=1, kept=["ceilings.json"])


def machines_document():
    reached = Machine(name="b", launcher="ssh", host="bench", options=("-p", "22"), environment={"HF_HOME": "/hf"})
    member = FleetMember(machine=reached, device="cpu", environment=make.environment())
    return machines.document([machines.FoundMember(member=member, ceilings=(make.CEILINGS,))])


def fleet_document():
    measured = [
        make.measurement([[0.01 + number / 1e4 + index / 1e5] * 8 for index in range(3)], of=make.case(machine=name))
        for number, name in enumerate("abcd")
    ]
    return fleet.document(held_against_their_kind(make.run_of(measured)), name="run", every_row=True)


def layers_document(by):
    (profile,) = make.dissected(models=1).layers
    return layers.document([Dissection(profile=profile, ceilings=make.CEILINGS, headroom=None)], by)


def bisection_document():
    decision = decide([0.1] * 6, band=0.02)
    slower = BisectionStep(revision="b" * 40, subject="Pad twice", ruling=StepRuling.SLOWER, decision=decision)
    skipped = BisectionStep(
        revision="c" * 40, subject="Break it", ruling=StepRuling.SKIPPED, decision=None, detail="it does not build"
    )
    found = BisectionResult(
        good="a" * 40,
        bad="d" * 40,
        whole=decision,
        steps=(slower, skipped),
        candidates=("b" * 40,),
        subjects=("Pad twice",),
        change=decision,
    )
    return bisection.document(found)


# Those of commands that measure.
MEASURED = [
    ("bisection", bisection_document, lambda content: content["steps"]),
    ("live", live_document, without("turns")),  # every turn stands in JSON alone
    ("calibration", calibration_document, lambda content: content["cases"]),
    ("machine", machine_document, lambda content: [content]),
    ("machines", machines_document, lambda content: content),
    ("fleet", fleet_document, lambda content: content),
    ("layers", lambda: layers_document(By.LAYER), named("resnet18", "layers")),
    ("layers", lambda: layers_document(By.STAGE), named("resnet18", "groups")),
]


def assert_of_one_shape(of_json, of_csv):
    assert len(of_json) == len(of_csv) > 0
    for left, right in zip(of_json, of_csv, strict=True):
        known = {key for key in keys(left) if value_at(left, key) is not None}
        assert known <= right.keys()
        assert [key for key in known if not holds(right[key], value_at(left, key))] == []
        assert all(right[key] == "" for key in right.keys() - known)


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize(("command", "rows"), [it[1:] for it in COMMANDS])
def test_csv_has_the_keys_and_values_of_json(capsys, monkeypatch, command, rows):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(Path.cwd().parent))
    run(capsys, "baseline", "set", "main", "old")
    for number in range(3):
        save_run(Path(f"runs/{number}"), make.run_at("abc"[number] * 40, number, seed=number))
    assert_of_one_shape(rows(json_of(capsys, *command.split())), csv_of(capsys, *command.split()))


@pytest.mark.parametrize(("command", "rows"), [it[1:] for it in LEARNT])
def test_csv_of_what_layers_tell_has_the_keys_and_values_of_json(capsys, monkeypatch, tmp_path, command, rows):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    KnownCosts().install(monkeypatch)
    run(capsys, "machine", "--layers", "resnet18", *_WAY)
    assert_of_one_shape(rows(json_of(capsys, *command)), csv_of(capsys, *command))


@pytest.mark.parametrize(("made", "rows"), [it[1:] for it in MEASURED])
def test_csv_of_what_was_measured_has_the_keys_and_values_of_json(made, rows):
    of_json, of_csv = (render(made(), form) for form in (Format.JSON, Format.CSV))
    assert_of_one_shape(rows(json.loads(of_json)), list(csv.DictReader(io.StringIO(of_csv))))


def test_no_document_is_left_out():
    folder = Path(catalogue.__file__).parent
    assert {it[0] for it in (*COMMANDS, *LEARNT, *MEASURED)} == {path.stem for path in folder.glob("[a-z]*.py")}


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize(
    ("command", "of"),
    [("list", catalogue.RegistryEntry), ("compare old new", None)],
)
def test_json_has_the_fields_of_the_record(capsys, command, of):
    content = json_of(capsys, *command.split())
    record, found = (of, content[0]) if of else (Comparison, content["comparisons"][0])
    assert list(found) == list(record.__struct_fields__)


def test_profile_is_a_list_for_one_model_as_for_two(capsys):
    for models in (["resnet18"], ["resnet18", "resnet34"]):
        content = json_of(capsys, "profile", *models)
        assert [it["model"] for it in content] == models
        assert {"groups", "memory_limit_bytes", "largest_batch_size"} <= content[0].keys()


def test_columns_follow_from_the_type_and_not_from_what_was_found():
    class Found(Record, frozen=True, kw_only=True):
        name: str
        interval: Interval | None
        sizes: tuple[int, ...]
        rates: dict[str, float]

    nothing = record_rows(Found, [])
    assert [column.key for column in nothing.columns] == [
        *("name", "interval.low", "interval.high", "interval.confidence", "sizes")
    ]
    one = Found(name="a", interval=None, sizes=(1, 2), rates={"x": 0.5})
    rows = record_rows(Found, [one, msgspec.structs.replace(one, rates={"y": 1.0})])
    assert [column.key for column in rows.columns][-2:] == ["rates.x", "rates.y"]
    assert rows.rows == (("a", None, None, None, "[1,2]", 0.5, None), ("a", None, None, None, "[1,2]", None, 1.0))


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize(
    "command",
    [
        *("list", "baseline list", "compare old new", "check new --baseline main", "history runs", "report pages/run"),
        *("report pages/run --best", "profile resnet18 --by type"),
    ],
)
def test_every_command_writes_every_format(capsys, monkeypatch, form, command):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(Path.cwd().parent))
    run(capsys, "baseline", "set", "main", "old")
    save_run(Path("pages/run"), suite_run())
    save_run(Path("runs/one"), suite_run())
    code, out, err = run(capsys, *command.split(), "-o", f"both{form.suffix}")
    assert (code in {0, 1}, out, err) == (True, f"both{form.suffix}\n", "")
    text = Path(f"both{form.suffix}").read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    code, out, err = run(capsys, *command.split(), "--format", form.value)
    assert out == text  # neither has a width


def test_a_suffix_that_names_no_format_is_refused_before_anything_else(capsys, tmp_path):
    code, out, err = run(capsys, "profile", "nobody", "-o", str(tmp_path / "x.doc"))
    assert (code, out) == (2, "")
    assert "does not say its format: end it in one of .txt, .md" in err
    assert run(capsys, "list", "--format", "csv", "-o", str(tmp_path / "x.doc"))[0] == 0
    assert (tmp_path / "x.doc").read_text(encoding="utf-8").startswith("model,family,")
    assert "there is no folder" in run(capsys, "list", "-o", str(tmp_path / "none" / "x.md"))[2]


def test_suffixes_are_of_one_format_each():
    assert [of_file(Path(f"x{form.suffix}")) for form in Format] == list(Format)


def test_a_terminal_shows_what_fits_and_names_what_does_not(capsys, monkeypatch):
    printed = {}
    for columns in (60, 80, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert cli.run(["list"]) == 0
        printed[columns] = capsys.readouterr().out
        assert max(map(len, printed[columns].splitlines())) <= columns
    assert printed[80] != printed[200]
    assert "not shown for want of width: source, acc@5" in printed[80]
    assert "not shown" not in printed[200]
    entries = [catalogue.entry(specs.find(name)) for name in specs.names()]
    ranked = [column for column in catalogue.document(entries).sections[0].tables[0].columns if column.rank]
    assert all(column.kind is not ColumnKind.NAME for column in ranked)
    assert render(catalogue.document(entries), Format.TEXT) == printed[200]


def test_words_without_room_are_wrapped_and_none_is_lost(capsys, monkeypatch, tmp_path):
    """Beside the figures where there is room for a few words, else below their row; wide terminals drop no column."""
    saved = str(save_run(tmp_path / "run", suite_run()))
    shown = {}
    for columns in (100, 140, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert cli.run(["compare", saved, saved]) == 0
        shown[columns] = capsys.readouterr().out
        assert max(map(len, shown[columns].splitlines())) <= columns
        assert "launches a side would decide with a probability" in " ".join(shown[columns].split())
    assert "\n    interval -" in shown[100]
    assert "not shown for want of width: samples" in shown[100]
    assert "not shown" not in shown[200]


def test_a_table_in_latex_balances(capsys, workplace):
    run(capsys, "compare", "old", "new", "-o", "x.tex")
    text = (workplace / "x.tex").read_text(encoding="utf-8")
    assert text.count(r"\begin{") == text.count(r"\end{")
    unescaped = text.replace(r"\{", "").replace(r"\}", "")
    assert unescaped.count("{") == unescaped.count("}")
    assert r"a\textbar{}b\textless{}script\textgreater{}" in text
    for table in text.split(r"\begin{tabular}{")[1:]:
        columns, _, body = table.partition("}")
        rows = [line for line in body.splitlines() if line.endswith(r" \\")]
        assert {line.replace(r"\&", "").count("&") for line in rows} == {len(columns) - 1}
