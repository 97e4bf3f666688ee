"""What JSON and CSV of every command promise: records under their fields' names, and the same keys in both."""

import csv
import io
import json
from pathlib import Path

import msgspec
import pytest

from resnet_bench import cli, specs
from resnet_bench.records import Comparison, Interval, Record
from resnet_bench.report.documents import catalogue
from resnet_bench.report.renderers import Format, of_file, render
from resnet_bench.report.rows import record_rows
from resnet_bench.report.table import ColumnKind
from tests.commands.workplace import run
from tests.make import save_run, suite_run


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


def as_cell(value):
    if value is None:
        return ""
    if isinstance(value, bool | list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return str(value)


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize(
    ("command", "rows"),
    [
        ("list", lambda content: content),
        ("baseline list", lambda content: content),
        ("run --print-config", lambda content: content),
        ("compare old new", lambda content: content["comparisons"]),
        ("check new --baseline main", lambda content: content["outcomes"]),
        ("report old --best", None),
        ("report old", lambda content: content["results"]),
        ("profile resnet18", lambda content: [{"model": "resnet18"} | it for it in content[0]["layers"]]),
        ("profile resnet18 --by stage", lambda content: [{"model": "resnet18"} | it for it in content[0]["groups"]]),
    ],
)
def test_csv_has_the_keys_and_values_of_json(capsys, command, rows):
    run(capsys, "baseline", "set", "main", "old")
    if rows is None:
        rows = lambda content: content["best"]  # noqa: E731 - the first of several tables
    of_json, of_csv = rows(json_of(capsys, *command.split())), csv_of(capsys, *command.split())
    assert len(of_json) == len(of_csv) > 0
    for left, right in zip(of_json, of_csv, strict=True):
        known = {key for key in keys(left) if value_at(left, key) is not None}
        assert known <= right.keys()
        assert all(right[key] == as_cell(value_at(left, key)) for key in known if not isinstance(left.get(key), list))
        assert all(right[key] == "" for key in right.keys() - known)


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
    assert "not shown for want of width: acc@5" in printed[80]
    assert "not shown" not in printed[200]
    entries = [catalogue.entry(specs.find(name)) for name in specs.names()]
    ranked = [column for column in catalogue.document(entries).sections[0].tables[0].columns if column.rank]
    assert all(column.kind is not ColumnKind.NAME for column in ranked)
    assert render(catalogue.document(entries), Format.TEXT) == printed[200]


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
