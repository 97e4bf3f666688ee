"""A gallery of published runs: a row and a link for each, and every model side by side across the machines."""

from collections import Counter
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
from resnet_bench.records import Case, Environment, Mode, Run, Summary
from resnet_bench.report.document import Document, Prominence, Section
from resnet_bench.report.figure import Figure, FigureAxis, Role, Scale, Series
from resnet_bench.report.labels import AXES, Labels, axis_words, device_names, label
from resnet_bench.report.rows import objects
from resnet_bench.report.sections.trust import trust
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.words import counted, listed

# By model and run.
Fastest = dict[tuple[str, int], Result]
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
    plain = [it for it in results if it.case == it.case.plain]
    alike = _fastest(plain) or _fastest(results)
    machines, models = _machines(runs, results, pages), _models(alike, _fastest(results), labels)
    of_machine = [tuple(map(_machine, run.header.environments)) for run in runs]
    several = f" in {counted(len(runs), 'run')}" if len(set(of_machine)) < len(runs) else ""
    return Document(
        title=f"ResNets on {counted(len(set(of_machine)), 'machine')}{several}",
        kind="gallery",
        content=lambda: {"machines": objects(machines), "models": objects(models)},
        rows=lambda: models,
        sections=(
            Section(id="machines", title="Machines", tables=(machines,)),
            Section(id="models", title="Models across machines", tables=(models,)),
            *_compared(alike, of_machine, runs, models),
        ),
    )


def _machine(environment: Environment) -> str:
    """Return what a machine is known by, whatever software it had: runs of one machine are no two machines."""
    identity = environment.identity
    return f"{identity.device_name}, {identity.cpu_name}, {identity.logical_cores}"


def _machine_names(runs: Sequence[Run], of_machine: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return what each run's machine is called: its device, with the run where another machine has the same."""
    devices = [device_names(run.header.environments) for run in runs]
    machines = Counter(device for device, _ in set(zip(devices, of_machine, strict=True)))
    named = zip(devices, label(runs).runs, strict=True)
    return tuple(device if machines[device] == 1 else f"{device} ({run})" for device, run in named)


def _compared(
    fastest: Fastest, of_machine: Sequence[tuple[str, ...]], runs: Sequence[Run], models: Table
) -> list[Section]:
    figure = _figure(fastest, of_machine, runs, models)
    found = Section(id="compared", title="Compared", prominence=Prominence.PAGE, figures=(figure,) if figure else ())
    return [found] if figure else []


def _machines(runs: Sequence[Run], results: Sequence[Result], pages: Sequence[Path]) -> Table:
    rows: list[Row] = []
    for number, (run, page) in enumerate(zip(runs, pages, strict=True)):
        known = trust([it for it in results if it.run == number], label([run]))
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


def _fastest(results: Sequence[Result]) -> Fastest:
    """Return each model's quickest inference of each run."""
    found: dict[tuple[str, int], Result] = {}
    for it in results:
        key = (it.case.model, it.run)
        if it.throughput and it.case.mode is Mode.INFERENCE:
            best = found.get(key)
            if best is None or best.throughput is None or it.throughput.median > best.throughput.median:
                found[key] = it
    return found


def _models(fastest: Fastest, of_all: Fastest, labels: Labels) -> Table:
    """Return a row for each model, and for each run its best throughput with the interval.

    Where a run has other configurations, beside the one that all are compared in, the fastest of them is said too.
    """
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
        columns += [
            _rate(f"fastest_{run}", "throughput", f"{name}, fastest of all"),
            Column(key=f"by_{run}", title="by", kind=ColumnKind.NAME, group=f"{name}, fastest of all"),
        ]
        if any(it is not fastest.get(key) for key, it in of_all.items() if key[1] == run):
            shown += [f"fastest_{run}", f"by_{run}"]
    others = "; beside it the fastest of all configurations" * any(it.startswith("fastest_") for it in shown)
    rows: list[Row] = []
    for model in dict.fromkeys(model for model, _ in of_all):
        here = [fastest.get((model, run)) for run in range(len(labels.runs))]
        cells: list[str | float | None] = [model, next((it.accuracy for it in here if it and it.accuracy), None)]
        for run, it in enumerate(here):
            speed, best = it.throughput if it else None, of_all.get((model, run))
            interval = speed.interval if speed else None
            cells += [speed.median if speed else None, *((interval.low, interval.high) if interval else (None, None))]
            cells.append(it.case.batch_size if it else None)
            cells.append(best.throughput.median if best and best.throughput else None)
            cells.append(_way(best.case) if best else None)
        rows.append(tuple(cells))
    return Table(
        id="models",
        caption=f"Each model's best throughput of each run{_how(fastest)}, and at which batch size{others}",
        columns=tuple(columns),
        rows=tuple(rows),
        shown=tuple(shown),
    )


def _rate(key: str, title: str, group: str, *, low: str | None = None, high: str | None = None) -> Column:
    return Column(key=key, title=title, kind=ColumnKind.RATE, unit="images/s", group=group, low=low, high=high)


def _way(case: Case) -> str:
    """Return what sets a case apart from eager float32, and its batch size: "int8 · openvino · batch 1"."""
    plain = case.plain
    axes = (it for it in AXES if getattr(case, it) != getattr(plain, it))
    return " · ".join((*(axis_words(it, getattr(case, it)) for it in axes), f"batch {case.batch_size}"))


def _how(fastest: Fastest) -> str:
    """Say in what all are compared: a machine that ran int8 is not faster for it than one that did not."""
    return " in eager float32" if all(it.case == it.case.plain for it in fastest.values()) else ""


def _figure(
    fastest: Fastest, of_machine: Sequence[tuple[str, ...]], runs: Sequence[Run], table: Table
) -> Figure | None:
    if len(set(of_machine)) < 2:  # noqa: PLR2004 - one machine is compared with nothing
        return None
    models = list(dict.fromkeys(model for model, _ in fastest))
    series = []
    for run, name in enumerate(label(runs).runs):
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
        finding=_finding(fastest, of_machine, _machine_names(runs, of_machine)),
        how_to_read=(
            "To the right is better; the axis is logarithmic. Each dot is a model at its best batch size"
            f"{_how(fastest)}."
        ),
        x=FigureAxis(title="throughput (images/s)", scale=Scale.LOG),
        y=FigureAxis(title="", scale=Scale.CATEGORY),
        series=tuple(series),
        table=msgspec.structs.replace(table, id="machines-data"),
        row_px=26,
        order=tuple(models),
    )


def _finding(fastest: Fastest, of_machine: Sequence[tuple[str, ...]], names: Sequence[str]) -> str:
    """Say which machine is the fastest for which models, and by how much, where the intervals prove it."""
    models_of = Counter(run for _, run in fastest)
    # Of a machine's runs the one with the most models speaks for it.
    speaking = {max(models_of, key=lambda it: (of_machine[it] == one, models_of[it], -it)) for one in set(of_machine)}
    ahead: dict[str, dict[str, float]] = {}
    unproven: list[str] = []
    for model in dict.fromkeys(model for model, _ in fastest):
        here: dict[int, Summary] = {}
        for (name, run), it in fastest.items():
            if name == model and it.throughput and run in speaking:
                here[run] = it.throughput
        if len(here) < 2:  # noqa: PLR2004 - one machine is compared with nothing
            continue
        runs, summaries = list(here), list(here.values())
        found = standing(summaries, THROUGHPUT.direction)
        first = summaries[found.first]
        if found.proven:
            second = max(it.median for it in summaries if it is not first)
            ahead.setdefault(names[runs[found.first]], {})[model] = first.median / second
        else:
            unproven.append(model)
    said = [_ahead(name, by, alone=len(ahead) == 1 and not unproven) for name, by in ahead.items()]
    if unproven:
        said.append(f"{'which' if said else 'Which'} is the fastest for {listed(unproven)} is not proven")
    return f"{'; '.join(said)}." if said else "No model was measured on two machines."


def _ahead(name: str, by: dict[str, float], *, alone: bool) -> str:
    span = " to ".join(dict.fromkeys(units.factor(it) for it in (min(by.values()), max(by.values()))))
    models = f"each of the {len(by)} models that several measured" if alone and len(by) > 1 else listed(list(by))
    return f"{name} is the fastest machine for {models}, {span} the next machine"
