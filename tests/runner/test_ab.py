"""Real processes on a repository made for the test, whose package has our own name."""

import contextlib
import itertools
import json
import signal
import subprocess
from pathlib import Path
from unittest import mock

import pytest

from resnet_bench import cli
from resnet_bench.executors import table
from resnet_bench.machine import cores
from resnet_bench.records import Executor
from resnet_bench.records.live import Matchup, Side, Until
from resnet_bench.runner import live as runner
from resnet_bench.runner import revisions
from resnet_bench.wire.live import Elapsed, Ready
from tests import make

pytestmark = pytest.mark.usefixtures("brief_turns")

MODEL = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(*[torch.nn.Conv2d(3, 3, 3, padding=1) for _ in range({layers})])
        self.head = torch.nn.Linear(3, 4)

    def forward(self, images):
        from resnet_bench.models import WHO  # late, when the harness has long been imported
        assert WHO == "the repository under test"
        return self.head(self.layers(images).mean((2, 3)))

WHO = "the repository under test"

def create_model(name):
    if name != "tiny":
        raise ValueError(f"no model {{name}}")
    return Net()
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    root = tmp_path_factory.mktemp("repository")
    git(root, "init", "-q", "-b", "main")
    (root / "README").write_text("nothing yet")
    commit(root, "older")
    write(root, layers=2)
    commit(root, "two")
    write(root, layers=8)
    commit(root, "eight")
    return root


def git(root, *arguments):
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.hooksPath=/dev/null")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def commit(root, tag):
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", tag)
    git(root, "tag", tag)


def write(root, *, layers):
    (root / "resnet_bench" / "models").mkdir(parents=True, exist_ok=True)
    (root / "resnet_bench" / "__init__.py").write_text("")
    (root / "resnet_bench" / "models" / "__init__.py").write_text(MODEL.format(layers=layers))


def ab(capsys, root, *arguments, model="tiny"):
    code = cli.run(["ab", *arguments, "--repository", str(root), "--model", model, "--image-size", "32"])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def worktrees(root):
    done = subprocess.run(["git", "worktree", "list"], cwd=root, capture_output=True, text=True, check=True)
    return len(done.stdout.splitlines())


@pytest.mark.slow
def test_the_code_of_each_revision_is_measured_under_our_own_package_name(repository, capsys, tmp_path):
    raw = tmp_path / "turns.jsonl"
    code, out, _ = ab(capsys, repository, "two", "eight", "--budget", "240s", "--turns", str(raw), "--format", "json")
    (outcome,) = json.loads(out)
    assert outcome["decision"]["ratio"] > 1.5
    assert (code, outcome["decision"]["verdict"]) == (1, "regressed")
    assert len(json.loads(raw.read_text())["turns"]) == len(outcome["turns"]) >= 6
    assert worktrees(repository) == 1


@pytest.mark.slow
def test_an_uncommitted_change_is_a_side(repository, capsys):
    write(repository, layers=1)
    try:
        code, out, _ = ab(capsys, repository, "eight", "--budget", "240s")
    finally:
        git(repository, "checkout", "-q", "--", ".")
    assert "improved" in out
    assert "working tree" in out
    assert code == 0


@pytest.mark.slow
def test_two_configurations_of_one_revision(repository, capsys):
    sides = ("--case-a", "memory_format=channels_last", "--case-b", "memory_format=channels_last,image_size=96")
    code, out, _ = ab(capsys, repository, "two", "two", *sides, "--budget", "240s", "--format", "json")
    (outcome,) = json.loads(out)
    matchup = outcome["matchup"]
    assert [matchup[side]["memory_format"] for side in ("baseline", "contender")] == ["channels_last"] * 2
    assert [matchup[side]["image_size"] for side in ("baseline", "contender")] == [32, 96]
    assert (code, outcome["decision"]["verdict"]) == (1, "regressed")


def test_two_models_of_one_revision(repository, capsys):
    sides = ("--case-a", "model=tiny", "--case-b", "model=resnet_bench.models:Net")
    code, out, _ = ab(capsys, repository, "two", *sides, "--budget", "1s", "--format", "json", model="resnet*")
    (outcome,) = json.loads(out)  # one question, whatever --model says
    models = [outcome["matchup"][side]["model"] for side in ("baseline", "contender")]
    assert (code, models) == (3, ["tiny", "resnet_bench.models:Net"])


def test_a_side_is_one_model(repository, capsys):
    code, _, err = ab(capsys, repository, "two", "--case-a", "model=resnet*", "--case-b", "model=resnet18")
    assert code == 2
    assert "'resnet*' is several" in err


def test_a_side_that_is_not_plain_eager_says_how_close_it_is_to_that(repository, capsys):
    sides = ("--case-b", "memory_format=channels_last")
    code, out, _ = ab(capsys, repository, "two", *sides, "--budget", "1s", "--format", "json")
    (outcome,) = json.loads(out)
    near = outcome["contender_agreement"]
    assert (code, outcome["baseline_agreement"], near["images"]) == (3, None, 64)
    assert near["sqnr_db"] is None or near["sqnr_db"] > 80


def test_a_configuration_that_computes_another_network_is_never_timed(repository, capsys):
    (repository / "oddmod.py").write_text(ODD_MODEL)
    try:
        sides = ("--case-b", "memory_format=channels_last")
        code, out, err = ab(capsys, repository, ".", *sides, "--budget", "60s", model="oddmod:build")
    finally:
        (repository / "oddmod.py").unlink()
    assert (code, out) == (3, "")
    assert err.splitlines()[-1].startswith("error: working tree: eager in fp32 does not compute the network: ")
    assert "launch pair" not in err


def test_a_spent_budget_is_undecided_and_says_so(repository, capsys):
    code, out, _ = ab(capsys, repository, "two", "eight", "--budget", "1s")
    assert code == 3
    assert "undecided: tiny batch 1 32 px on cpu" in out


def test_a_runtime_that_is_not_installed_is_said_before_anything_starts(repository, capsys, monkeypatch):
    row = table.EXECUTORS[Executor.TENSORRT]
    monkeypatch.setitem(table.EXECUTORS, Executor.TENSORRT, row._replace(packages=("no_such_package",)))
    code, _, err = ab(capsys, repository, "two", "--case-b", "executor=tensorrt")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "no no_such_package): pip install 'resnet-bench[onnxruntime]'" in err


@pytest.mark.parametrize(
    ("arguments", "model", "said"),
    [
        (("tow",), "tiny", "'tow' is not a revision of"),
        (("tow",), "tiny", "Did you mean 'two'?"),
        (("older", "two"), "tiny", "this revision is older than the interface"),
        (("two", "eight"), "huge", "two ({two}): ValueError: no model huge."),
        (("two", "eight"), "resnet_bench.models:absent", "has no 'absent'"),
        (("two", "eight"), "json:loads", "json came from"),
        (("two", "eight", "--case-a", "layout=x"), "tiny", "--case-a: 'layout' is not a field."),
        (("two", "eight", "--case-a", "executor=fast"), "tiny", "--case-a: executor = 'fast': expected one of eager,"),
        (
            ("two", "eight", "--case-b", "threads=0"),
            "tiny",
            "--case-b: threads = '0': expected a whole number",
        ),
        (
            ("two", "eight", "--batch-size", "0"),
            "tiny",
            "--batch-size '0': expected a whole number of 1 or more, at most 2147483647.",
        ),
        ((), "tiny", "ab needs BASE_REV"),
        (("two", "eight", "--band", "2"), "tiny", "'2' is not a share such as 5 %"),
        (("two", "eight", "--budget", "soon"), "tiny", "'soon' is not a time"),
    ],
)
def test_bad_input_is_one_line_and_two(repository, capsys, arguments, model, said):
    code, _, err = ab(capsys, repository, *arguments, model=model)
    sha = subprocess.run(["git", "rev-parse", "two"], cwd=repository, capture_output=True, text=True, check=True).stdout
    assert said.format(two=sha[:12]) in err
    assert code == 2
    assert len(err.splitlines()) == 1
    assert worktrees(repository) == 1


@pytest.mark.parametrize(
    ("arguments", "sides"),
    [
        (("--case-a", "executor=eager"), ("working tree", "working tree")),
        (("two", "--case-b", "executor=compile"), ("two", "two")),
        (("two", "eight", "--case-b", "executor=compile"), ("two", "eight")),
        (("two",), ("two", "working tree")),
    ],
)
def test_configurations_are_compared_within_one_revision(repository, capsys, monkeypatch, arguments, sides):
    labels = []
    monkeypatch.setattr(revisions.live, "measure_pairs", lambda _, sides, *__, **___: labels.extend(sides) or ())
    assert ab(capsys, repository, *arguments)[0] == 0
    assert tuple(side.label.split(" (")[0] for side in labels) == sides


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_measured_is_saved_when_it_is_interrupted(repository, capsys, monkeypatch, tmp_path, number):
    launched = itertools.count()
    child = mock.MagicMock(**{"ask.return_value": Elapsed(elapsed_s=1.0, cpu_s=None)})
    child.answer.return_value = Ready(iteration_s=1.0, source="module.py")

    @contextlib.contextmanager
    def pair():
        if next(launched) == 2:
            signal.raise_signal(number)
        yield child, child

    monkeypatch.setattr(runner, "LaunchPairs", mock.MagicMock())
    runner.LaunchPairs.return_value.__enter__.return_value.pair = pair
    code, _, err = ab(capsys, repository, "two", "eight", "--turns", str(tmp_path / "turns.jsonl"))
    assert code == 130
    assert "interrupted" in err
    (saved,) = (json.loads(line) for line in (tmp_path / "turns.jsonl").read_text().splitlines())
    assert [it["pair"] for it in saved["turns"]] == [0, 1]
    assert worktrees(repository) == 1


def test_an_output_that_cannot_be_written_is_said_before_measuring(repository, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = ab(capsys, repository, "two", "eight", "--turns", str(tmp_path / "file" / "turns.jsonl"))
    assert code == 2
    assert "cannot write" in err


def test_no_repository(tmp_path: Path, capsys):
    code, _, err = ab(capsys, tmp_path, "HEAD")
    assert code == 2
    assert "is not a git repository" in err


@pytest.mark.slow
def test_a_side_that_does_not_compute_the_network_is_refused_as_a_run_refuses_it(repository, capsys):
    (repository / "nanmod.py").write_text(NAN_MODEL)
    try:
        code, out, err = ab(capsys, repository, ".", ".", "--budget", "60s", model="nanmod:build")
    finally:
        (repository / "nanmod.py").unlink()
    assert code == 3
    assert out == ""
    assert err.splitlines()[-1] == "error: working tree: the output of eager in fp32 is not finite (inf or NaN)."


@pytest.fixture
def telling(tmp_path):
    """Return two sides whose model tells at each call which cores its threads may use."""
    (tmp_path / "told.py").write_text(TOLD_MODEL)
    return (Side(label="a", root=str(tmp_path)), Side(label="b", root=str(tmp_path)))


def test_both_sides_of_a_pair_take_their_turns_on_one_core(telling):
    """Two cores of a shared machine differ, by up to 20 %."""
    case = make.case("told:Net", batch_size=1, image_size=32)
    terms = runner.Terms(pairs=4, until=Until.EXHAUSTED)
    (found,) = runner.measure_pairs([Matchup(baseline=case, contender=case)], telling, terms)
    told = [
        json.loads(line) for path in Path(telling[0].root).glob("*.told") for line in path.read_text().splitlines()[-5:]
    ]
    assert {it.core for it in found.turns} <= cores.usable()
    assert sorted(map(tuple, told)) == sorted((it.core,) for it in found.turns for _ in range(2 * 5))


@pytest.mark.skipif(len(cores.usable()) < 2, reason="needs two cores")
def test_what_is_prepared_next_is_not_kept_on_that_core(telling):
    cases = [make.case("told:Net", batch_size=size, image_size=32) for size in (1, 2)]
    terms = runner.Terms(pairs=1, until=Until.EXHAUSTED)
    runner.measure_pairs([Matchup(baseline=case, contender=case) for case in cases], telling, terms)
    told = [path.read_text().splitlines() for path in Path(telling[0].root).glob("*.told")]
    everywhere = json.dumps(sorted(cores.usable()))
    assert [[free for free, _ in itertools.groupby(it == everywhere for it in lines)] for lines in told] == [
        [True, False, True, False]
    ] * 2


def test_sides_of_several_threads_are_not_kept_on_one_core(telling):
    cases = [make.case("told:Net", batch_size=1, image_size=32, threads=it) for it in (1, 2)]
    terms = runner.Terms(pairs=1, until=Until.EXHAUSTED)
    for baseline in cases:
        (found,) = runner.measure_pairs([Matchup(baseline=baseline, contender=cases[1])], telling, terms)
        assert {it.core for it in found.turns} == {None}


TOLD_MODEL = """
import json, os, pathlib
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(3, 4)

    def forward(self, images):
        cores = [os.sched_getaffinity(int(thread)) for thread in os.listdir("/proc/self/task")]
        with pathlib.Path(f"{os.getpid()}.told").open("a") as file:
            file.write(json.dumps(sorted(set().union(*cores))) + "\\n")
        return self.head(images.mean((2, 3)))
"""

NAN_MODEL = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(3, 4)

    def forward(self, images):
        return self.head(images.mean((2, 3))) * float("nan")

build = Net
"""

ODD_MODEL = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(3, 4)

    def forward(self, images):
        return self.head(images.mean((2, 3))) * (1 if images.is_contiguous() else 2)

build = Net
"""
