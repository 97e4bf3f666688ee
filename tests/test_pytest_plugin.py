"""The plugin in pytest processes of their own, as somebody else's suite has it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import resnet_bench as rb
from resnet_bench import cli
from tests.make import git

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "resnet_bench.pytest_plugin", "-p", "no:cacheprovider")
NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
        self.head = nn.Linear(width, 10)

    def forward(self, images):
        return self.head(self.conv(images).mean((2, 3)))

def build():
    return Net()

def wide():
    return Net(8)
"""
COST = """
def test_cost(resnet_bench_profile):
    cost = resnet_bench_profile("mynet:build", input=(3, 16, 16))
    assert cost.parameters <= 162
    assert cost.macs == 14 * 14 * 3 * 4 * 9 + 40
"""
SNAPSHOT = """
import mynet, pytest

@pytest.mark.parametrize("size", [16, 32])
def test_snapshot(assert_cost_unchanged, size):
    cost = assert_cost_unchanged(mynet.{model}, input=(3, size, size))
    assert cost.batch_size == 1
"""
MEASURED = """
import pytest

@pytest.mark.resnet_bench({marker})
def test_speed(resnet_bench_check):
    resnet_bench_check("mynet:build", batch_sizes=[1], image_sizes=16, launches=3, device="cpu", threads=1,
                       reference="off")

def test_something_else():
    pass
"""


@pytest.fixture
def suite(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    pytester.makepyfile(mynet=NET)
    return pytester


def run(suite, *arguments):
    return suite.runpytest_subprocess(*PLUGIN, *arguments, timeout=280)


def test_until_a_fixture_is_used_nothing_is_loaded():
    listed = "[n for n in sys.modules if n.startswith('resnet_bench.')]"
    code = f"import sys, pytest, resnet_bench.pytest_plugin\nprint({listed})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['resnet_bench.pytest_plugin']"


def test_a_suite_that_does_not_use_it_sees_nothing_of_it(suite):
    suite.makepyfile("def test_it(): pass")
    done = run(suite, "-v")
    done.assert_outcomes(passed=1)
    told = [line for line in done.stdout.lines if not line.startswith("plugins: ")]  # pytest lists all there are
    assert "resnet" not in "\n".join(told).replace("resnet_bench.pytest_plugin", "").replace("resnet_bench/", "")


TWICE = """
def test_it(assert_cost_unchanged):
    assert_cost_unchanged("resnet18")
    assert_cost_unchanged("resnet18"{name})
"""


def test_exact_costs_are_assertions_and_a_snapshot_is_written_on_demand_then_held_and_a_failure_names_the_layer(suite):
    snapshot = "cost_snapshots/test_{}/test_snapshot-16.tsv"
    suite.makepyfile(test_cost=COST, test_costs=SNAPSHOT.format(model="build"))
    missing = run(suite)
    missing.assert_outcomes(passed=1, failed=2)
    missing.stdout.fnmatch_lines([f"*{snapshot.format('costs')} is not there yet; *"])

    suite.makepyfile(test_twice=TWICE.format(name=""), test_named=TWICE.format(name=', name="again"'))
    written = run(suite, "--resnet-bench-update")
    written.assert_outcomes(passed=4, failed=1)
    written.stdout.fnmatch_lines(["this test asks twice: give each a name*"])
    text = (suite.path / snapshot.format("costs")).read_text()
    assert "conv\tConv2d\t1x4x14x14\t112\t21168\t784" in text.splitlines()

    suite.makepyfile(test_wider=SNAPSHOT.format(model="wide"))
    shutil.copytree(suite.path / "cost_snapshots/test_costs", suite.path / "cost_snapshots/test_wider")
    held = run(suite, "test_costs.py", "test_wider.py")
    held.assert_outcomes(passed=2, failed=2)
    held.stdout.fnmatch_lines(
        [
            f"the cost of mynet:wide is not what {snapshot.format('wider')} says:",
            "parameters: 162 to 314 (+93.83 %)",
            "  conv: output 1x4x14x14 to 1x8x14x14, parameters 112 to 224 (+100.00 %), *",
            "If that is meant: pytest --resnet-bench-update*",
        ]
    )


APART = """
import pytest

class TestA:
    def test_cost(self, assert_cost_unchanged):
        assert_cost_unchanged("mynet:build", input=(3, 16, 16))

class TestB:
    def test_cost(self, assert_cost_unchanged):
        assert_cost_unchanged("mynet:wide", input=(3, 16, 16))

@pytest.mark.parametrize("model", ["build", "wide"], ids=["a/b", "a-b"])
def test_it(assert_cost_unchanged, model):
    assert_cost_unchanged(f"mynet:{model}", input=(3, 16, 16))

@pytest.mark.parametrize("model", ["build"], ids=["a"])
def test_named(assert_cost_unchanged, model):
    assert_cost_unchanged("mynet:wide", input=(3, 16, 16), name="b")

@pytest.mark.parametrize("model", ["build", "build"], ids=["a-b", "x" * 300])
def test_named_too(assert_cost_unchanged, model):
    assert_cost_unchanged("mynet:build", input=(3, 16, 16))
"""


def test_no_two_tests_share_a_snapshot(suite):
    suite.makepyfile(test_apart=APART)
    run(suite, "--resnet-bench-update").assert_outcomes(passed=7)
    found = sorted(it.name for it in (suite.path / "cost_snapshots/test_apart").iterdir())
    assert found[:4] == ["TestA.test_cost.tsv", "TestB.test_cost.tsv", "test_it-a%2Fb.tsv", "test_it-a-b.tsv"]
    assert len(found) == 7


def test_what_measures_is_skipped_in_words_until_it_is_asked_for(suite):
    suite.makepyfile(MEASURED.format(marker=""))
    done = run(suite, "-rs")
    done.assert_outcomes(passed=1, skipped=1)
    done.stdout.fnmatch_lines(["SKIPPED*it measures; give --resnet-bench to run it"])


def test_what_measures_does_not_run_beside_other_workers(suite):
    suite.makepyfile(MEASURED.format(marker=""), test_costs=SNAPSHOT.format(model="build"))
    done = run(suite, "-rs", "--resnet-bench", "--resnet-bench-update", "-n", "2")
    done.assert_outcomes(passed=3, skipped=1)
    done.stdout.fnmatch_lines(["SKIPPED*it measures, and 2 workers share this machine: run it alone, with -n 0*"])


AGAINST = """
def test_speed(resnet_bench_check):
    resnet_bench_check("mynet:build", against="HEAD", image_size=16)
"""


def test_what_was_held_against_a_revision_is_in_the_page_and_equal_code_is_not_measured(suite):
    suite.makepyfile(test_against="import pytest\npytestmark = pytest.mark.resnet_bench\n" + AGAINST)
    git(suite.path, "init", "-q", "-b", "main")
    git(suite.path, "add", "mynet.py")
    git(suite.path, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "--no-verify", "-m", "one")
    done = run(suite, "--resnet-bench", "--resnet-bench-report", "x.html")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["resnet-bench: report: x.html"])
    page = (suite.path / "x.html").read_text()
    assert "contender working tree" in page
    assert "both sides read the same code" in page


def test_a_page_that_cannot_be_written_is_refused_before_any_test(suite):
    suite.makepyfile(AGAINST)
    done = run(suite, "--resnet-bench-report", "x.toml")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: --resnet-bench-report: 'x.toml' does not say its format: *"])


# One run is measured, and every check of the suite is of it. Three launches and a limit of x10,000: the interval of two
# that differ by a tenth, as they do beside other tests, reaches beyond any limit that could be given.
ONCE = """
from resnet_bench import api

measure, measured = api.run, []

def run(model, **options):
    if not measured:
        measured.append(measure(model, **options))
    return measured[0]

api.run = run
"""


@pytest.mark.slow
def test_a_measured_check_holds_a_baseline_of_this_machine_alone(suite, monkeypatch):
    monkeypatch.chdir(suite.path)
    store_baseline("main", "elsewhere")
    make_it_another_machines("elsewhere")
    suite.makeconftest(ONCE)
    suite.makepyfile(
        test_kept=MEASURED.format(marker="baseline='main', limit='1000000 %'"),
        test_absent=MEASURED.format(marker="baseline='nosuch'"),
        test_misspelt=MEASURED.format(marker="baseline='main', limit='1000000 %', metric='latency_ss'"),
        test_elsewhere=MEASURED.format(marker="baseline='elsewhere', limit='1000000 %'"),
    )
    page = suite.path / "page" / "x.html"
    done = run(suite, "-v", "-rs", "--resnet-bench", "--resnet-bench-report", page)
    done.assert_outcomes(passed=5, failed=2, skipped=1)
    done.stdout.fnmatch_lines(
        [
            "test_absent.py::test_speed FAILED*",
            "test_elsewhere.py::test_speed SKIPPED*",
            "test_kept.py::test_speed PASSED*",
            "test_misspelt.py::test_speed FAILED*",
        ]
    )
    done.stdout.fnmatch_lines(["*no baseline 'nosuch' in *"])
    done.stdout.fnmatch_lines(["SKIPPED*baseline 'elsewhere' was measured elsewhere: *cpu_name is *"])
    done.stdout.fnmatch_lines([f"resnet-bench: report: {page}"])
    assert page.read_text().lower().startswith("<!doctype html")


def store_baseline(*names):
    given = dict(batch_sizes=1, image_sizes=16, launches=3, device="cpu", threads=1, reference="off")
    rb.run("mynet:build", **given).save("reports/base")
    for name in names:
        assert cli.run(["baseline", "set", name, "reports/base"]) == 0


def make_it_another_machines(name):
    path = Path("reports", "baselines", f"{name}.json")
    text = path.read_text()
    start = (
        text.index('"cpu_name":"') + len('"cpu_name":"') if '"cpu_name":"' in text else text.index('"cpu_name": "') + 13
    )
    path.write_text(text[:start] + "Another " + text[start:])
