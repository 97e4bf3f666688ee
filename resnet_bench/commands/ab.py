"""`ab`: two revisions, or two configurations of one, measured now against each other."""

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from resnet_bench import units
from resnet_bench.analysis import calibrated
from resnet_bench.commands.arguments import Whole
from resnet_bench.errors import ExitCode, UsageError, nearest
from resnet_bench.git.checkout import WORKING_TREE, checked_out
from resnet_bench.machine.devices import HOST
from resnet_bench.records import Case, Executor, MemoryFormat, Mode, Precision, Verdict
from resnet_bench.records.live import Matchup
from resnet_bench.report.documents import live as ab_report
from resnet_bench.report.format import Format
from resnet_bench.runner import live as runner
from resnet_bench.runner.interruption import stoppable
from resnet_bench.runner.launchers.table import launcher
from resnet_bench.runner.overlay import installed
from resnet_bench.storage import calibrations, files

_RENDERERS = {
    Format.TEXT: ab_report.as_text,
    Format.MARKDOWN: ab_report.as_markdown,
    Format.JSON: ab_report.as_json,
    Format.CSV: ab_report.as_csv,
}

_CHOICES = {"mode": Mode, "precision": Precision, "memory_format": MemoryFormat, "executor": Executor}


def ab(
    base: str = "",
    contender: str = "",
    *,
    models: Annotated[str, Parameter(name=("--model", "--models"))] = "resnet18",
    batch_size: Whole = 1,
    image_size: Whole = 96,
    mode: str = "inference",
    device: str = HOST,
    threads: Whole = 1,
    case_a: str = "",
    case_b: str = "",
    band: str = "",
    budget: str = "10m",
    repository: Path = Path(),
    install: Annotated[bool, Parameter(negative=())] = False,
    seed: Whole = 0,
    calibration_file: Annotated[Path, Parameter(name="--calibration")] = calibrations.DEFAULT_FILE,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    format: Format = Format.TEXT,  # noqa: A002 - the flag's name
) -> int:
    """Measure two revisions against each other, in fresh launch pairs, until every case is decided.

    Both sides run in this environment and are measured by this installation's harness; only the model's code comes
    from each side. Looking often does not raise the false alarm rate (0.5 % over all cases and looks).
    Exit code 1 where something regressed, 3 where a case is undecided, else 0.

    Args:
        base: commit, branch, tag, or "." for the working tree with its uncommitted changes; may be left out with
            --case-a or --case-b, which then compare two configurations of the working tree.
        contender: as base; the working tree by default, with --case-a or --case-b the base itself.
        models: registry names or package.module:callable, with commas.
        batch_size: images an iteration.
        image_size: pixels a side.
        mode: inference or training.
        device: cpu or cuda:N.
        threads: threads of each side; leave a core free.
        case_a: what differs on the base's side, such as memory_format=channels_last,executor=compile.
        case_b: what differs on the contender's side.
        band: change that does not matter; what `calibrate` found for this machine, else 2 %.
        budget: longest time, such as 90s or 10m; what is undecided then is said.
        repository: the git repository of both revisions.
        install: build and install each side in an environment of its own, laid over this one.
        seed: seed of weights, inputs and the order of turns.
        calibration_file: what `calibrate` learnt of this machine: the band, and whether it can be seen here.
        output: save every turn of every launch pair to this JSON lines file, also where Ctrl-C ends it.
        format: text, markdown, json or csv.
    """
    configurations = bool(case_a.strip() or case_b.strip())
    if not base and not configurations:
        raise UsageError("ab needs BASE_REV (a commit, branch or tag), or --case-a and --case-b to compare.")
    base = base or WORKING_TREE
    contender = contender or (base if configurations else WORKING_TREE)
    asked, limit = units.parse_percent(band) if band else None, units.parse_seconds(budget)
    shared = {"batch_size": batch_size, "image_size": image_size, "mode": mode, "device": device, "threads": threads}
    matchups = [
        Matchup(
            baseline=_case({"model": name.strip()} | shared, "--case-a", case_a),
            contender=_case({"model": name.strip()} | shared, "--case-b", case_b),
        )
        for name in models.split(",")
        if name.strip()
    ]
    if not matchups:
        raise UsageError("--models names no model.")
    if output:
        files.make_folder_of(output)
        files.check_writable(output)
    terms = runner.Terms(band=_band(asked, matchups, device, calibration_file), budget_s=limit, seed=seed)
    with stoppable(), contextlib.ExitStack() as stack:
        left, right = (stack.enter_context(checked_out(repository, revision)) for revision in (base, contender))
        if install:
            left, right = (stack.enter_context(installed(side)) for side in (left, right))
        outcomes = runner.measure_pairs(matchups, (left, right), terms, on_pair=_progress, output=output)
    print(_RENDERERS[format](outcomes, (left.label, right.label)), end="")
    verdicts = {outcome.decision.verdict for outcome in outcomes}
    if Verdict.REGRESSED in verdicts:
        return ExitCode.FOUND
    return ExitCode.INCOMPLETE if Verdict.INCONCLUSIVE in verdicts else ExitCode.DONE


def _band(asked: float | None, matchups: Sequence[Matchup], device: str, path: Path) -> float:
    """Return the noise band, and say where it comes from; a device that is not here is refused on the way."""
    has_calibration = calibrations.present(path)
    if device == HOST and not has_calibration:
        return asked if asked is not None else calibrated.DEFAULT_PAIRED_BAND
    here = launcher().machines(device)[0].environment.id
    used = {case.threads for matchup in matchups for case in (matchup.baseline, matchup.contender)}
    terms = calibrated.paired_terms(asked, environment=here, threads=used, path=path)
    for line in terms.said:
        print(line, file=sys.stderr)
    return terms.band


def _case(fields: dict[str, object], flag: str, text: str) -> Case:
    known = [name for name in Case.__struct_fields__ if name not in {"model", "device", "machine"}]
    changes: dict[str, object] = {}
    for part in filter(None, (it.strip() for it in text.split(","))):
        name, _, value = part.partition("=")
        if name not in known:
            raise UsageError(f"{flag}: '{name}' is no field.{nearest(name, known)} Fields: {', '.join(known)}.")
        changes[name] = int(value) if value.isdigit() else value
    try:
        case = msgspec.convert(fields | changes, Case)
    except msgspec.ValidationError as error:
        choices = next((kind for name, kind in _CHOICES.items() if f".{name}`" in str(error)), ())
        expected = f" Expected {', '.join(choices)}." if choices else ""
        raise UsageError(f"{flag if changes else 'case'}: {error}.{expected}") from error
    for name in ("batch_size", "image_size", "threads"):
        if getattr(case, name) < 1:
            where = f"{flag}: {name}=" if name in changes else f"--{name.replace('_', '-')} "
            raise UsageError(f"{where}{getattr(case, name)}: expected 1 or more.")
    return case


def _progress(pairs: int, seconds: float) -> None:
    print(f"{pairs} launch pair{'' if pairs == 1 else 's'} after {units.duration(seconds)}", file=sys.stderr)
