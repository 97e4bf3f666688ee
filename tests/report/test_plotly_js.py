"""What is done to the installed plotly.js: a contract with the pinned version, and a way out with any other."""

import importlib.util
from pathlib import Path

import pytest

from resnet_bench.report import figures, plotly_js, treemap

BUNDLE = """}(typeof self !== "undefined" ? self : this, () => {
"use strict";var Plotly=(()=>{var A=W((e,t)=>{"use strict";t.exports=B()});
var B=W((e,t)=>{"use strict";t.exports={attributes:a(),moduleType:"trace",name:"bar"}});
var C=W((e,t)=>{"use strict";t.exports={moduleType:"trace",name:"box"}});
var D=W((e,t)=>{"use strict";t.exports={moduleType:"trace",name:"pie"}});
var E=W((e,t)=>{"use strict";t.exports={moduleType:"trace",name:"treemap"}});
var F=W((e,t)=>{"use strict";var r=core();r.register([A(),C(),D(),E()]);t.exports=r});return F();})();
}));"""


@pytest.fixture(scope="module")
def installed():
    folder = Path(importlib.util.find_spec("plotly").origin).parent
    return (folder / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


def test_only_what_a_page_draws_is_registered():
    assert "r.register([A(),C(),E()]);" in plotly_js.slim(BUNDLE)


@pytest.mark.parametrize("change", [('name:"treemap"', 'name:"icicle"'), ("r.register", "r.enlist")])
def test_a_bundle_that_looks_different_stays_as_it_is(change):
    other = BUNDLE.replace(*change)
    assert plotly_js.slim(other) == other


def test_a_wrapper_that_looks_different_stays_as_it_is():
    assert plotly_js.eager(BUNDLE) == BUNDLE.replace(", () => {", ", (() => {").removesuffix("}));") + "})));"
    assert plotly_js.eager("window.Plotly = {};") == "window.Plotly = {};"


def test_the_installed_bundle_is_made_quick_to_start(installed):
    slim = plotly_js.slim(installed)
    assert len(slim) < len(installed)
    assert plotly_js.slim(slim) == slim  # what is left is what pages draw
    assert plotly_js.eager(slim) != slim


def test_every_kind_of_trace_that_figures_draw_is_registered():
    source = "\n".join(Path(it.__file__).read_text(encoding="utf-8") for it in (figures, treemap))
    drawn = {line.split('"')[3] for line in source.splitlines() if line.strip().startswith('"type": "')}
    assert drawn - {"scatter", "data", "buttons"} == plotly_js.TRACES
