"""The columns of the long table that say how close a case is to eager float32."""

from resnet_bench import units
from resnet_bench.analysis.criteria import borrows_accuracy
from resnet_bench.analysis.deployment_metrics import FEWEST_CLASSES, SQNR, TOP1_AGREEMENT, is_void
from resnet_bench.analysis.measures import EXACT_DB
from resnet_bench.analysis.metric import Place
from resnet_bench.analysis.results import Result
from resnet_bench.records import FLOAT_TYPES, INT8_TYPES, Agreement, Case, Precision
from resnet_bench.report.labels import Labels
from resnet_bench.report.sections.result_column import ResultColumn, metric_columns, of_agreement, of_result
from resnet_bench.report.table import Column, ColumnKind
from resnet_bench.words import counted


def agreement_words(agreement: Agreement, case: Case) -> str:
    """Say which share of images has the same largest logit, of how many classes, and what that is worth."""
    if agreement.classes is None or agreement.top1_agreement is None:
        return "of gradients"
    classes = counted(agreement.classes, "class", "classes")
    share = units.percent(agreement.top1_agreement)
    said = f"void: {classes}" if is_void(agreement) else f"{share} of {agreement.images}, {classes}"
    return said if case.weights else f"{said}, untrained"


def sqnr_words(decibels: float | None) -> str:
    """Return "31.4 dB", "exact" where nothing differs, "" where no ratio means anything."""
    return "" if decibels is None else f"{SQNR.show(decibels)}{' dB' * (decibels < EXACT_DB)}"


def nearness(agreement: Agreement, case: Case) -> str:
    """Return all that is said of one comparison with eager float32: "26.0 dB, 96.9 % of 64, 9 classes"."""
    decibels = EXACT_DB if agreement.sqnr_db is None else agreement.sqnr_db
    return f"{sqnr_words(decibels)}, {agreement_words(agreement, case)}"


def agreement_of(result: Result) -> str | None:
    """Return how near a configuration is to eager float32, None where it is that, or was not compared."""
    near = result.agreement
    if near is None:
        return None
    return ", ".join(filter(None, (sqnr_words(result.value(SQNR)), agreement_words(near, result.case))))


def told_agreement(result: Result) -> str:
    """Return the same in words where there must be some."""
    return agreement_of(result) or "not known"


def case_named(result: Result, labels: Labels) -> str:
    """Return a case as answers name it; what its accuracy is worth stands behind it where that is of fp32.

    "resnet50 · int8, batch 1 (accuracy is published for fp32; agreement of this case is 19.1 dB, 89.1 %...)".
    """
    named = f"{labels.series(result.case, run=result.run)}, batch {result.case.batch_size}"
    if not borrows_accuracy(result):
        return named
    # An answer's first colon ends the name in it.
    near = told_agreement(result).replace(": ", " with ")
    return f"{named} (accuracy is published for fp32; agreement of this case is {near})"


def agreement_mark(result: Result) -> str:
    """Return what stands behind a configuration's name: " (26 dB, 98 %)", "" for what is eager float32's own output.

    The share is left out where too few classes, or weights that nobody trained, make it worth nothing.
    """
    near = result.agreement
    if near is None:
        return ""
    proven = bool(result.case.weights) and not is_void(near) and near.top1_agreement is not None
    said = ", ".join(
        filter(None, (sqnr_words(result.value(SQNR)), units.percent(near.top1_agreement) if proven else ""))
    )
    return f" ({said})" if said else ""


AGREEMENT_COLUMNS: tuple[ResultColumn, ...] = (
    *metric_columns(SQNR),
    ResultColumn(
        column=Column(
            key="agreement",
            rank=1,
            title="agreement",
            kind=ColumnKind.TEXT,
            help="Images with the same largest logit as in eager float32, of how many, and how many classes are "
            f"distinct among them; void below {FEWEST_CLASSES}, untrained where no weights were loaded.",
        ),
        place=Place.TABLE,
        value=lambda line: (
            agreement_words(line.result.agreement, line.result.case) if line.result.agreement is not None else None
        ),
    ),
    *metric_columns(TOP1_AGREEMENT),
    of_result(
        Column(
            key="int8_share",
            rank=2,
            title="in int8",
            kind=ColumnKind.SHARE,
            help="MACs that ran in int8, by what the runtime says of its operators.",
        ),
        Place.TABLE,
        lambda result: (
            result.runtime.macs_share(INT8_TYPES)
            if result.runtime is not None and result.case.precision is Precision.INT8
            else None
        ),
    ),
    of_result(
        Column(key="int8_operators", title="int8 operators", kind=ColumnKind.INTEGER, help="As the runtime says."),
        Place.DATA,
        lambda result: result.runtime.count_of(INT8_TYPES) if result.runtime is not None else None,
    ),
    of_result(
        Column(key="float_operators", title="float operators", kind=ColumnKind.INTEGER, help="As the runtime says."),
        Place.DATA,
        lambda result: result.runtime.count_of(FLOAT_TYPES) if result.runtime is not None else None,
    ),
    of_agreement(
        Column(key="agreement_classes", title="distinct classes", kind=ColumnKind.INTEGER),
        Place.DATA,
        lambda it: it.classes,
    ),
    of_agreement(
        Column(key="agreement_images", title="images compared", kind=ColumnKind.INTEGER),
        Place.DATA,
        lambda it: it.images,
    ),
    of_agreement(
        Column(key="max_error", title="largest error", kind=ColumnKind.NUMBER, help="Of any logit, or gradient."),
        Place.DATA,
        lambda it: it.max_error,
    ),
    of_agreement(
        Column(key="loss_error", title="loss error", kind=ColumnKind.SHARE, help="Of a training step's loss."),
        Place.DATA,
        lambda it: it.loss_error,
    ),
    of_agreement(
        Column(
            key="max_relative_error",
            title="largest relative error",
            kind=ColumnKind.SHARE,
            help="The largest error of any logit over the largest logit, their mean over the images subtracted.",
        ),
        Place.DATA,
        lambda it: it.max_relative_error,
    ),
)
