"""`design`: architectures under budgets, by closed form and this machine's layers, before anything is measured."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from resnet_bench import scratch
from resnet_bench.analysis.budgets import parse_budget
from resnet_bench.analysis.prediction.space import FamilyName
from resnet_bench.commands.arguments import with_axes
from resnet_bench.commands.chosen import chosen
from resnet_bench.commands.output import destination, give
from resnet_bench.config.axes import ALONE, BY_NAME
from resnet_bench.config.axis import Value
from resnet_bench.errors import ExitCode, UsageError
from resnet_bench.records import Executor
from resnet_bench.report.renderers import Format
from resnet_bench.specs import Spec
from resnet_bench.storage import files

if TYPE_CHECKING:
    from resnet_bench.runner.designing import Designs

# The batch stands in a budget.
_AXES = tuple(axis for axis in ALONE if axis.name not in {"model", "batch_size", "weights", "input", "arguments"})


@with_axes(
    _AXES,
    defaults={"mode": "inference", "optimizer": "momentum"},
    several=("image_size",),
    only={"image_size": "Of the networks that are searched; 128 to 288 by default."},
)
def design(
    *,
    under: Annotated[list[str] | None, Parameter(negative=())] = None,
    family: Annotated[list[FamilyName] | None, Parameter(negative=())] = None,
    around: str | None = None,
    measure_missing: Annotated[bool, Parameter(negative=())] = False,
    across: Annotated[bool, Parameter(negative=())] = False,
    measure: Annotated[bool, Parameter(negative=())] = False,
    suite: Path | None = None,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    format: Format | None = None,  # noqa: A002 - the flag's name
    **given: str,
) -> int:
    """Search architectures under budgets, and print those that no other is both quicker and larger than.

    Depths, widths, groups, variants and image sizes, in seconds: counts are in closed form, latencies are predicted
    from the layers that are known here. Each network is a [[models]] table to paste into a suite file.

    Args:
        under: a budget, such as "latency 100 ms at batch 1", "parameters 20 M", "MACs 4 G" or "peak memory 300 MiB";
            may be given several times.
        family: resnet, resnext, wide, preact or cifar; may be given several times. By default all but cifar.
        around: search near this model instead: other depths, widths and image sizes.
        measure_missing: first time the layers that are not known, seconds for each variant and image size.
        across: predict by layers that were timed with other software or on another machine, with a wider interval.
        measure: then measure the best three, as the command that is printed would, and show both side by side.
        suite: also write a suite file that measures the best three.
        output: write it to this file; an .html file is a page of its own.
        format: text, markdown, json, csv, latex or html; by default what the suffix of --output says, else text.
        given: flags of the axes, as text.
    """
    # numpy and the tables of metrics, which --help needs not
    from resnet_bench.analysis.prediction import space  # noqa: PLC0415
    from resnet_bench.report.documents import designs as page  # noqa: PLC0415
    from resnet_bench.runner import designing  # noqa: PLC0415
    from resnet_bench.runner.launchers.table import launcher  # noqa: PLC0415

    to = destination(format, output)
    if measure and output is None and to.form is not Format.TEXT:
        raise UsageError(
            "--measure prints the results of a run after the designs; write the designs to a file: -o FILE."
        )
    if suite is not None:
        files.check_writable(suite)
    budgets = tuple(parse_budget(text) for text in under or ())
    designing.check_budgets(budgets)
    lists: dict[str, tuple[Value, ...]] = {
        name: BY_NAME[name].several_from_text(text, BY_NAME[name].flag) for name, text in given.items()
    }
    sizes = tuple(int(size) for size in lists.pop("image_size", ()))
    several = next((name for name, found in lists.items() if len(found) > 1), None)
    if several is not None:
        raise UsageError(f"{BY_NAME[several].singular_flag} takes one value: networks are compared at equal terms.")
    asked: dict[str, Any] = {name: found[0] for name, found in lists.items()}
    if around is not None:
        if family:
            raise UsageError("--around searches near one model, --family through a family; give one of both.")
        (near,) = chosen((around,))[:1]
        if not isinstance(near.named.model, Spec):
            raise UsageError(f"--around '{around}': only this package's architectures and a suite's own can be varied.")
        _refuse(near.name, asked)
        variants = space.around(near.named.model, sizes)
    else:
        _refuse("", asked)
        families = family or [it for it in FamilyName if it is not FamilyName.CIFAR]
        variants = space.of_families(families, sizes)
    found = designing.search(
        variants, budgets, asked, launcher=launcher(), measure_missing=measure_missing, across=across
    )
    if suite is not None and found.designs:
        files.whole(suite, page.suite_text(found))
    give(page.document(found, suite), to)
    if not found.designs:
        return ExitCode.INCOMPLETE
    return _measured(found, suite) if measure else ExitCode.DONE


def _refuse(around: str, asked: Mapping[str, Any]) -> None:
    """Refuse an executor before there are variants, whose names are no models to run yet."""
    from resnet_bench.runner import prediction  # noqa: PLC0415 - as above

    executor: Executor | None = asked.get("executor")
    if executor is None:
        return
    measure = f", or measure it: resnet-bench run --models {around} --executor {executor}" if around else ""
    prediction.refuse_executor(executor, f"design for another executor{measure}")


def _measured(found: "Designs", suite: Path | None) -> int:
    """Measure the best designs by `run`, whose results say how far off they were predicted."""
    from resnet_bench.commands.run import run  # noqa: PLC0415 - as above, all that measures
    from resnet_bench.report.documents import designs as page  # noqa: PLC0415

    flags = {name.replace("-", "_"): value for name, value in page.run_flags(found).items()}
    with scratch.folder("design") as folder:
        path = suite or folder / page.SUITE_NAME
        if suite is None:
            files.whole(path, page.suite_text(found))
        code: int = run(path, **flags)
    return code
