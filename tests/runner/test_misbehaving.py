"""Models that misbehave, in real processes: `run` and `profile` alike say why in one line, and nobody is left."""

import re

import pytest

from resnet_bench import cli, words
from resnet_bench.records import Launch, SkipReason
from resnet_bench.runner.launchers.local import LocalLauncher
from resnet_bench.storage import run_directory
from tests.make import launch_request

pytestmark = pytest.mark.slow

HERE = "tests.runner.misbehaving"
# What is said, in a launch and in a profile alike.
FATAL = {
    "exits": r"called sys\.exit\(0\)",
    "exits_with_words": r"called sys\.exit\(bye\)",
    "exits_hard": "ended with status 7 and no answer",
    "exits_hard_and_well": "ended with status 0 and no answer",
    "interrupts": "raised KeyboardInterrupt|^KeyboardInterrupt$",
    "leaves_as_a_generator": "raised GeneratorExit",
    "has_no_words": r"raised WithoutWordsError: \(its own words raise another\)",
    "has_odd_words": r"raised SurrogateError: \\udc80 is no character",
    "steers_terminals": "raised ValueError: .*pwned",
    "exits_in_forward": r"sys\.exit\(3\)",
    "dies_of_a_signal_without_a_name": r"died of SIGRTMIN\+6",
    "closes_everything": "descriptors that its process answers through were closed",
    "takes_the_answers_place": "descriptors that its process answers through were closed",
}
HARMLESS = (
    *("cannot_be_printed", "leaves_its_folder", "talks", "eats_signals", "asks_for_input", "forks"),
    *("makes_a_daemon", "comes_back_twice"),
)


@pytest.mark.parametrize("name", FATAL)
def test_a_launch_says_why_there_is_none(family, name):
    skip = LocalLauncher().ask(launch_request(f"{HERE}:{name}"))
    assert skip.reason is SkipReason.CRASHED
    assert re.search(FATAL[name], skip.detail), skip.detail
    assert len(skip.detail.splitlines()) == 1
    assert family() == []


@pytest.mark.parametrize("name", FATAL)
def test_a_profile_says_why_there_is_none(family, name, capsys):
    code = cli.run(["profile", f"{HERE}:{name}", "--image-size", "32"])
    out, err = capsys.readouterr()
    assert code in {2, 3}
    assert out == ""
    assert re.search(FATAL[name], err), err
    assert err.count("\n") == 1
    assert err.startswith("error: ")
    assert err[:-1].isprintable()
    assert family() == []


@pytest.mark.parametrize("name", HARMLESS)
def test_what_does_no_harm_is_measured_and_its_family_ends(family, name):
    launch = LocalLauncher().ask(launch_request(f"{HERE}:{name}"))
    assert isinstance(launch, Launch), launch
    assert family() == []


@pytest.mark.parametrize("name", ["makes_a_daemon", "comes_back_twice", "talks", "leaves_its_folder"])
def test_what_does_no_harm_is_profiled_and_its_family_ends(family, name, capsys):
    assert cli.run(["profile", f"{HERE}:{name}", "--image-size", "32"]) == 0
    assert "total" in capsys.readouterr().out
    assert family() == []


@pytest.mark.parametrize(("name", "words"), [("exits", "called sys.exit(0)"), ("cannot_be_printed", "not me")])
def test_a_tree_that_cannot_be_shown_is_one_line(name, words, capsys):
    assert cli.run(["show", f"{HERE}:{name}"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err


def test_measured_layers_say_it_too(capsys):
    asked = ("profile", "--measured", f"{HERE}:exits_in_forward", "--image-size", "32", "--device", "cpu")
    assert cli.run(asked) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "sys.exit(3)" in err.splitlines()[-1]


def test_a_run_holds_them_side_by_side(family, tmp_path, capsys):
    names = ("exits", "exits_hard_in_forward", "makes_a_daemon", "steers_terminals")
    models = ",".join(f"{HERE}:{name}" for name in names)
    asked = ("--models", models, "--batch-sizes", "2", "--image-sizes", "32", "--launches", "1", "--device", "cpu")
    assert cli.run(["run", *asked, "-o", str(tmp_path / "run")]) == 3
    out, err = capsys.readouterr()
    assert all(words.plain(line) == line for line in (out + err).split("\n"))
    assert not [line for line in (out + err).splitlines() if line.lstrip().startswith("::")]
    found = run_directory.load(tmp_path / "run")
    details = {skip.case.model.partition(":")[2]: skip.detail for skip in found.skips}
    where = r"\(tests/runner/misbehaving\.py, line \d+\)"
    assert re.fullmatch(rf"'{HERE}:exits' called sys\.exit\(0\) {where}", details["exits"])
    assert details["exits_hard_in_forward"] == "the process ended with status 9 and no answer"
    assert details.keys() == {"exits", "exits_hard_in_forward", "steers_terminals"}
    assert [bool(it.launches) for it in found.measurements if it.case.model.endswith("makes_a_daemon")] == [True]
    assert family() == []
