"""A run as Parquet and as a workbook, read back by their own libraries; and what is said where those are missing."""

import importlib.util

import pytest

from resnet_bench import cli
from resnet_bench.errors import ExitCode
from tests import make


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    of = make.case(model='=HYPERLINK("x")')
    make.save_run(tmp_path / "r", make.run_of([make.measurement(make.noisy_launches(1), of=of)]))
    return tmp_path


@pytest.mark.parametrize("form", ["parquet", "xlsx"])
@pytest.mark.usefixtures("run")
def test_what_is_missing_is_named_with_how_to_get_it(form, capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert cli.run(["export", "r", "--to", form, "-o", f"x.{form}"]) == ExitCode.USAGE
    assert "which is not installed: pip install 'resnet-bench[export]'" in capsys.readouterr().err


@pytest.mark.usefixtures("run")
def test_a_file_has_to_be_named(capsys):
    assert cli.run(["export", "r", "--to", "xlsx"]) == ExitCode.USAGE
    assert "--to xlsx writes a file; name it with -o, such as -o r.xlsx" in capsys.readouterr().err


def test_a_table_reads_back_from_parquet(run):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    assert cli.run(["export", "r", "--to", "parquet", "-o", "x.parquet"]) == 0
    assert cli.run(["export", "r", "--to", "parquet", "-o", "x.parquet"]) == 0  # over a former one
    frame = pandas.read_parquet(run / "x.parquet")
    assert list(frame["model"]) == ['=HYPERLINK("x")']
    assert frame["latency_s"].dtype == "float64"


def test_a_workbook_holds_texts_as_texts(run):
    openpyxl = pytest.importorskip("openpyxl")
    assert cli.run(["export", "r", "--to", "xlsx", "-o", "x.xlsx"]) == 0
    sheet = openpyxl.load_workbook(run / "x.xlsx").active
    head, row = map(list, sheet.iter_rows())
    cells = {name.value: cell for name, cell in zip(head, row, strict=True)}
    assert (cells["model"].value, cells["model"].data_type) == ('=HYPERLINK("x")', "s")
    assert cells["latency_s"].data_type == "n"


def test_another_file_is_never_replaced(run, capsys):
    (run / "mine.xlsx").write_text("notes")
    assert cli.run(["export", "r", "--to", "xlsx", "-o", "mine.xlsx"]) == ExitCode.USAGE
    assert "was not written by this tool" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["parquet", "xlsx"])
def test_a_former_one_is_replaced_and_another_of_its_form_is_not(run, capsys, form):
    pytest.importorskip({"parquet": "pyarrow", "xlsx": "openpyxl"}[form])
    path = run / f"x.{form}"
    assert [cli.run(["export", "r", "--to", form, "-o", path.name]) for _ in range(2)] == [0, 0]
    path.write_bytes(path.read_bytes().replace(b"resnet-bench", b"another-tool"))
    assert cli.run(["export", "r", "--to", form, "-o", path.name]) == ExitCode.USAGE
    assert "was not written by this tool" in capsys.readouterr().err
