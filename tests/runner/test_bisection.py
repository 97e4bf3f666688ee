"""The search among commits: with decisions that are made up, and once with a planted slowdown for real."""

import json
import subprocess

import pytest

from resnet_bench import cli
from resnet_bench.errors import IncompleteError, UsageError
from resnet_bench.records import Interval, Verdict
from resnet_bench.records.bisections import StepRuling
from resnet_bench.records.live import Decision, MatchupResult, Side
from resnet_bench.runner import revisions
from resnet_bench.runner.bisection import bisect
from tests.make import git, make_repository


def decision(verdict, ratio=1.0):
    interval = Interval(low=ratio * 0.99, high=ratio * 1.01, confidence=0.99)
    return Decision(verdict=verdict, ratio=ratio, interval=interval, detectable=0.02, pairs=8, reason="as planted")


def judging(revisions, planted, *, broken=(), noisy=()):
    """Return decisions as a slowdown of 10 % at the commit number `planted` would have them."""
    place = {revision: number for number, revision in enumerate(revisions)}

    def number(revision):
        return place[revision.rstrip("^")] - revision.count("^")

    def judge(base, contender):
        if number(contender) in broken:
            raise UsageError(f"{contender[:12]}: ImportError: half a commit.")
        if number(contender) in noisy:
            return decision(Verdict.INCONCLUSIVE)
        slower = number(base) < planted <= number(contender)
        return decision(Verdict.REGRESSED, 1.1) if slower else decision(Verdict.UNCHANGED)

    return judge


@pytest.fixture
def repository(tmp_path):
    return tmp_path, make_repository(tmp_path, 30)


@pytest.mark.parametrize("planted", [1, 7, 16, 29])
def test_the_commit_is_found_in_a_logarithm_of_steps(repository, planted):
    folder, revisions = repository
    said = []
    found = bisect(folder, revisions[0], revisions[29], judging(revisions, planted), say=said.append)
    assert found.candidates == (revisions[planted],)
    assert found.subjects == (str(planted),)
    assert found.change.ratio == 1.1
    assert len(found.steps) <= 6
    assert len(said) == len(found.steps) + 1
    assert git(folder, "worktree", "list").count("\n") == 0
    assert git(folder, "for-each-ref", "refs/bisect") == ""


def test_what_does_not_build_or_stays_undecided_is_skipped_and_said(repository):
    folder, revisions = repository
    said = []
    judge = judging(revisions, 17, broken={14, 15}, noisy={13})
    found = bisect(folder, revisions[0], revisions[29], judge, say=said.append)
    assert found.candidates == (revisions[17],)
    skipped = [step for step in found.steps if step.ruling is StepRuling.SKIPPED]
    assert skipped
    assert all(step.detail for step in skipped)
    assert any("skipped: " in line for line in said)


def test_where_skips_hide_it_every_candidate_is_named(repository):
    folder, revisions = repository
    judge = judging(revisions, 17, broken={16, 17})
    found = bisect(folder, revisions[0], revisions[29], judge, say=lambda _: None)
    assert set(found.candidates) == set(revisions[16:19])  # the first that can be judged may be to blame too
    assert found.change is None


@pytest.mark.parametrize(
    ("verdict", "error", "words"),
    [
        (Verdict.UNCHANGED, UsageError, "is not slower than"),
        (Verdict.INCONCLUSIVE, IncompleteError, "stayed undecided: as planted"),
    ],
)
def test_there_must_be_something_to_look_for(repository, verdict, error, words):
    folder, revisions = repository
    with pytest.raises(error, match=words):
        bisect(folder, revisions[0], revisions[9], lambda *_: decision(verdict), say=lambda _: None)


@pytest.mark.parametrize(
    ("good", "bad", "words"), [("main~3", 2, "is no ancestor of"), ("nope", 2, "is not a revision of")]
)
def test_wrong_revisions_are_one_line(repository, good, bad, words):
    folder, revisions = repository
    names = [revisions[it] if isinstance(it, int) else it for it in (good, bad)]
    with pytest.raises(UsageError, match=words) as refused:
        bisect(folder, *names, lambda *_: decision(Verdict.REGRESSED), say=lambda _: None)
    assert str(refused.value).startswith(f"'{names[0]}'")  # as the user wrote it


def test_code_that_was_measured_before_is_not_measured_again_and_said(repository, monkeypatch, capsys):
    folder, names = repository
    place, measured = {name: number for number, name in enumerate(names)}, []

    def compare(matchups, both, _, *, known):
        number = place[both.contender]
        code = "slow" if number >= 17 else "quick"  # all other commits are of documentation
        if code not in known:
            measured.append(number)
        made = decision(Verdict.REGRESSED, 1.1) if code == "slow" else decision(Verdict.UNCHANGED)
        outcome = MatchupResult(matchup=matchups[0], turns=(), decision=known.get(code, made), code=code)
        return (outcome,), (Side(label="a", root="a"), Side(label="b", root="b"))

    monkeypatch.setattr(revisions, "compare", compare)
    assert cli.run(["bisect", names[0], names[29], "--model", "m:build", "--repository", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert f"{names[17][:12]} made it slower" in out
    # The ends, the first commit that is quick, and the culprit against its parent.
    assert measured == [29, next(it for it in measured[1:] if it < 17), 17]
    assert f"not measured: the same code as {names[29][:12]}" in err
    assert "not measured: the same code as" in out


MODEL = """
import torch

def build():
    return torch.nn.Sequential(*[torch.nn.Conv2d(3, 3, 3, padding=1) for _ in range({layers})])
"""


@pytest.mark.slow
@pytest.mark.usefixtures("brief_turns")
def test_a_planted_slowdown_among_thirty_commits_is_named_with_its_size(tmp_path, capsys):
    git(tmp_path, "init", "-q", "-b", "main")
    for number in range(30):
        (tmp_path / "mynet.py").write_text(MODEL.format(layers=2 if number < 21 else 64) + f"# {number}\n")
        git(tmp_path, "add", "-A")
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.hooksPath=/dev/null")
        subprocess.run(["git", *identity, "commit", "-q", "-m", f"change {number}"], cwd=tmp_path, check=True)
    arguments = ("--model", "mynet:build", "--image-size", "32", "--repository", str(tmp_path), "--format", "json")
    arguments += ("--band", "20 %")  # commits that are alike are soon seen to be
    code = cli.run(["bisect", "HEAD~29", "HEAD", *arguments])
    found = json.loads(capsys.readouterr().out)
    assert (code, found["subjects"]) == (0, ["change 21"])
    assert found["change"]["interval"]["low"] > 1.5
    assert len(found["steps"]) <= 6
