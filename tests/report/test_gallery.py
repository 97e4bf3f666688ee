"""The gallery: an index of published runs with links that lead to their pages, and every model across the machines."""

from pathlib import Path

import pytest

from resnet_bench import cli
from resnet_bench.records import Precision
from resnet_bench.report.documents import gallery
from resnet_bench.report.renderers import csv, html
from tests.make import change, save_run, suite_run


def on(machine, run):
    """Return the run as one of another machine."""
    (there,) = run.header.environments
    known = change(there, identity=change(there.identity, device_name=machine))
    return change(run, header=change(run.header, environments=(known,)))


@pytest.fixture
def published(tmp_path):
    for name, speed in (("epyc box", 1.0), ("xeon#2", 2.0)):
        run = suite_run(models=("resnet18", "resnet50"), launches=4, speed=speed, run_id=f"id of {name}")
        save_run(tmp_path / "published" / name, on(name, run))
    (tmp_path / "published" / "notes").mkdir()
    return tmp_path / "published"


def test_an_index_is_written_beside_the_runs_with_a_link_to_each_page(published, capsys):
    assert cli.run(["report", *map(str, sorted(published.iterdir())), "--gallery"]) == 0
    capsys.readouterr()
    assert cli.run(["report", *map(str, sorted(published.iterdir())), "--gallery"]) == 0  # the index lies there now
    out, err = capsys.readouterr()
    assert out.strip() == str(published / "index.html")
    assert "notes is no run" in err
    page = (published / "index.html").read_text(encoding="utf-8")
    assert 'href="./epyc%20box/report.html">epyc box</a>' in page
    assert 'href="./xeon%232/report.html">xeon#2</a>' in page
    assert "ResNets on 2 machines" in page


def test_each_model_has_its_best_throughput_on_each_machine():
    runs = [suite_run(models=("resnet18",), launches=4, speed=speed) for speed in (1.0, 2.0)]
    lines = csv.render(gallery.build(runs, [Path("a/report.html"), Path("b/report.html")])).splitlines()
    cells = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert float(cells["throughput_1"]) / float(cells["throughput_0"]) == pytest.approx(2.0, rel=0.05)
    assert float(cells["low_0"]) < float(cells["throughput_0"]) < float(cells["high_0"])


def finding(*runs):
    document = gallery.build(runs, [Path(f"{number}/report.html") for number, _ in enumerate(runs)])
    (figure,) = [it for section in document.sections for it in section.figures]
    return figure.finding


def test_the_figure_says_which_machine_is_the_fastest_where_that_is_proven():
    def run(name, *models, speed=1.0, machine="", **more):
        return on(machine or name, suite_run(models=models, launches=6, speed=speed, run_id=name, **more))

    slow, fast = run("slow", "resnet18", "resnet50"), run("fast", "resnet18", "resnet50", speed=2.0)
    by = "1.98x to 1.99x the next machine."
    assert finding(slow, fast) == f"fast is the fastest machine for each of the 2 models that several measured, {by}"
    assert "fast is the fastest machine for resnet18, 1.9" in finding(slow, run("fast", "resnet18", speed=2.0))
    alike = finding(slow, run("alike", "resnet18", "resnet50"))
    assert alike == "Which is the fastest for resnet18 and resnet50 is not proven."
    assert finding(slow, run("other", "resnet34")) == "No model was measured on two machines."

    # Its runs in bf16 are not what others are compared with, and a second run of a machine is no other machine.
    both = run("slow too", "resnet18", "resnet50", precisions=(Precision.BF16,), machine="slow")
    assert f"is the fastest machine for each of the 2 models that several measured, {by}" in finding(slow, both, fast)
    document = gallery.build([slow, both, fast], [Path("a"), Path("b"), Path("c")])
    assert document.title == "ResNets on 2 machines in 3 runs"
    (table,) = [it for section in document.sections if section.id == "models" for it in section.tables]
    assert table.caption.startswith("Each model's best throughput of each run in eager float32")
    assert {key for key in table.shown if key.startswith(("fastest", "by"))} == {"fastest_1", "by_1"}
    assert table.rows[0][table.index("by_1")].startswith("bf16 · batch ")
    assert table.caption.endswith("; beside it the fastest of all configurations")
    group = next(it.group for it in table.columns if it.key == "by_1")
    assert group.endswith(", fastest of all")

    # A machine is called by its name, not by that of one of its runs.
    plain = run("first day", "resnet18", "resnet50", machine="EPYC", speed=2.0)
    assert finding(slow, plain).startswith("EPYC is the fastest machine")


def test_a_folder_that_would_be_a_script_is_only_a_folder():
    content = html.render(gallery.build([suite_run()], [Path("javascript:alert(1)//x/report.html")]))
    assert 'href="./javascript%3Aalert' in content


def test_what_holds_no_run_has_no_gallery(tmp_path, capsys):
    assert cli.run(["report", str(tmp_path), "--gallery"]) == 2
    assert "not a run directory" in capsys.readouterr().err
