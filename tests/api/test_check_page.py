"""The page of a test session: what was held against revisions stands in it, with the runs or alone."""

import json
from pathlib import Path

import pytest

from resnet_bench.api import check_page
from resnet_bench.api.checks import ComparedRevisions
from resnet_bench.api.measured import MeasuredRun
from resnet_bench.errors import ResNetBenchError
from tests import make


def compared(label, *models):
    """Return what was measured of a revision and the working tree."""
    matchups = [make.matchup(make.case(it, batch_size=1)) for it in models]
    outcomes = tuple(make.matchup_result(it, change=0.08, spread=0.004, pairs=6) for it in matchups)
    return ComparedRevisions(outcomes=outcomes, labels=(label, "working tree"))


def written(found, folder, name):
    return check_page.write(found, folder / name).read_text(encoding="utf-8")


def test_comparisons_of_the_same_sides_are_one_table_and_of_others_one_each(tmp_path):
    alike = [compared("HEAD~1", "resnet18"), compared("HEAD~1", "resnet50")]
    content = json.loads(written(alike, tmp_path, "x.json"))
    assert [it["matchup"]["baseline"]["model"] for it in content] == ["resnet18", "resnet50"]
    page = written([*alike, compared("v1", "resnet34")], tmp_path, "x.html")
    assert "baseline HEAD~1, contender working tree" in page
    assert "baseline v1, contender working tree" in page
    assert page.count("regressed") >= 3


def test_runs_and_comparisons_stand_in_one_page(tmp_path):
    run = MeasuredRun(make.suite_run(), (), None)
    text = written([run, compared("HEAD~1", "resnet18")], tmp_path, "x.md")
    assert "baseline HEAD\\~1, contender working tree" in text
    assert "resnet152" in text
    content = json.loads(written([run, compared("HEAD~1", "resnet18")], tmp_path, "x.json"))
    assert content["results"]
    assert content["against"][0][0]["decision"]["verdict"] == "regressed"


@pytest.mark.parametrize("name", ["x", "x.toml"])
def test_a_page_that_cannot_be_written_is_refused_before(tmp_path: Path, name):
    with pytest.raises(ResNetBenchError, match="does not say its format"):
        check_page.refuse(tmp_path / name)
