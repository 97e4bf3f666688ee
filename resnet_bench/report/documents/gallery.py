"""A gallery of published runs: a row and a link for each, and every model side by side across the machines."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec

from resnet_bench import units
from resnet_bench.analysis.claims import standing
from resnet_bench.analysis.metrics import THROUGHPUT
from resnet_bench.analysis.published import Catalog, published
from resnet_bench.analysis.results import Result, of_runs
from resnet_bench.machine.names import named_alike
from resnet_bench.records import Mode, Run
from resnet_bench.report.document import Document, Prominence, Section
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import Labels, device_names, label
from resnet_bench.report.rows import objects
from resnet_bench.report.sections.trust import trust
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.words import counted, listed

_MACHINES = (
    Column(key="page", title="page", kind=ColumnKind.LINK),
    Column(key="device", title="device", kind=ColumnKind.NAME),
    Column(key="cases", title="cases", kind=ColumnKind.INTEGER),
    Column(key="models", title="models", kind=ColumnKind.INTEGER),
    Column(key="measured", title="measured", kind=ColumnKind.TEXT),
    Column(key="torch", title="torch", kind=ColumnKind.TEXT),
    Column(key="trust", title="how sure", kind=ColumnKind.TEXT),
)


def build(runs: Sequence[Run], pages: Sequence[Path], *, catalog: Catalog = published) -> Document:
    """Build the gallery.

    Args:
        runs: what is published.
        pages: where each run's own page lies, relative to the gallery.
        catalog: family and published accuracy by model name.
    """
    runs = named_alike(runs)
    labels = label(runs)
    results = of_runs(runs, catalog)
    fastest = _fastest(results)
    machines, models = _machines(runs, results, pages), _models(fastest, labels)
    return Document(
        title=f"ResNets on {counted(len(runs), 'machine')}",
        kind="gallery",
        content=lambda: {"machines": objects(machines), "models": objects(models)},
        rows=lambda: models,
        sections=(
            Section(id="machines", title="Machines", tables=(machines,)),
            Section(id="models", title="Models across machines", tables=(models,)),
            *_compared(fastest, labels, models),
        ),
    )


def _compared(fastest: dict[tuple[str, int], Result], labels: Labels, models: Table) -> list[Section]:
    figure = _figure(fastest, labels, models)
    found = Section(id="compared", title="Compared", prominence=Prominence.PAGE, figures=(figure,) if figure else ())
    return [found] if figure else []


def _machines(runs: Sequence[Run], results: Sequence[Result], pages: Sequence[Path]) -> Table:
    rows: list[Row] = []
    for number, (run, page) in enumerate(zip(runs, pages, strict=True)):
        known = trust([it for it in results if it.run == number])
        rows.append(
            (
                f"./{quote(page.as_posix())}",
                device_names(run.header.environments),
                len(run.header.cases),
                len({case.model for case in run.header.cases}),
                run.header.created_at[:10],
                run.header.environments[0].identity.torch if run.header.environments else None,
                known.text if known else None,
            )
        )
    return Table(
        id="machines",
        caption="Machines",
        columns=_MACHINES,
        rows=tuple(rows),
        shown=tuple(column.key for column in _MACHINES),
    )


def _fastest(results: Sequence[Result]) -> dict[tuple[str, int], Result]:
    """Return each model's quickest inference on each machine."""
    found: dict[tuple[str, int], Result] = {}
    for it in results:
        key = (it.case.model, it.run)
        if it.throughput and it.case.mode is Mode.INFERENCE:
            best = found.get(key)
            if best is None or best.throughput is None or it.throughput.median > best.throughput.median:
                found[key] = it
    return found


def _models(fastest: dict[tuple[str, int], Result], labels: Labels) -> Table:
    """Return a row for each model, and for each machine its best throughput with the interval."""
    columns = [
        Column(key="model", title="model", kind=ColumnKind.NAME),
        Column(key="accuracy", title="acc@1", kind=ColumnKind.SHARE),
    ]
    shown = ["model", "accuracy"]
    for run, name in enumerate(labels.runs):
        low, high = f"low_{run}", f"high_{run}"
        columns += [
            _rate(f"throughput_{run}", "throughput", name, low=low, high=high),
            _rate(low, "low", name),
            _rate(high, "high", name),
        ]
        columns.append(Column(key=f"batch_{run}", title="batch", kind=ColumnKind.INTEGER, group=name))
        shown += [f"throughput_{run}", f"batch_{run}"]
    rows: list[Row] = []
    for model in dict.fromkeys(model for model, _ in fastest):
        here = [fastest.get((model, run)) for run in range(len(labels.runs))]
        cells: list[str | float | None] = [model, next((it.accuracy for it in here if it and it.accuracy), None)]
        for it in here:
            speed = it.throughput if it else None
            interval = speed.interval if speed else None
            cells += [speed.median if speed else None, *((interval.low, interval.high) if interval else (None, None))]
            cells.append(it.case.batch_size if it else None)
        rows.append(tuple(cells))
    return Table(
        id="models",
        caption="Each model's best throughput on each machine, and at which batch size",
        columns=tuple(columns),
        rows=tuple(rows),
        shown=tuple(shown),
    )


def _rate(key: str, title: str, group: str, *, low: str | None = None, high: str | None = None) -> Column:
    return Column(key=key, title=title, kind=ColumnKind.RATE, unit="images/s", group=group, low=low, high=high)


def _figure(fastest: dict[tuple[str, int], Result], labels: Labels, table: Table) -> Figure | None:
    if len(labels.runs) < 2:  # noqa: PLR2004 - one machine is compared with nothing
        return None
    models = list(dict.fromkeys(model for model, _ in fastest))
    series = []
    for run, name in enumerate(labels.runs):
        found = [(model, fastest[model, run]) for model in models if (model, run) in fastest]
        summaries = [it.throughput for _, it in found if it.throughput]
        series.append(
            Series(
                name=name,
                legend=name,
                role=Role.DOTS,
                hue=run,
                x=tuple(it.median for it in summaries),
                y=tuple(model for model, _ in found),
                low=tuple(it.interval.low if it.interval else None for it in summaries),
                high=tuple(it.interval.high if it.interval else None for it in summaries),
                bounds_on_x=True,
                hover=tuple(
                    f"{model}: {it.median:.4g} images/s" for (model, _), it in zip(found, summaries, strict=True)
                ),
            )
        )
    return Figure(
        id="machines",
        title="Throughput across machines",
        finding=_finding(fastest, labels),
        how_to_read="To the right is better; the axis is logarithmic. Each dot is a model at its best batch size.",
        x=FigureAxis(title="throughput (images/s)", scale=Scale.LOG),
        y=FigureAxis(title="", scale=Scale.CATEGORY),
        series=tuple(series),
        table=msgspec.structs.replace(table, id="machines-data"),
        row_px=26,
        order=tuple(models),
    )


def _finding(fastest: dict[tuple[str, int], Result], labels: Labels) -> str:
    """Say which machine is the fastest for which models, and by how much, where the intervals prove it."""
    ahead: dict[str, dict[str, float]] = {}
    unproven: list[str] = []
    for model in dict.fromkeys(model for model, _ in fastest):
        here = {run: it.throughput for (name, run), it in fastest.items() if name == model and it.throughput}
        if len(here) < 2:  # noqa: PLR2004 - one machine is compared with nothing
            continue
        runs, summaries = list(here), list(here.values())
        found = standing(summaries, THROUGHPUT.direction)
        first, second = sorted((it.median for it in summaries), reverse=True)[:2]
        if found.proven:
            ahead.setdefault(labels.runs[runs[found.first]], {})[model] = first / second
        else:
            unproven.append(model)
    said = [_ahead(name, by, alone=len(ahead) == 1 and not unproven) for name, by in ahead.items()]
    if unproven:
        said.append(f"{'which' if said else 'Which'} is the fastest for {listed(unproven)} is not proven")
    return f"{'; '.join(said)}." if said else "No model was measured on two machines."


def _ahead(name: str, by: dict[str, float], *, alone: bool) -> str:
    span = " to ".join(dict.fromkeys(units.factor(it) for it in (min(by.values()), max(by.values()))))
    models = f"each of the {len(by)} models that several measured" if alone and len(by) > 1 else listed(list(by))
    return f"{name} is the fastest machine for {models}, {span} the next"
