"""`report`: one offline HTML page, or text, Markdown, JSON or CSV, from runs."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from resnet_bench.analysis.choice import ask
from resnet_bench.analysis.history import history
from resnet_bench.analysis.verdicts import calibrated, sides
from resnet_bench.commands.output import destination, give, warn
from resnet_bench.commands.ticker import Ticker
from resnet_bench.errors import UsageError
from resnet_bench.interop import asv_read
from resnet_bench.records import History
from resnet_bench.report import figure_files
from resnet_bench.report.document import Document
from resnet_bench.report.documents import choice
from resnet_bench.report.documents import gallery as published_gallery
from resnet_bench.report.documents import run as view
from resnet_bench.report.renderers import Format
from resnet_bench.storage import baselines, calibrations, run_directory
from resnet_bench.words import say

PAGE_NAME = "report.html"
INDEX_NAME = "index.html"


def report(
    *runs: Path,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
    best: Annotated[bool, Parameter(negative=())] = False,
    under: Annotated[list[str] | None, Parameter(negative=())] = None,
    best_for: Annotated[str | None, Parameter(name="--for")] = None,
    price: Annotated[list[str] | None, Parameter(negative=())] = None,
    figures: Path | None = None,
    gallery: Annotated[bool, Parameter(negative=())] = False,
    baseline: str | None = None,
    baselines_dir: Path = baselines.DEFAULT_DIRECTORY,
    asv_results_dir: Annotated[Path | None, Parameter(name="--asv-results")] = None,
    repository: Path | None = None,
) -> None:
    """Make an HTML page of one or several runs and print its path; several stand side by side.

    Args:
        runs: run directories, as `resnet-bench run -o` wrote them.
        output: the file to write; a page goes to report.html in the first run's directory by default.
        format: print text, markdown, json, csv, latex or html instead; by default what the suffix of --output says.
        best: print the fastest configuration of each model, what it gains over the default, and what each axis brings;
            with --under, --for or --price the best case of each model, and the best model.
        under: a budget, such as "latency p95 200 ms at batch 1" or "peak memory 8 GiB"; may be given several times.
        best_for: what to be best at: accuracy, throughput, latency, energy, cost, "throughput at batch 32"; by default
            accuracy where it is known, else throughput.
        price: what an hour costs, such as "2.49 USD/h", of one run or machine "NAME=2.49 USD/h"; may be given several
            times.
        figures: also write each figure into this folder, as SVG, and as PNG and PDF where the extra `figures` is there.
        gallery: write an index of the runs, with a link to each one's page and every model across the machines, to
            index.html beside them or to --output.
        baseline: run directory, baseline file, or name of a baseline to compare with; by default the first of
            several runs.
        baselines_dir: where named baselines are kept.
        asv_results_dir: asv's results folder, for a section with the history of its series.
        repository: the checkout that knows the order of its commits; by default the working folder.
    """
    if not runs:
        raise UsageError("report needs at least one run directory: resnet-bench report DIR.")
    of_page = {
        "--figures": figures,
        "--baseline": baseline,
        "--asv-results": asv_results_dir,
        "--repository": repository,
    }
    if gallery:
        _refuse({"--best": best, "--under": under, "--for": best_for, "--price": price, **of_page}, beside="--gallery")
        _gallery(runs, output, format)
        return
    query = ask(under or (), best_for, price or ()) if under or best_for is not None or price else None
    if query is not None:
        _refuse(of_page, beside="--under, --for and --price")
    elif best and figures is None:
        _refuse(of_page, beside="--best")
    if asv_results_dir is None:
        _refuse({"--repository": repository}, beside="a page without --asv-results")
    page = None if best or query or format else runs[0] / PAGE_NAME
    loaded = [run_directory.load(run) for run in runs]
    inputs = (*runs, *baselines_dir.glob("*.json"), *([Path(baseline)] if baseline else ()))
    to = destination(format, output or page, inputs=inputs)
    base = sides.read(baseline, baselines_dir) if baseline else None
    warn([*(text for run in loaded for text in run.warnings), *(base.warnings if base else ())])
    if query is not None:
        give(choice.build(loaded, query), to)
        return
    past = _history(asv_results_dir, repository or Path()) if asv_results_dir else None
    bands = [calibrated.bands_known(run, calibrations.DEFAULT_FILE) for run in loaded]
    document = view.build(loaded, baseline=base, history=past, bands=bands)
    if figures is not None:
        _write_figures(document, figures)
    give(view.only(document, "best") if best else document, to)


def _refuse(flags: Mapping[str, object], *, beside: str) -> None:
    """Refuse flags that would do nothing."""
    given = next((flag for flag, value in flags.items() if value), None)
    if given is not None:
        raise UsageError(f"{given} does nothing beside {beside}; leave one of them out.")


def _write_figures(document: Document, folder: Path) -> None:
    for path in figure_files.write(document, folder):
        say(f"figure: {path}")
    if not figure_files.converts():
        say(figure_files.EXTRA)


def _gallery(folders: Sequence[Path], output: Path | None, form: Format | None) -> None:
    """Write the index; what lies beside runs and is none, such as a former index, is passed over."""
    runs = [folder for folder in folders if run_directory.is_run(folder)]
    if not runs:
        raise UsageError(f"{folders[0]} is not a run directory; a gallery is of those: report reports/* --gallery.")
    others = [folder for folder in folders if folder.is_dir() and folder not in runs]
    warn(f"{folder} is no run and has no place in the gallery." for folder in others)
    to = destination(form, output or (None if form else runs[0].parent / INDEX_NAME), inputs=runs)
    home = (to.path or runs[0].parent / INDEX_NAME).resolve().parent
    pages = [Path(os.path.relpath(folder.resolve() / PAGE_NAME, home)) for folder in runs]
    give(published_gallery.build([run_directory.load(folder) for folder in runs], pages), to)


def _history(results: Path, repository: Path) -> History:
    with Ticker() as ticker:
        read = [asv_read.read(results, progress=ticker)]
        return history.build(read, [], sources=[str(results)], repository=repository, progress=ticker)[0]
