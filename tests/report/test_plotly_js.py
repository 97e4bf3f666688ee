"""The committed part of plotly.js: what it is made of, that it is what was made, and which version it speaks."""

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from resnet_bench.report import figures, plotly_js, treemap
from tests import needs

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "plotly_bundle"


def test_the_script_is_the_one_that_the_recipe_makes():
    """`make plotly-bundle` writes both; whoever edits the script by hand, or the recipe alone, is found here."""
    made = json.loads((BUNDLE / "made.json").read_text())
    assert hashlib.sha256(plotly_js.source()).hexdigest() == made["script"]
    recipe = b"".join((BUNDLE / name).read_bytes() for name in made["of"])
    assert hashlib.sha256(recipe).hexdigest() == made["recipe"]


@pytest.mark.slow
def test_the_recipe_makes_it_again_byte_for_byte(tmp_path):
    """Where Node is and the registry answers; elsewhere the two hashes above say it."""
    shutil.copytree(BUNDLE, tmp_path / "plotly_bundle", ignore=shutil.ignore_patterns("node_modules"))
    script = tmp_path / "resnet_bench" / "report" / "templates" / "plotly.min.js"
    script.parent.mkdir(parents=True)
    folder = needs.fetched_from_npm(tmp_path / "plotly_bundle")
    subprocess.run(["node", "build.mjs"], cwd=folder, check=True, timeout=60)
    assert script.read_bytes() == plotly_js.source()
    assert (folder / "made.json").read_bytes() == (BUNDLE / "made.json").read_bytes()
    assert (folder / "LICENSES.txt").read_bytes() == (BUNDLE / "LICENSES.txt").read_bytes()


def test_the_version_is_the_one_that_the_plotly_package_speaks():
    folder = Path(importlib.util.find_spec("plotly").origin).parent / "package_data"
    with (folder / "plotly.min.js").open(encoding="utf-8") as bundle:
        spoken = re.search(r"plotly\.js v([0-9.]+)", bundle.read(400))[1]
    if int(spoken.split(".")[0]) < int(plotly_js.version().split(".")[0]):
        pytest.skip("the plotly package here is older than the one that the page is drawn for")
    assert plotly_js.version().split(".")[0] == spoken.split(".")[0]
    pinned = json.loads((BUNDLE / "package.json").read_text())["dependencies"]["plotly.js"]
    assert plotly_js.version() == pinned


def test_its_licence_stands_above_it():
    head = plotly_js.source()[:300].decode()
    assert "Copyright" in head
    assert "MIT license" in head


def test_it_is_small():
    assert len(plotly_js.pack(plotly_js.source())) < 620_000


def test_every_kind_of_trace_that_figures_draw_is_registered():
    source = "\n".join(Path(it.__file__).read_text(encoding="utf-8") for it in (figures, treemap))
    drawn = {line.split('"')[3] for line in source.splitlines() if line.strip().startswith('"type": "')}
    assert drawn - {"scatter", "data", "buttons"} == plotly_js.TRACES
    entry = (BUNDLE / "entry.js").read_text()
    assert set(re.findall(r'plotly\.js/lib/(\w+)"', entry)) - {"core"} == plotly_js.TRACES
