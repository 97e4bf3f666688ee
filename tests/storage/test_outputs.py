"""A document replaces a former document, and nothing else."""

import pytest

from resnet_bench import cli
from resnet_bench.analysis.verdicts import sides
from resnet_bench.errors import StoreError
from resnet_bench.storage import baselines, outputs
from tests import make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        made = make.run_of([make.measurement(make.noisy_launches(1), profile=make.profile())], name=name)
        make.save_run(tmp_path / name, made)
    (tmp_path / "rules.toml").write_text('[[rule]]\nmetric = "parameters"\n')
    (tmp_path / "rules.xml").write_text('[[rule]]\nmetric = "parameters"\n')
    (tmp_path / "page.html").write_text("my own notes")
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
    ],
)
def test_nothing_that_is_no_former_document_is_overwritten(folder, capsys, command, target):
    before = (folder / target).read_bytes()
    assert cli.run(command.split()) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: cannot write {target}: ")
    assert err.endswith("; name another file.\n")
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
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_former_document_is_replaced(command):
    assert [cli.run(command.split()), cli.run(command.split())] == [0, 0]


def test_a_link_to_an_input_is_an_input(folder):
    (folder / "link.xml").symlink_to("rules.xml")
    with pytest.raises(StoreError, match=r"this command reads it"):
        outputs.check(folder / "link.xml", inputs=[folder / "rules.xml"])
