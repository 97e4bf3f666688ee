"""The figures of statistics.md, from the raw data under reports/published: `python docs/pictures/drawings.py`.

Drawn by the room that draws a report's figures without a browser; a test makes them again and compares.
"""

import json
import statistics
from pathlib import Path

from resnet_bench import units
from resnet_bench.report.documents import run
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.svg.drawing import svg
from resnet_bench.report.table import Table
from resnet_bench.storage import run_directory

HERE = Path(__file__).parent
PUBLISHED = HERE.parents[1] / "reports" / "published"
AMD, INTEL = PUBLISHED / "amd-epyc-2-cores", PUBLISHED / "intel-xeon-2-cores"
TRIALS = AMD / "gate_power.jsonl"
BAND = 0.02  # that `benchmarks.gate_power` judged these trials by
_ROW_PX = 22
_NO_TABLE = Table(id="none", caption="", columns=(), rows=(), shown=())


def main():
    """Write all of them."""
    for name, figure in figures().items():
        (HERE / f"{name}.svg").write_text(svg(figure, alone=True), encoding="utf-8")


def figures():
    """Return each figure by the name of its file."""
    return {"launches": launches(), "band": band(), "drift": drift()}


def launches():
    """The samples of ten launches of one case: close together inside a launch, apart between launches."""
    quiet = run_directory.load(INTEL / "repeatability" / "quiet")
    of = next(it for it in quiet.measurements if (it.case.model, it.case.batch_size) == ("resnet50", 4))
    rows = [(f"launch {number}", it.isolated.iteration_s) for number, it in enumerate(of.launches, 1)]
    medians = [statistics.median(samples) for _, samples in rows]
    inside = statistics.median(
        statistics.median(abs(it / center - 1) for it in samples)
        for (_, samples), center in zip(rows, medians, strict=True)
    )
    apart = max(medians) / min(medians) - 1
    dots = [(sample * 1e3, name) for name, samples in rows for sample in samples]
    return Figure(
        id="launches",
        title="Ten launches of resnet50, batch 4",
        finding=f"Samples of one launch lie {units.percent(inside)} about its median; medians of launches up to "
        f"{units.percent(apart)} apart.",
        how_to_read="",
        x=FigureAxis(title="time of one iteration (ms)"),
        y=FigureAxis(title="", scale=Scale.CATEGORY),
        series=(
            _series("a sample", Role.SAMPLES, 0, dots),
            _series(
                "median of the launch",
                Role.LAUNCHES,
                1,
                [(it * 1e3, name) for it, (name, _) in zip(medians, rows, strict=True)],
            ),
        ),
        table=_NO_TABLE,
        row_px=_ROW_PX,
    )


def band():
    """What live comparisons of known truth said, and the band inside of which a change does not matter."""
    trials = [it for it in map(json.loads, TRIALS.read_text().splitlines()) if it["type"] == "trial"]
    kinds = ("identical", "identical, neighbour", "3 % slower", "5 % slower", "10 % slower")
    rows = {kind: [it["ratio"] for it in trials if it["kind"] == kind] for kind in kinds}
    dots = [((ratio - 1) * 100, kind) for kind, ratios in rows.items() for ratio in ratios]
    edges = [
        _series("band of 2 %", Role.BOUND, 0, [(sign * BAND * 100, kind) for kind in (kinds[0], kinds[-1])])
        for sign in (-1, 1)
    ]
    return Figure(
        id="band",
        title="What ab measured, by what was true",
        finding=f"{len(dots)} comparisons: what lies inside of the band is called unchanged, whatever it is.",
        how_to_read="",
        x=FigureAxis(title="contender's time against the baseline's (%)"),
        y=FigureAxis(title="", scale=Scale.CATEGORY),
        series=(_series("one comparison", Role.SAMPLES, 0, dots), *edges),
        table=_NO_TABLE,
        row_px=_ROW_PX,
    )


def drift():
    """Launches beside a process that fills the memory bus, as measured and with the machine's drift taken off."""
    document = run.build([run_directory.load(AMD / "repeatability" / "hog")])
    return next(it for section in document.sections for it in section.figures if it.id == "drift")


def _series(name, role, hue, points):
    return Series(
        name=name, legend=name, role=role, hue=hue, x=tuple(x for x, _ in points), y=tuple(y for _, y in points)
    )


if __name__ == "__main__":
    main()
