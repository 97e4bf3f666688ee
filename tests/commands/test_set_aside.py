"""A line that cannot be read leaves its run incomplete, and every gate says so."""

import pytest

from resnet_bench import cli
from resnet_bench.analysis.verdicts import sides
from resnet_bench.storage import baselines, run_directory
from tests import make


@pytest.fixture
def folder(tmp_path):
    for name in ("whole", "bad"):
        made = make.run_of([make.measurement(make.noisy_launches(1), profile=make.profile())], name=name)
        make.save_run(tmp_path / name, made)
    path = tmp_path / "bad" / run_directory.LAUNCHES_NAME
    first, *rest = path.read_bytes().splitlines()
    zero = first.replace(b'"elapsed_s":[', b'"elapsed_s":[0.0,', 1)
    path.write_bytes(b"\n".join([*rest, zero]) + b"\n")
    (tmp_path / "rules.toml").write_text('[[rule]]\nmetric = "parameters"\n')
    baselines.save(sides.from_runs([tmp_path / "whole"], "main"), tmp_path / "baselines")
    return tmp_path


def checked(folder, run, *more):
    options = ["--thresholds", str(folder / "rules.toml"), "--baselines-dir", str(folder / "baselines"), *more]
    return cli.run(["check", str(folder / run), "--baseline", "main", *options])


def test_check_is_incomplete_and_says_which_line(folder, capsys):
    assert checked(folder, "whole") == 0
    capsys.readouterr()
    assert checked(folder, "bad", "--github", "--junit", str(folder / "junit.xml")) == 3
    out, err = capsys.readouterr()
    assert "check: incomplete" in out
    assert "launches.jsonl, line" in out
    assert "::error title=resnet-bench check::" in err
    assert "$.isolated.elapsed_s[0]" in err
    assert "every line read" in (folder / "junit.xml").read_text()


def test_the_rest_is_reported_and_nothing_is_merged(folder, capsys):
    assert cli.run(["report", str(folder / "bad"), "--format", "csv"]) == 0
    assert cli.run(["merge", str(folder / "bad"), "-o", str(folder / "merged")]) == 2
    assert "Only a whole run can be merged" in capsys.readouterr().err
    assert not (folder / "merged").exists()


def test_what_a_file_holds_reaches_no_terminal_raw(folder, capsys):
    path = folder / "whole" / run_directory.HEADER_NAME
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("{", '{"\\n::error title=a::pwn\\u001b[31m\\u2028": 1, ', 1), encoding="utf-8")
    assert cli.run(["report", str(folder / "whole")]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert err.startswith("error: ")
    assert err.removesuffix("\n").isprintable()


def test_a_model_is_no_workflow_command(tmp_path, capsys):
    hostile = "::add-mask::resnet"
    cases = [make.case(model=hostile, batch_size=size) for size in (1, 8)]
    measured = [make.measurement(make.noisy_launches(1), of=of, profile=make.profile(of)) for of in cases]
    made = make.run_of(measured, name="r")
    directory = make.save_run(tmp_path / "r", made)
    for form in ("text", "markdown", "csv", "json", "latex"):
        assert cli.run(["report", str(directory), "--best", "--format", form]) == 0
        out = capsys.readouterr().out
        assert "add-mask" in out
        assert not [line for line in out.splitlines() if line.lstrip().startswith("::")]


@pytest.mark.parametrize("command", [("report",), ("history",)])
def test_a_path_that_no_file_system_takes_is_a_usage_error(command, capsys):
    assert cli.run([*command, "a" * 300]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: cannot use ")
    assert err.endswith(": File name too long.\n")


def test_toml_nested_too_deeply_is_a_configuration_error(folder, capsys):
    (folder / "rules.toml").write_text("a = " + "[" * 20_000)
    assert checked(folder, "whole") == 2
    assert cli.run(["run", str(folder / "rules.toml"), "--dry-run", "--device", "cpu"]) == 2
    assert capsys.readouterr().err.count("rules.toml") == 2
