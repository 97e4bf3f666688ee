"""A new output format is one module and one row: every command then prints and writes it."""

import pytest

from tests.make import measurement, noisy_launches, run_of, save_run

ROW = '    CSV = "csv", ".csv"\n'
MODULE = '''"""The rows of a document, separated by tabs."""

from resnet_bench.report.document import Document


def render(document: Document, _width: int | None = None) -> str:
    """Return the rows under their keys."""
    rows = document.rows()
    lines = [[column.key for column in rows.columns], *rows.rows]
    return "".join("\\t".join(map(str, line)) + "\\n" for line in lines)
'''
CHECK = """
from resnet_bench.report.document import Document
from resnet_bench.report.table import Column, ColumnKind, Table
from resnet_bench.report.renderers import Format, render
table = Table(id="t", caption="", columns=(Column(key="x", title="x", kind=ColumnKind.TEXT),), rows=(), shown=("x",))
document = Document(title="", kind="", content=list, rows=lambda: table)
for form in Format:
    try:
        render(document, form)
    except (ModuleNotFoundError, AttributeError) as error:
        raise SystemExit(f"{form}: {error}")
"""


@pytest.fixture
def with_tsv(house):
    house.replace("report/renderers/__init__.py", ROW, ROW + '    TSV = "tsv", ".tsv"\n')
    house.write("report/renderers/tsv.py", MODULE)
    for name, seed in (("old", 1), ("new", 2)):
        save_run(house.home / name, run_of([measurement(noisy_launches(seed))], name=name))
    return house


@pytest.mark.parametrize(
    ("command", "first"),
    [
        (("list", "resnet1*"), "model\tfamily\t"),
        (("compare", "old", "new"), "case.model\t"),
        (("report", "old"), "run\tmodel\t"),
        (("profile", "resnet18"), "model\tmemory_limit_bytes\t"),
    ],
)
def test_commands_print_and_write_it(with_tsv, command, first):
    printed = with_tsv.run(*command, "--format", "tsv")
    assert printed.stdout.startswith(first), printed.stderr
    done = with_tsv.run(*command, "-o", "x.tsv")
    assert (done.returncode, done.stdout) == (0, "x.tsv\n"), done.stderr
    assert (with_tsv.home / "x.tsv").read_text() == printed.stdout
    assert "tsv" in with_tsv.run(command[0], "--help").stdout


@pytest.mark.parametrize(("written", "named"), [(None, "tsv"), ('"""Nothing yet."""\n', "render")])
def test_who_forgets_a_part_is_named(house, written, named):
    """As tests/commands/test_one_shape.py does for the formats there are."""
    house.replace("report/renderers/__init__.py", ROW, ROW + '    TSV = "tsv", ".tsv"\n')
    if written:
        house.write("report/renderers/tsv.py", written)
    done = house.python("-c", CHECK)
    assert done.returncode == 1
    assert named in done.stderr
