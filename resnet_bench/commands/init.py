"""`init`: what another repository needs to be measured, gated and followed."""

import sys
from pathlib import Path

from resnet_bench import specs
from resnet_bench.errors import UsageError
from resnet_bench.interop.scaffold import write
from resnet_bench.interop.scaffold.look import KEPT_LINES, ignoring, look
from resnet_bench.words import listed, plain, say


def init(directory: Path = Path(), /, *, model: str = "", action: str = "") -> None:
    """Write a suite, thresholds, two workflows and an asv suite for this repository; what is there stays as it is.

    The model is looked for among the repository's functions and classes, without importing any. The first workflow
    measures a pull request against its base, the second comments; neither needs a machine of yours. Commit all of it;
    what runs and asv write is ignored by git, but for baselines and the calibration.

    Args:
        directory: the repository.
        model: what to measure, package.module:callable, where it is not found or another one is meant.
        action: where the GitHub action lives, owner/repository@ref.
    """
    around = look(directory)
    if model and not (specs.is_external(model) and _is_one_word(model)):
        raise UsageError(f"--model '{plain(model)}': expected a model of this repository, package.module:callable.")
    if action and not _is_one_word(action):
        raise UsageError(f"--action '{plain(action)}': expected owner/repository@ref.")
    if not model and not around.factories:
        raise UsageError(
            f"in {around.root} nothing was found that builds a network without arguments; name it: "
            "resnet-bench init --model package.module:callable."
        )
    chosen = model or around.factories[0]
    came_from = write.lives_at(action) if action else write.origin()
    files = write.write(around, model=chosen, came_from=came_from)
    for file in files:
        say(f"{'wrote' if file.written else 'kept '} {file.path}", to=sys.stdout)
    written = {file.path for file in files if file.written}
    found = ignoring(around.root)
    if found.lost:
        lines = "  ".join(("/reports/*", *KEPT_LINES))
        say(f"git ignores {listed(found.lost)}, made to be committed: have in .gitignore, not reports/ but {lines}")
    elif found.lacking:
        kept = KEPT_LINES if "/reports/*" in found.lacking else ()
        say(f"runs and asv write what is not to be committed; add to .gitignore: {'  '.join((*found.lacking, *kept))}")
    if not around.installable and write.ASV in written:
        say("pip cannot install this repository: asv puts each commit on the path of its environment instead.")
    others = [it for it in around.factories if it != chosen]
    say(f"model: {chosen}" + (f" (also found: {listed(others)}; --model chooses)" if others and not model else ""))
    if came_from.action == write.UNKNOWN_ACTION and write.WORKFLOW in written:
        say(f"the workflow uses {came_from.action}: put in where resnet_bench lives, or give --action owner/repo@ref.")
    if came_from.is_local and write.ASV in written:
        say(
            f"asv.conf.json installs resnet_bench from {came_from.requirement}, a folder of this machine; "
            "--action owner/repo@ref names another place."
        )
    say(f"next: resnet-bench ab HEAD~1 --models {chosen}, and resnet-bench run {write.SUITE} --dry-run")


def _is_one_word(text: str) -> bool:
    """Whether it stands in a workflow file as it is: a line's end there would begin another step."""
    return text.isprintable() and " " not in text
