"""Golden files of every text form, and what each form promises beside them."""

import csv as csv_reader
import io
import json as json_reader
import math

import pytest

from resnet_bench.analysis.published import Published
from resnet_bench.report.cells import show_column
from resnet_bench.report.document import Document
from resnet_bench.report.documents import run as view
from resnet_bench.report.renderers import csv, json, markdown, text
from resnet_bench.report.rows import objects
from resnet_bench.report.table import Column, ColumnKind, Table
from tests import goldens
from tests.make import HOSTILE, big_run, gpu_run, suite_run, troubled_run

ACCURACY = {"resnet18": 0.69758, "resnet34": 0.73314, "resnet50": 0.7613, "resnet101": 0.77374, "resnet152": 0.78312}
RENDERERS = {"txt": text.render, "md": markdown.render}


def catalog(model):
    return Published(family="resnet", accuracy=ACCURACY.get(model))


def document(*runs):
    return view.build(runs, catalog=catalog)


DOCUMENTS = {
    "quick": lambda: document(suite_run()),
    "troubled": lambda: document(troubled_run()),
    "two": lambda: document(
        suite_run(launches=8, noise=0.003),
        suite_run(launches=8, noise=0.003, seed=9, speed=1.05, revision="abcdef0123456"),
    ),
    "cpu-gpu": lambda: document(
        suite_run(launches=6), gpu_run(batch_sizes=(1, 64, 1024), models=("resnet18", "resnet152"))
    ),
}


@pytest.mark.parametrize("ending", RENDERERS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_golden(name, ending):
    """Nothing is cut in them, as in a file."""
    goldens.check(RENDERERS[ending](DOCUMENTS[name]()), f"report/{name}.{ending}")


def test_the_quick_presets_summary_fits_a_terminal():
    lines = text.render(document(suite_run()), 100).splitlines()
    assert max(map(len, lines)) <= 100


def test_text_aligns_numbers_at_the_point():
    column = Column(key="x", title="x", kind=ColumnKind.LATENCY, unit="ms")
    of = Table(id="t", caption="", columns=(column,), rows=((0.001,), (1.234,), (0.0123,)), shown=("x",))
    numbers = text.table(of).splitlines()[3:]
    assert numbers == ["   1.000", "1234", "  12.30"]


@pytest.mark.parametrize(
    ("ratio", "low", "high", "said"),
    [
        (16.414, 12.0, 21.0, ("16", "±28 %")),
        (1.1472, 1.10, 1.19, ("1.15", "±4.1 %")),
        (1.704, 1.4, 2.0, ("1.7", "±18 %")),
        (1.1472, 1.1471, 1.1473, ("1.147", "±0.0 %")),
        (1.030, 1.004, 1.065, ("1.030", "(1.004 to 1.065)")),
        (0.97, 0.93, 0.998, ("0.970", "(0.930 to 0.998)")),
        (1.02, 0.99, 1.04, ("1.02", "±2.9 %")),
        (1.5, None, None, ("1.500", "")),
        (131.4, 100.0, 170.0, ("131", "±29 %")),
        (0.866, 0.000269, 2840.0, ("0.87", "no estimate")),
        (1.0, 0.05, 3.0, ("1.0", "no estimate")),
        (100.0, 1.5, 6600.0, ("100", "(1.500 to 6.6e+03)")),
        (0.02, 0.0005, 0.9, ("0.02", "(0.0005 to 0.900)")),
    ],
)
def test_a_ratio_has_the_digits_of_its_interval_which_denies_no_decision(ratio, low, high, said):
    columns = (
        Column(key="gain", title="gain", kind=ColumnKind.RATIO, low="low", high="high"),
        *(Column(key=key, title=key, kind=ColumnKind.RATIO) for key in ("low", "high")),
    )
    table = Table(id="it", caption="", columns=columns, rows=((ratio, low, high),), shown=("gain",))
    assert show_column(table, columns[0]) == [said]


def test_text_says_which_columns_had_no_room():
    narrow = text.render(document(suite_run()), 60)
    assert "not shown for want of width" in narrow
    assert "params" in narrow.rpartition("not shown")[2]


def test_text_of_a_name_cannot_steer_a_terminal():
    run = suite_run(models=("resnet\x1b[2J\u202e18",), batch_sizes=(1,))
    content = text.render(document(run))
    assert "\x1b" not in content
    assert "\u202e" not in content
    assert "resnet\\x1b[2J\\u202e18" in content


@pytest.mark.parametrize("cases", [800, 3000])
def test_markdown_is_at_most_60_kb_and_says_what_is_left_out(cases):
    content = markdown.render(document(big_run(cases, launches=2, samples=3)))
    assert len(content.encode()) <= 60_000
    assert "more rows are in the HTML report." in content
    assert content.count("<details>") == content.count("</details>")


def test_markdown_stays_within_its_limit_whatever_the_names():
    names = tuple(f"{'x|`<' * 400}{number}" for number in range(40))
    run = suite_run(models=names, batch_sizes=(1,), troubles=True, samples=3)
    assert len(markdown.render(document(run)).encode()) <= 60_000


@pytest.mark.parametrize("runs", [5, pytest.param(30, marks=pytest.mark.slow)])
def test_markdown_of_many_runs_stays_within_its_limit_and_keeps_its_summary(runs):
    spec = dict(launches=6, noise=0.003, samples=12, batch_sizes=(1, 2, 4, 8, 16, 32, 64))
    compared = [suite_run(**spec, seed=at, speed=1 + at / 20, revision=f"{at:07}bcdef") for at in range(runs)]
    content = markdown.render(document(*compared))
    assert len(content.encode()) <= 60_000
    assert content.count("| `resnet152` | 64 |") >= (runs == 5)
    assert "| `resnet18` | 1 |" in content
    assert content.count("<details>") == content.count("</details>")


def test_markdown_shows_names_as_they_are():
    content = markdown.render(document(troubled_run(models=("resnet18", HOSTILE, "a|b`c", "@everyone"))))
    assert f"| `{HOSTILE}` |" in content
    assert "``a\\|b`c``" in content
    assert "@everyone" not in content.replace("`@everyone`", "")
    assert "<img" not in content.replace(f"`{HOSTILE}`", "")


def test_json_and_csv_hold_the_same_values():
    built = document(troubled_run())
    rows = json_reader.loads(json.render(built))["results"]
    table = list(csv_reader.DictReader(io.StringIO(csv.render(built))))
    assert len(rows) == len(table) == 12
    for left, right in zip(rows, table, strict=True):
        assert left["latency_s"] == (float(right["latency_s"]) if right["latency_s"] else None)
        assert left["model"] == right["model"]
    assert {row["status"] for row in rows} == {"measured", "missing", "timeout", "crashed", "unsupported"}


def test_json_has_base_units_and_findings():
    run = suite_run()
    content = json_reader.loads(json.render(document(run)))
    assert content["results"][0]["parameters"] == 11_689_512
    assert content["results"][0]["macs_per_image"] == 1_814_073_344
    figures = {"accuracy-latency", "accuracy", "throughput", "latency", "distribution", "samples", "memory"}
    assert set(content["findings"]) == figures


def test_the_last_bits_of_a_number_which_processors_compute_differently_are_written_nowhere():
    def written(value):
        columns = (Column(key="x", title="x", kind=ColumnKind.LATENCY),)
        table = Table(id="t", caption="", columns=columns, rows=((value,),), shown=("x",))
        document = Document(title="", kind="", content=lambda: objects(table), rows=lambda: table)
        return json.render(document), csv.render(document)

    third = 1 / 3
    assert (
        written(math.nextafter(third, 1))
        == written(third)
        == ('[\n  {\n    "x": 0.333333333333\n  }\n]\n', "x\n0.333333333333\n")
    )
    assert written(0.000000001) != written(0.000000002)
    assert written(899.123456789)[1] == "x\n899.123456789\n"
