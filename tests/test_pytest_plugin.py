"""The plugin in pytest processes of their own, as somebody else's suite has it."""

import subprocess
import sys

import pytest

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
    resnet_bench_check("mynet:build", batch_sizes=[1], image_sizes=16, launches=2, device="cpu", threads=1,
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


def test_exact_costs_are_assertions_like_any_other(suite):
    suite.makepyfile(COST)
    run(suite).assert_outcomes(passed=1)


def test_a_snapshot_is_written_on_demand_then_held_and_a_failure_names_the_layer(suite):
    suite.makepyfile(test_costs=SNAPSHOT.format(model="build"))
    missing = run(suite)
    missing.assert_outcomes(failed=2)
    missing.stdout.fnmatch_lines(["*cost_snapshots/test_costs/test_snapshot-16.tsv is not there yet; *"])
    run(suite, "--resnet-bench-update").assert_outcomes(passed=2)
    text = (suite.path / "cost_snapshots/test_costs/test_snapshot-16.tsv").read_text()
    assert "conv\tConv2d\t1x4x14x14\t112\t21168\t784" in text.splitlines()
    run(suite).assert_outcomes(passed=2)
    suite.makepyfile(test_costs=SNAPSHOT.format(model="wide"))
    grown = run(suite)
    grown.assert_outcomes(failed=2)
    grown.stdout.fnmatch_lines(
        [
            "the cost of mynet:wide is not what cost_snapshots/test_costs/test_snapshot-16.tsv says:",
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


def test_a_test_that_asks_twice_names_its_questions(suite):
    ask = 'assert_cost_unchanged("resnet18"{})'
    body = "def test_it(assert_cost_unchanged):\n    {}\n    {}\n"
    suite.makepyfile(body.format(ask.format(""), ask.format("")))
    done = run(suite, "--resnet-bench-update")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["this test asks twice: give each a name*"])
    suite.makepyfile(body.format(ask.format(""), ask.format(', name="again"')))
    run(suite, "--resnet-bench-update").assert_outcomes(passed=1)


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


@pytest.mark.slow
def test_a_measured_check_holds_a_baseline_of_this_machine_alone(suite, monkeypatch):
    monkeypatch.chdir(suite.path)
    suite.makepyfile(MEASURED.format(marker="baseline='main', limit='9000 %'"))
    absent = run(suite, "--resnet-bench")
    absent.assert_outcomes(passed=1, failed=1)
    absent.stdout.fnmatch_lines(["*no baseline 'main' in *"])
    store_baseline(suite.path)
    page = suite.path / "page" / "x.html"
    kept = run(suite, "--resnet-bench", "--resnet-bench-report", page)
    kept.assert_outcomes(passed=2)
    kept.stdout.fnmatch_lines([f"resnet-bench: report: {page}"])
    assert page.read_text().lower().startswith("<!doctype html")
    suite.makepyfile(MEASURED.format(marker="baseline='main', limit='9000 %', metric='latency_ss'"))
    run(suite, "--resnet-bench").assert_outcomes(passed=1, failed=1)
    make_it_another_machines(suite.path)
    suite.makepyfile(MEASURED.format(marker="baseline='main', limit='9000 %'"))
    elsewhere = run(suite, "--resnet-bench", "-rs")
    elsewhere.assert_outcomes(passed=1, skipped=1)
    elsewhere.stdout.fnmatch_lines(["SKIPPED*baseline 'main' was measured elsewhere: *cpu_name is *"])


def store_baseline(folder):
    code = (
        "import resnet_bench as rb\n"
        "rb.run('mynet:build', batch_sizes=1, image_sizes=16, launches=2, device='cpu', threads=1, reference='off')"
        ".save('reports/base')\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
    subprocess.run(
        [sys.executable, "-m", "resnet_bench", "baseline", "set", "main", "reports/base"], cwd=folder, check=True
    )


def make_it_another_machines(folder):
    path = folder / "reports" / "baselines" / "main.json"
    text = path.read_text()
    start = (
        text.index('"cpu_name":"') + len('"cpu_name":"') if '"cpu_name":"' in text else text.index('"cpu_name": "') + 13
    )
    path.write_text(text[:start] + "Another " + text[start:])
