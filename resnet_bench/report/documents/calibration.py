"""What the A/A self-test found: what `calibrate` prints."""

from resnet_bench import units
from resnet_bench.analysis.reference_trial import helps
from resnet_bench.analysis.verdicts.calibration import REPORTED_PAIRS, WORTHWHILE
from resnet_bench.records.calibration import Calibration, CaseCalibration, ReferenceTrial
from resnet_bench.report.document import Document, Section
from resnet_bench.report.rows import later
from resnet_bench.report.table import Column, ColumnKind, Row, Table
from resnet_bench.words import counted

_COLUMNS = (
    Column(key="case", title="case", kind=ColumnKind.NAME),
    Column(key="pairs", title="pairs", kind=ColumnKind.INTEGER, rank=2),
    Column(key="within_launch", title="within a launch", kind=ColumnKind.FINE_SHARE, rank=1),
    Column(key="between_launches", title="between launches", kind=ColumnKind.FINE_SHARE),
    Column(key="false_alarm_rate", title="false alarms", kind=ColumnKind.SHARE),
    *(
        Column(
            key=f"detectable.{pairs}",
            title=f"{pairs} pairs",
            kind=ColumnKind.FIGURE,
            help="Smallest change that ab finds in 95 of 100 after so many launch pairs.",
        )
        for pairs in REPORTED_PAIRS
    ),
)


def document(found: Calibration) -> Document:
    """Return the spreads of every case and what follows from them."""
    rows: tuple[Row, ...] = tuple(
        (
            *(it.case, it.pairs, it.within_launch, it.between_launches, it.false_alarm_rate),
            *(units.percent_short(it.detectable[str(pairs)]) for pairs in REPORTED_PAIRS),
        )
        for it in found.cases
    )
    shown = tuple(column.key for column in _COLUMNS)
    table = Table(id="cases", caption="Identical code, measured", columns=_COLUMNS, rows=rows, shown=shown)
    return Document(
        title=f"Identical code against itself on {found.device_name}",
        kind="calibrate",
        content=lambda: found,
        rows=later(CaseCalibration, found.cases),
        sections=(
            Section(id="cases", title="", tables=(table,)),
            Section(id="conclusions", title="", lines=_conclusions(found)),
        ),
    )


def _conclusions(found: Calibration) -> tuple[str, ...]:
    bands = [
        f"noise band of {band.metric} between separate runs: {units.percent_short(band.width)}" for band in found.bands
    ]
    if not bands:
        bands = ["no noise band: separate runs would differ too much or too few pairs were made; quiet the machine"]
    needed = (
        f"to find a change of {units.percent_short(WORTHWHILE)} in every case: "
        f"{_count(found.pairs_needed, 'launch pairs of ab')}, "
        f"{_count(found.launches_needed, 'launches a side of separate runs')}"
    )
    if found.paired_band is not None:
        bands.append(f"noise band of ab's launch pairs: {units.percent_short(found.paired_band)}")
    return (
        needed,
        "last columns: smallest change that ab finds in 95 of 100 after so many launch pairs",
        *bands,
        *_reference(found.reference),
    )


def _reference(trial: ReferenceTrial | None) -> tuple[str, ...]:
    """Return what the reference brought, and what follows from it; nothing where it was not tried."""
    if trial is None:
        return ()
    apart = (
        f"beside the reference ({trial.version}, {counted(trial.launches, 'launch', 'launches')} a case) launches lie "
        f"{units.percent(trial.spread_raw)} apart as measured, {units.percent(trial.spread_corrected)} corrected"
    )
    follows = "it helps, and run lets it take turns here" if helps(trial) else "it does not help, and run leaves it out"
    return (f"{apart}: {follows} (--reference on or off says otherwise)",)


def _count(needed: int | None, what: str) -> str:
    return f"{needed} {what}" if needed else f"more {what} than are made"
