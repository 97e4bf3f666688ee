"""Figures drawn without a browser: every role, names as text, thinned, and as files."""

import math
import xml.etree.ElementTree as ET  # our own drawings
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_bench import cli
from resnet_bench.report import figure_files
from resnet_bench.report.documents import run as view
from resnet_bench.report.figure import Figure, FigureAxis, LimitLine, Role, Scale, Series
from resnet_bench.report.figures import plotly_figure
from resnet_bench.report.svg.drawing import svg
from resnet_bench.report.svg.marks import drawn
from resnet_bench.report.svg.scales import nice, ruler
from resnet_bench.report.svg.tiles import Area, squares
from resnet_bench.storage import outputs
from tests.make import HOSTILE, big_run, dissected, gpu_run, save_run, suite_run, troubled_run

NAMESPACE = "{http://www.w3.org/2000/svg}"


def parsed(content):
    return ET.fromstring(content)  # noqa: S314 - our own drawing


def figures(*runs):
    return [it for section in view.build(runs).sections for it in section.figures]


@pytest.mark.parametrize(
    "run",
    [suite_run, troubled_run, gpu_run, dissected, lambda: suite_run(batch_sizes=(1,))],
    ids=["quick", "troubled", "gpu", "layers", "dots"],
)
def test_every_figure_is_a_drawing_with_its_sentence_and_marks(run):
    for figure in figures(run()):
        root = parsed(svg(figure, alone=True))
        assert figure.finding in root.find(f"{NAMESPACE}title").text
        marks = [it for it in root.iter() if it.tag in {f"{NAMESPACE}path", f"{NAMESPACE}circle", f"{NAMESPACE}rect"}]
        assert len(marks) > 4, figure.id


def test_every_role_has_its_marks():
    seen = {it.role for run in (gpu_run(), dissected(), suite_run()) for figure in figures(run) for it in figure.series}
    assert seen >= set(Role) - {Role.DOTS, Role.CURVE, Role.WARMUP, Role.DOMINATED}
    for role in set(Role) - {Role.BARS, Role.TILES}:
        assert role in drawn.__globals__["_DRAW"]


def test_a_limit_is_a_line_at_its_value_with_its_words():
    figure = next(it for it in figures(suite_run()) if it.budget_unit == "s")
    values = [x for it in figure.series for x in it.x]
    limit = LimitLine(at=min(values) * 1.2, words="200 ms")
    group = next(it for it in parsed(svg(figure, alone=True, limit=limit)).iter() if it.get("class") == "limit")
    assert group.find(f"{NAMESPACE}text").text == "200 ms"
    scale, *ends = group.get("data-axis").split()
    low, high, start, end = map(float, ends)
    share = (math.log10(limit.at) - low) / (high - low)
    assert scale == "log"
    drawn_at = float(group.get("transform").removeprefix("translate(").removesuffix(")"))
    assert drawn_at == pytest.approx(start + share * (end - start), abs=0.2)


def test_marks_stay_within_the_drawing():
    for figure in figures(troubled_run()):
        root = parsed(svg(figure, alone=True))
        width, height = float(root.get("width")), float(root.get("height"))
        for it in root.iter(f"{NAMESPACE}circle"):
            assert 0 <= float(it.get("cx")) <= width
            assert 0 <= float(it.get("cy")) <= height
        for it in root.iter(f"{NAMESPACE}text"):
            assert 0 <= float(it.get("x")) <= width
            assert 0 <= float(it.get("y")) <= height


def test_names_are_only_text():
    for figure in figures(troubled_run()):
        content = svg(figure, alone=True)
        assert "<img" not in content
        assert "<script" not in content
        root = parsed(content)
        assert {it.tag.removeprefix(NAMESPACE) for it in root.iter()} <= {
            *("svg", "title", "style", "rect", "g", "path", "circle", "text")
        }
    assert any(HOSTILE[:8] in (it.text or "") for it in root.iter())


def test_a_drawing_of_500_cases_is_thinned_to_what_print_shows():
    drawings = {figure.id: svg(figure) for figure in figures(big_run(500))}
    assert {name: len(it) for name, it in drawings.items() if len(it) > 60_000} == {}
    assert all("in the table" in drawings[name] for name in ("throughput", "memory", "distribution"))


def crowd(number):
    """So many models as points, the last of them alone on the frontier."""
    dots = [
        Series(name=f"m{at}", legend=f"m{at}", hue=at, x=(float(at + 1),), y=(70.0,), labels=(f"m{at}",), rows=(at,))
        for at in range(number)
    ]
    best = dots[-1]
    front = Series(name="Pareto frontier", legend="Pareto frontier", role=Role.FRONTIER, hue=0, x=best.x, y=best.y)
    axis, table = FigureAxis(title="x"), figures(suite_run())[0].table
    return Figure(
        id="crowd",
        title="t",
        finding="m1 is dominated.",
        how_to_read="",
        x=axis,
        y=axis,
        series=(front, *dots),
        table=table,
    )


@pytest.mark.parametrize("number", [16, 40, 41, 200])
def test_what_is_drawn_of_many_is_never_without_the_frontier_or_what_the_sentence_names(number):
    figure = crowd(number)
    texts = {it.text for it in parsed(svg(figure, alone=True)).iter(f"{NAMESPACE}text")}
    assert {"m1", f"m{number - 1}"} <= texts
    assert any("in the table" in (it or "") for it in texts) == (number > 40)
    assert {"m1", f"m{number - 1}"} == set(figure.foremost()[:2])
    meta = plotly_figure(figure)["layout"].get("meta", figure.foremost())
    assert tuple(meta) == figure.foremost()


def test_names_of_configurations_are_drawn_whole():
    name = "resnet18 · int8 · contiguous · onnxruntime, batch 16 (111.8 dB)"
    dots = Series(name="", legend="", role=Role.DOTS, hue=0, x=(1.0,), y=(name,), rows=(0,))
    figure = msgspec.structs.replace(crowd(1), y=FigureAxis(title="", scale=Scale.CATEGORY), series=(dots,))
    assert name in {it.text for it in parsed(svg(figure, alone=True)).iter(f"{NAMESPACE}text")}


def test_the_same_figure_gives_the_same_drawing():
    assert [svg(it) for it in figures(suite_run())] == [svg(it) for it in figures(suite_run())]


@given(st.floats(1e-6, 1e6), st.floats(1.0001, 1e6))
def test_ticks_are_round_rising_and_between_the_bounds(low, factor):
    high = low * factor
    ticks = nice(low, high)
    assert list(ticks) == sorted(set(ticks))
    assert all(low - 1e-9 * high <= it <= high * (1 + 1e-9) for it in ticks)
    assert len(ticks) <= 9


@given(st.lists(st.floats(1e-3, 1e9), min_size=1, max_size=20))
def test_a_logarithmic_axis_holds_its_values_and_has_a_tick(values):
    axis = ruler(FigureAxis(title="", scale=Scale.LOG), values, start=0, end=100)
    places = [axis.place(value) for value in values]
    assert all(0 < it < 100 for it in places)
    assert axis.place(0) is None


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=30))
def test_tiles_fill_their_area_in_proportion(sizes):
    found = squares(sizes, Area(0, 0, 300, 200))
    total = sum(sizes)
    for size, it in zip(sizes, found, strict=True):
        assert it.width * it.height == pytest.approx(60_000 * size / total, rel=1e-6)
        assert -1e-6 <= it.x <= it.x + it.width <= 300 + 1e-6
        assert -1e-6 <= it.y <= it.y + it.height <= 200 + 1e-6


def test_figures_are_written_as_files(tmp_path, capsys):
    run = save_run(tmp_path / "run", suite_run())
    assert cli.run(["report", str(run), "--figures", str(tmp_path / "figures"), "--format", "csv"]) == 0
    names = {it.name for it in (tmp_path / "figures").iterdir()}
    assert {"accuracy.svg", "throughput.svg", "distribution.svg"} <= names
    assert "figure: " in capsys.readouterr().err
    assert cli.run(["report", str(run), "--figures", str(tmp_path / "figures"), "--format", "csv"]) == 0
    (tmp_path / "figures" / "throughput.svg").write_text("<svg>\n<!-- mine -->\n</svg>\n")
    (tmp_path / "figures" / "accuracy.svg").unlink()
    capsys.readouterr()
    assert cli.run(["report", str(run), "--figures", str(tmp_path / "figures"), "--format", "csv"]) == 2
    assert "throughput.svg: what is there was not written by this tool" in capsys.readouterr().err
    assert not (tmp_path / "figures" / "accuracy.svg").exists()


def test_a_marked_png_is_a_png_that_is_known_again(tmp_path):
    grey = zlib.compress(b"\0\x80")
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*it) for it in ((b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0"), (b"IDAT", grey), (b"IEND", b""))
    )
    marked = outputs.marked_png(content)
    assert marked == content[:-12] + chunk(b"tEXt", b"generator\0resnet-bench") + content[-12:]
    for name, ours, theirs in (
        ("x.png", marked, content),
        ("x.pdf", outputs.marked_pdf(b"%PDF-1\n%%EOF\n"), b"%PDF-1\n"),
    ):
        (tmp_path / name).write_bytes(ours)
        assert outputs.is_marked(tmp_path / name)
        (tmp_path / name).write_bytes(theirs)
        assert not outputs.is_marked(tmp_path / name)


def chunk(kind, data):
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def test_png_and_pdf_are_written_where_their_library_is(tmp_path):
    pytest.importorskip("cairosvg")
    found = figure_files.write(view.build([suite_run()]), tmp_path)
    heads = {it.suffix: it.read_bytes()[:4] for it in found}
    assert heads[".png"] == b"\x89PNG"
    assert heads[".pdf"] == b"%PDF"
