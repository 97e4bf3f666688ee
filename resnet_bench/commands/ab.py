"""`ab`: two revisions, or two configurations of one, measured now against each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from resnet_bench import specs, units
from resnet_bench.analysis.verdicts import calibrated, exit_codes
from resnet_bench.commands.arguments import Whole, changes_of, value_of, with_axes
from resnet_bench.commands.output import destination, give
from resnet_bench.commands.suite_cases import cases_of_suite
from resnet_bench.config import values
from resnet_bench.config.axes import ALONE, BY_NAME, completed
from resnet_bench.config.axis import Value
from resnet_bench.errors import UsageError
from resnet_bench.git.checkout import WORKING_TREE
from resnet_bench.interop import github
from resnet_bench.machine.devices import HOST
from resnet_bench.records import Case, inputs
from resnet_bench.records.live import Matchup
from resnet_bench.report.documents import live
from resnet_bench.report.renderers import Format, render
from resnet_bench.runner import engines, pairs, revisions, stations
from resnet_bench.runner import live as runner
from resnet_bench.runner.launchers.fleet import RemoteLauncher
from resnet_bench.runner.progress import pairs_made
from resnet_bench.storage import calibrations, files, outputs
from resnet_bench.words import say

_DEFAULTS = {"model": "resnet18", "mode": "inference", **revisions.DEFAULTS}

# Both sides are on one device.
_CHANGEABLE = tuple(axis for axis in ALONE if axis.name != "device")


@with_axes(ALONE, defaults=_DEFAULTS, several=("model",))
def ab(
    base: str = "",
    contender: str = "",
    *,
    case_a: str = "",
    case_b: str = "",
    suite: Path | None = None,
    band: str = "",
    budget: str = "10m",
    repository: Path = Path(),
    install: Annotated[bool, Parameter(negative=())] = False,
    seed: Whole = 0,
    calibration_file: Annotated[Path, Parameter(name="--calibration")] = calibrations.DEFAULT_FILE,
    launcher: str = "",
    machines: Path | None = None,
    turns: Path | None = None,
    output: Annotated[tuple[Path, ...], Parameter(name=("--output", "-o"))] = (),
    github_output: Annotated[bool, Parameter(name="--github", negative="")] = False,
    format: Format | None = None,  # noqa: A002 - the flag's name
    **given: str,
) -> int:
    """Measure two revisions against each other, in fresh launch pairs, until every case is decided.

    Both sides run in this environment and are measured by this installation's harness; only the model's code comes
    from each side. In a repository of yours: ab HEAD~1 --models package.module:callable. A case whose sides read the
    same code is unchanged without measuring. Looking often does not raise the false alarm rate (0.5 % over all cases
    and looks).
    Exit code 1 where something regressed, 3 where a case is undecided, else 0.

    Args:
        base: commit, branch, tag, or "." for the working tree with its uncommitted changes; may be left out with
            --case-a or --case-b, which then compare two configurations of the working tree.
        contender: as base; the working tree by default, with --case-a or --case-b the base itself.
        case_a: what differs on the base's side, such as memory_format=channels_last,executor=compile, or
            model=resnet50 against a --case-b of model=my.module:net.
        case_b: what differs on the contender's side.
        suite: compare the cases of this suite file, with its image sizes and all that it says, in place of flags.
        band: change that does not matter; what `calibrate` found for this machine, else 2 %.
        budget: longest time, such as 90s or 10m; what is undecided then is said.
        repository: the git repository of both revisions.
        install: build and install each side in an environment of its own, laid over this one.
        seed: seed of weights, inputs and the order of turns.
        calibration_file: what `calibrate` learnt of this machine: the band, and whether it can be seen here.
        launcher: what reaches the one machine on which both sides are measured: ssh:HOST, slurm:CONSTRAINT,
            ray:RESOURCE, or its name in --machines. The revisions are those of --repository there.
        machines: the suite file whose machines --launcher chooses from; by default --suite.
        turns: save every turn of every launch pair to this JSON lines file, also where Ctrl-C ends it.
        output: write it to this file; an .html file is a page of its own. May be given several times.
        github_output: also print GitHub annotations and append to $GITHUB_STEP_SUMMARY.
        format: text, markdown, json, csv, latex or html; by default what the suffix of --output says, else text.
        given: flags of the axes, as text.
    """
    configurations = bool(case_a.strip() or case_b.strip())
    if not base and not configurations:
        raise UsageError("ab needs BASE_REV (a commit, branch or tag), or --case-a and --case-b to compare.")
    base = base or WORKING_TREE
    contender = contender or (base if configurations else WORKING_TREE)
    asked = values.quantity(units.parse_percent, band, "--band") if band else None
    limit = values.quantity(units.parse_seconds, budget, "--budget")
    shared = {name: value for name in given if name != "model" and (value := value_of(given, name)) is not None}
    changes = (changes_of(case_a, "--case-a", _CHANGEABLE), changes_of(case_b, "--case-b", _CHANGEABLE))
    sides = [_side(shared, of_side) for of_side in changes]
    if suite is not None and configurations:
        raise UsageError("--suite says the cases of both sides; leave --case-a and --case-b out.")
    if suite is not None:
        matchups = [Matchup(baseline=case, contender=case) for case in cases_of_suite(suite, given)]
    else:
        matchups = [
            Matchup(baseline=_case(name, sides[0]), contender=_case(name, sides[1]))
            for name in _models(sides, given["model"])
        ]
    if not (install or launcher or machines):  # an environment of its own, or another machine, has packages of its own
        engines.refuse_missing(str(case.executor) for it in matchups for case in (it.baseline, it.contender))
    destinations = [destination(format, path) for path in output or (None,)]
    if turns:
        files.make_folder_of(turns)
        outputs.check(turns, ours=runner.holds_turns)
    both = revisions.Revisions(base=base, contender=contender, repository=repository, install=install)
    with stations.one_machine(launcher, machines or (suite if launcher else None)) as there:
        noise = _band(asked, matchups, str(given["device"]), calibration_file, there)
        terms = runner.Terms(band=noise, budget_s=limit, seed=seed)
        outcomes, labels = pairs.compare(there, matchups, both, terms, on_pair=pairs_made, turns=turns)
    document = live.document(outcomes, labels)
    for to in destinations:
        give(document, to)
    if github_output:
        github.publish(render(document, Format.MARKDOWN), github.from_decisions(outcomes))
    return exit_codes.of_decisions(outcome.decision.verdict for outcome in outcomes)


def _band(
    asked: float | None, matchups: Sequence[Matchup], device: str, path: Path, there: RemoteLauncher | None
) -> float:
    """Return the noise band, and say where it comes from; a device that is not here is refused on the way."""
    has_calibration = calibrations.present(path)
    if there is None and device == HOST and not has_calibration:
        return asked if asked is not None else calibrated.DEFAULT_PAIRED_BAND
    machine = pairs.environment(there, device)
    path = calibrations.of_machine(path, "" if there is None else machine.id)
    used = {case.threads for matchup in matchups for case in (matchup.baseline, matchup.contender)}
    terms = calibrated.paired_terms(asked, environment=machine, threads=used, path=path)
    for line in terms.said:
        say(line)
    return terms.band


def _case(name: str, values: Mapping[str, Any]) -> Case:
    """Return a side's case; what its side says goes before --models."""
    return Case(**{"model": name, **completed(inputs.in_fields(values), values["device"])})


def _models(sides: Sequence[Mapping[str, Any]], asked: str) -> Sequence[str]:
    """Return the models of --models; where each side has its own, there is one question, whatever --models says."""
    own = [str(side["model"]) for side in sides if "model" in side]
    for name in own:
        if len(specs.matching([name])) != 1:
            raise UsageError(f"--case-a and --case-b take one model each, and '{name}' is several.")
    if len(own) == len(sides):
        return own[:1]
    return specs.matching(map(str, BY_NAME["model"].several_from_text(asked, "--models")))


def _side(shared: Mapping[str, Value], changes: Mapping[str, Value]) -> dict[str, Value]:
    """Return what holds of one side: an image size that is said of it replaces an input of both."""
    replaced = {"input"} if "image_size" in changes else set()
    return {**{name: value for name, value in shared.items() if name not in replaced}, **changes}


def cases_of(models: Sequence[str], given: Mapping[str, str]) -> tuple[Case, ...]:
    """Return a case of each model by the flags of the axes."""
    shared = {name: value for name in given if name != "model" and (value := value_of(given, name)) is not None}
    return tuple(_case(name, shared) for name in models)
