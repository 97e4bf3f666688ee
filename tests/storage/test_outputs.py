"""A document replaces a former document, and nothing else."""

from pathlib import Path

import pytest

from resnet_bench import cli
from resnet_bench.analysis.verdicts import sides
from resnet_bench.analysis.verdicts.sequential import decide
from resnet_bench.errors import StoreError
from resnet_bench.records.calibration import Calibration
from resnet_bench.records.live import MatchupResult
from resnet_bench.report.renderers import Format
from resnet_bench.runner import live
from resnet_bench.storage import baselines, calibrations, outputs, record_file
from tests import make

# What somebody else wrote, in a form that a document has too.
OWN = {
    "own.txt": "my notes\n\nof two lines\n",
    "own.md": "# mine\n\nnotes\n",
    "own.json": '{\n  "name": "mine"\n}\n',
    "windows.json": '{\r\n  "name": "mine"\r\n}\r\n',
    "own.csv": "model,latency_s\nresnet18,0.01\n",
    "windows.csv": "model,latency_s\r\nresnet18,0.01\r\n",
    "own.tex": "\\documentclass{article}\n",
    "own.xml": '<?xml version="1.0"?>\n<testsuite name="mine"/>\n',
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        made = make.run_of([make.measurement(make.noisy_launches(1), profile=make.profile())], name=name)
        make.save_run(tmp_path / name, made)
    (tmp_path / "rules.toml").write_text('[[rule]]\nmetric = "parameters"\n')
    (tmp_path / "rules.xml").write_text('[[rule]]\nmetric = "parameters"\n')
    (tmp_path / "page.html").write_text("<!doctype html>\n<p>my own notes\n")
    for name, text in OWN.items():
        (tmp_path / name).write_text(text)
    baselines.save(sides.from_runs([tmp_path / "one"], "main"), tmp_path / "baselines")
    return tmp_path


CHECK = "check two --baseline main --baselines-dir baselines"


@pytest.mark.parametrize(
    ("command", "target"),
    [
        ("report one --format json -o one/run.json", "one/run.json"),
        ("report one --format csv -o one/launches.jsonl", "one/launches.jsonl"),
        ("report one --format text -o two/run.json", "two/run.json"),
        ("export one --to csv -o one/launches.jsonl", "one/launches.jsonl"),
        ("compare one two --junit one/launches.jsonl", "one/launches.jsonl"),
        ("compare one main --baselines-dir baselines --format json -o baselines/main.json", "baselines/main.json"),
        (f"{CHECK} --thresholds rules.toml --junit rules.toml", "rules.toml"),
        (f"{CHECK} --thresholds rules.xml --junit rules.xml", "rules.xml"),
        (f"{CHECK} --thresholds rules.toml --junit page.html", "page.html"),
        (f"{CHECK} --thresholds rules.toml --format text -o rules.toml", "rules.toml"),
        (f"{CHECK} --thresholds rules.toml --format json -o baselines/main.json", "baselines/main.json"),
        ("report one -o page.html", "page.html"),
        ("ab HEAD HEAD --turns one/launches.jsonl", "one/launches.jsonl"),
        ("calibrate --calibration one/run.json", "one/run.json"),
        ("profile resnet18 --measured --trace one/run.json", "one/run.json"),
        ("profile resnet18 --measured --trace own.json", "own.json"),
        ("ab HEAD HEAD --turns own.json", "own.json"),
        ("ab HEAD HEAD --turns rules.toml", "rules.toml"),
        ("calibrate --calibration own.json", "own.json"),
        ("compare one two --junit own.xml", "own.xml"),
        *((f"list -o {name}", name) for name in OWN if not name.endswith(".xml")),
        *((f"compare one two -o {name}", name) for name in OWN if not name.endswith(".xml")),
    ],
)
def test_nothing_that_is_no_former_document_is_overwritten(folder, capsys, command, target):
    before = (folder / target).read_bytes()
    assert cli.run(command.split()) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: cannot write {target}: ")
    assert err.endswith("name another file.\n")
    assert (folder / target).read_bytes() == before


@pytest.mark.parametrize(
    "command",
    [
        "report one -o new.html",
        "report one",
        "report one --format csv -o new.csv",
        "compare one two --format json -o new.json",
        "compare one two --junit new.xml",
        f"{CHECK} --thresholds rules.toml --junit new.xml",
        *(f"list -o new{form.suffix}" for form in Format),
        *(f"profile resnet18 -o new{form.suffix}" for form in Format),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_former_document_is_replaced(command):
    assert [cli.run(command.split()), cli.run(command.split())] == [0, 0]


@pytest.mark.parametrize("form", [form for form in Format if form is not Format.HTML])
def test_a_document_whose_end_was_changed_is_no_former_one(folder, form):
    path = folder / f"new{form.suffix}"
    assert cli.run(["list", "-o", str(path)]) == 0
    path.write_bytes(path.read_bytes() + b"mine\n")
    assert cli.run(["list", "-o", str(path)]) == 2
    assert path.read_bytes().endswith(b"mine\n")


@pytest.mark.parametrize("content", ["[]\n", "model,latency_s\n", "nothing to compare\n"])
def test_a_document_of_one_line_is_known_again_and_reads_as_it_did(tmp_path, content):
    path = outputs.write(tmp_path / "new.csv", content)
    outputs.check(path)
    assert path.read_text().rstrip("\n") == content.rstrip("\n")
    path.write_bytes(content.replace("\n", "\r\n").encode())
    with pytest.raises(StoreError, match="not written by this tool"):
        outputs.check(path)


def test_a_page_of_an_older_release_is_a_former_one():
    pages = [*Path("reports/published").glob("*/report.html")]
    assert pages
    assert all(outputs.is_marked(page) for page in pages)


@pytest.mark.parametrize("command", [["run", "--device", "cpu", "-o", "mine"], ["run", "--resume", "one"]])
def test_a_page_that_is_no_report_is_not_replaced_by_a_runs(folder, capsys, command):
    directory = folder / command[-1]
    directory.mkdir(exist_ok=True)
    (directory / "report.html").write_text("<!doctype html>\n<p>my own notes\n")
    assert cli.run(command) == 2
    assert "report.html: what is there was not written by this tool" in capsys.readouterr().err
    assert (directory / "report.html").read_text().endswith("my own notes\n")


def test_a_file_that_is_no_baseline_is_not_replaced_by_one(folder, capsys):
    (folder / "baselines" / "mine.json").write_text('{"mine": 1}')
    assert cli.run(["baseline", "set", "mine", "one", "--baselines-dir", "baselines"]) == 2
    assert "remove it, or choose another name" in capsys.readouterr().err
    assert (folder / "baselines" / "mine.json").read_text() == '{"mine": 1}'


def test_turns_and_calibrations_of_our_own_are_replaced(folder):
    turns = folder / "turns.jsonl"
    live.save(turns, [MatchupResult(matchup=make.matchup(make.case(), make.case()), turns=(), decision=NOTHING)])
    outputs.check(turns, ours=live.holds_turns)
    record_file.write(CALIBRATION, folder / "calibration.json")
    outputs.check(folder / "calibration.json", ours=calibrations.is_one)


NOTHING = decide([], band=0.02)
CALIBRATION = Calibration(environment="e1", device_name="d", created_at="t", bands=(), cases=())


def test_a_link_to_an_input_is_an_input(folder):
    (folder / "link.xml").symlink_to("rules.xml")
    with pytest.raises(StoreError, match=r"this command reads it"):
        outputs.check(folder / "link.xml", inputs=[folder / "rules.xml"])
