"""`bisect`: which commit made it slower."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from resnet_bench import units
from resnet_bench.commands.ab import cases_of
from resnet_bench.commands.arguments import Whole, with_axes
from resnet_bench.commands.output import destination, give
from resnet_bench.config import values
from resnet_bench.config.axes import ALONE
from resnet_bench.errors import ExitCode, UsageError
from resnet_bench.records.live import Decision, Matchup
from resnet_bench.report.documents import bisection as page
from resnet_bench.report.renderers import Format
from resnet_bench.runner import bisection, live, revisions
from resnet_bench.words import say


@with_axes(ALONE, defaults=revisions.DEFAULTS)
def bisect(
    good: str,
    bad: str,
    *,
    band: str = "2 %",
    budget: str = "2m",
    repository: Path = Path(),
    install: Annotated[bool, Parameter(negative=())] = False,
    seed: Whole = 0,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
    **given: str,
) -> int:
    """Find the commit that made a model slower: git bisect, each step decided by launch pairs against GOOD.

    A commit whose model reads the same code as one before is not measured again. One that does not build or stays
    undecided is skipped, and said. Exit code 0 where one commit is left, 3 where several are.

    Args:
        good: a commit, branch or tag that is fast.
        bad: a later one that is slow.
        band: change that does not matter.
        budget: longest time of a step, such as 90s or 2m.
        repository: the git repository of both revisions.
        install: build and install each side in an environment of its own, laid over this one.
        seed: seed of weights, inputs and the order of turns.
        output: write it to this file; an .html file is a page of its own.
        format: text, markdown, json, csv, latex or html; by default what the suffix of --output says, else text.
        given: flags of the axes, as text.
    """
    if "model" not in given:
        raise UsageError("bisect needs a model: --model package.module:callable, as ab takes it.")
    to = destination(format, output)
    (case,) = cases_of([given["model"]], given)
    matchup = Matchup(baseline=case, contender=case)
    terms = live.Terms(
        band=values.quantity(units.parse_percent, band, "--band"),
        budget_s=values.quantity(units.parse_seconds, budget, "--budget"),
        seed=seed,
    )

    seen: dict[str, dict[str, Decision]] = {}

    def judge(base: str, contender: str) -> Decision:
        both = revisions.Revisions(base=base, contender=contender, repository=repository, install=install)
        known = seen.setdefault(base, {})
        ((outcome,), _) = revisions.compare([matchup], both, terms, known=known)
        if outcome.code:
            known.setdefault(outcome.code, bisection.as_known(outcome.decision, contender))
        return outcome.decision

    found = bisection.bisect(repository, good, bad, judge, say=say)
    give(page.document(found), to)
    return ExitCode.DONE if len(found.candidates) == 1 else ExitCode.INCOMPLETE
