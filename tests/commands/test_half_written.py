"""A line that a kill cut short is never read in silence, whichever command reads it."""

import pytest

from resnet_bench import cli
from resnet_bench.analysis.verdicts import sides
from resnet_bench.storage import baselines, run_directory
from tests import make


@pytest.fixture
def folder(tmp_path):
    for name in ("whole", "cut"):
        made = make.run_of([make.measurement(make.noisy_launches(1), profile=make.profile())], name=name)
        make.save_run(tmp_path / name, made)
    with (tmp_path / "cut" / run_directory.LAUNCHES_NAME).open("ab") as file:
        file.write(b'{"type":"launch","ca')
    (tmp_path / "rules.toml").write_text('[[rule]]\nmetric = "parameters"\n')
    baselines.save(sides.from_runs([tmp_path / "whole"], "main"), tmp_path / "baselines")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "{f}/cut", "--format", "text"],
        ["report", "{f}/whole", "--baseline", "{f}/cut", "--format", "text"],
        ["compare", "{f}/whole", "{f}/cut"],
        ["compare", "{f}/cut", "{f}/whole"],
        ["check", "{f}/cut", "--baseline", "main", "--thresholds", "{f}/rules.toml"],
        ["baseline", "set", "again", "{f}/whole", "{f}/cut"],
        ["export", "{f}/cut", "--to", "csv"],
        ["merge", "{f}/cut", "-o", "{f}/merged"],
    ],
)
def test_it_is_warned_about_once_on_standard_error(folder, capsys, arguments):
    own = ["--baselines-dir", str(folder / "baselines")] if arguments[0] not in {"merge", "export"} else []
    assert cli.run([argument.format(f=folder) for argument in arguments] + own) == 0
    err = capsys.readouterr().err
    assert err.startswith(f"warning: {folder / 'cut' / run_directory.LAUNCHES_NAME}: the last line is half-written")
    assert err.count("\n") == 1


def test_a_baseline_file_does_not_remember_it(folder):
    again = sides.from_runs([folder / "cut"], "again")
    assert again.warnings
    baselines.save(again, folder / "baselines")
    assert sides.baseline("again", folder / "baselines").warnings == ()
