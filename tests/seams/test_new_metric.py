"""A metric with a new unit is one row of `analysis/metrics.py`: every reader knows it from there."""

import csv
import json

import pytest

from tests.make import save_run, suite_run

ROW = """
POWER = NoisyMetric(
    name="power_w",
    label="power",
    measure=measures.Measure(
        base_unit="W", unit="W", show=units.seconds, parse=lambda text: float(text.removesuffix(" W"))
    ),
    direction=Direction.LOWER,
    column=MetricColumn(
        title="watts", unit="W", show=units.seconds, help="", place=Place.TABLE, rank=None, bounds=None
    ),
    asv=AsvForm(name="power_w", unit="watts", sense=Sense.AS_IS),
    extract=lambda launch: tuple(250.0 + 1000 * it for it in launch.isolated.iteration_s),
    of_launches=statistics.median,
    corrected=None,
    band=0.03,
)
NOISY_METRICS = ("""


@pytest.fixture
def metered(house):
    house.replace("analysis/metrics.py", "\nNOISY_METRICS = (", ROW)
    house.replace("analysis/metrics.py", "PEAK_RESERVED, PEAK_RSS,", "PEAK_RESERVED, PEAK_RSS, POWER,")
    save_run(house.home / "run", suite_run())
    return house


def _run(house, *arguments, code=0):
    done = house.run(*arguments)
    assert done.returncode == code, done.stderr
    return done.stdout


def test_a_metric_is_one_row(metered):
    assert "watts" in _run(metered, "report", "run", "--format", "text")
    cases = json.loads(_run(metered, "report", "run", "--format", "json"))["results"]
    assert all(case["power_w"] > 250 for case in cases)
    assert next(csv.DictReader(_run(metered, "report", "run", "--format", "csv").splitlines()))["power_w"]
    _run(metered, "report", "run", "-o", "page.html")
    assert ">watts" in (metered.home / "page.html").read_text()
    assert "power [W]" in _run(metered, "compare", "run", "run")
    _run(metered, "baseline", "set", "b", "run")
    (metered.home / "thresholds.toml").write_text('[[rule]]\nmetric = "power_w"\nmax = "1 W"\n')
    assert "1.000 W" in _run(metered, "check", "run", "--baseline", "b", code=1)
    _run(metered, "export", "run", "--to", "asv", "--asv-results", "asv")
    assert json.loads((metered.home / "asv/benchmarks.json").read_text())["run.track_power_w"]["unit"] == "watts"


def test_who_forgets_a_fact_is_told_which(house):
    house.replace(
        "analysis/metrics.py", "\nNOISY_METRICS = (", '\nPOWER = NoisyMetric(name="power_w")\nNOISY_METRICS = ('
    )
    said = house.run("list").stderr + house.python("-c", "import resnet_bench.analysis.metrics").stderr
    for fact in ("label", "measure", "direction", "column", "asv", "extract", "of_launches", "band"):
        assert f"'{fact}'" in said
