"""`predict`: the latency of networks that nobody has measured, from this machine's layers."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from resnet_bench.commands.arguments import Unsaid, with_axes
from resnet_bench.commands.chosen import chosen
from resnet_bench.commands.output import destination, give
from resnet_bench.config.axes import ALONE, BY_NAME
from resnet_bench.errors import ExitCode, UsageError
from resnet_bench.machine.devices import HOST
from resnet_bench.report.renderers import Format

# What goes in is square images, and whose weights makes no difference.
_AXES = tuple(axis for axis in ALONE if axis.name not in {"model", "weights", "input"})


@with_axes(_AXES, defaults={"mode": "inference", "batch_size": "1", "optimizer": "momentum"}, several=("batch_size",))
def predict(
    *models: str,
    measure_missing: Annotated[bool, Parameter(negative=())] = False,
    across: Annotated[bool, Parameter(negative=())] = False,
    check: Annotated[bool, Parameter(negative=())] = False,
    library: Path | None = None,
    data_sheet: str = "",
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
    **given: str,
) -> int:
    """Predict the latency of models from the layers that they are made of; nothing is run.

    The layers were timed by `machine --layers`, `profile --measured` or `run --layers`, here and in the same way.

    Args:
        models: names or patterns from 'resnet-bench list', torchvision:NAME, timm:NAME, or package.module:callable;
            after a suite file (suite.toml) names of its own too, or nothing for all of those.
        measure_missing: first time the layers that are not known, seconds for each network.
        across: predict by layers that were timed with other software or on another machine, with a wider interval; the
            ceilings of both machines tell what they take here.
        check: hold predictions against everything that was measured here instead.
        library: take the layers of this file instead of those that are kept here: what `machine --layers MODELS -o
            FILE` wrote, on this machine or, with --across, on another one.
        data_sheet: instead say the least that a GPU of this name could take by its data sheet: a bound, no prediction.
        output: write it to this file; an .html file is a page of its own.
        format: text, markdown, json, csv, latex or html; by default what the suffix of --output says, else text.
        given: flags of the axes, as text.
    """
    # numpy and the tables of metrics, which --help needs not
    from resnet_bench.report.documents import predictions as page  # noqa: PLC0415
    from resnet_bench.report.documents import sheet_bounds as bounds_page  # noqa: PLC0415
    from resnet_bench.runner import prediction, sheet_bounds  # noqa: PLC0415
    from resnet_bench.runner.launchers.table import launcher  # noqa: PLC0415
    from resnet_bench.storage import layer_library  # noqa: PLC0415

    to = destination(format, output)
    if check:
        if library or data_sheet:
            raise UsageError("--check is of the layers that are kept here; leave --library and --data-sheet out.")
        if models:
            raise UsageError("--check is of everything that was measured here; leave the models out.")
        switches = {"--across": across, "--measure-missing": measure_missing}
        said = [flag for flag, is_given in switches.items() if is_given]
        said += [BY_NAME[name].flag for name, text in given.items() if not isinstance(text, Unsaid)]
        if said:
            raise UsageError(f"--check is of everything that was measured here; leave {', '.join(sorted(said))} out.")
        give(page.check(prediction.everything_judged()), to)
        return ExitCode.DONE
    if not models:
        raise UsageError("predict needs at least one model: resnet-bench predict resnet50.")
    asked: dict[str, Any] = {
        axis.name: axis.from_text(str(given[axis.name]), axis.singular_flag)
        for axis in _AXES
        if axis.name in given and axis.name != "batch_size"
    }
    sizes = BY_NAME["batch_size"].several_from_text(given["batch_size"], "--batch-sizes")
    if not all(isinstance(size, int) for size in sizes):
        raise UsageError("--batch-sizes auto searches by running; name the batch sizes to predict: 1,8,32.")
    starter, counts = launcher(), [int(size) for size in sizes]
    if data_sheet:
        if library or measure_missing or across or "device" in given:
            raise UsageError("--data-sheet needs no layers and no device; it takes models and their axes alone.")
        named = sheet_bounds.find(data_sheet)
        counted = prediction.subjects(chosen(models, asked), {**asked, "device": HOST}, counts, launcher=starter)
        give(bounds_page.document(sheet_bounds.bounds(counted, named)), to)
        return ExitCode.DONE
    libraries = layer_library.read_file(library) if library else ()
    wanted = prediction.subjects(chosen(models, asked), asked, counts, launcher=starter)
    found, oracles = prediction.predictions(
        wanted, launcher=starter, measure_missing=measure_missing, across=across, libraries=libraries
    )
    give(page.document(found, tuple(oracles.values())), to)
    return ExitCode.DONE if all(it.interval is not None for it in found) else ExitCode.INCOMPLETE
