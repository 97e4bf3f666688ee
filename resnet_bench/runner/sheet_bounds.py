"""The least that a network could take on a GPU by its vendor's data sheet: a bound on what nobody has at hand."""

from collections.abc import Sequence

from resnet_bench.errors import UnsupportedError, UsageError, nearest
from resnet_bench.machine import datasheets
from resnet_bench.machine.datasheets import DataSheet
from resnet_bench.records import Mode, Precision, Record
from resnet_bench.runner.oracle import PredictionSubject
from resnet_bench.specs.costs import iteration_work
from resnet_bench.words import listed


class SheetBound(Record, frozen=True, kw_only=True):
    """No case takes less than `least_s` on this product: multiply-accumulates alone, at the rate of its data sheet.

    Bytes are left out, for what stays in a cache moves faster than a sheet says of memory.
    """

    model: str
    mode: Mode
    batch_size: int
    image_size: int
    precision: Precision
    product: str
    source: str
    flops: int
    flop_per_s: float
    least_s: float


def find(product: str) -> DataSheet:
    """Return the data sheet of a product.

    Raises:
        UsageError: none is known by that name.
    """
    known = {it.product.casefold(): it for it in datasheets.SHEETS}
    asked = product.casefold()
    if asked in known:
        return known[asked]
    names = [it.product for it in datasheets.SHEETS]
    raise UsageError(
        f"no data sheet of '{product}' is known.{nearest(product, names)} Known are {listed(names, limit=40)}."
    )


def bounds(asked: Sequence[PredictionSubject], sheet: DataSheet) -> tuple[SheetBound, ...]:
    """Return what each case takes at least.

    Raises:
        UnsupportedError: the sheet has no rate of the precision.
    """
    return tuple(_bound(subject, sheet) for subject in asked)


def _bound(subject: PredictionSubject, sheet: DataSheet) -> SheetBound:
    case, static = subject.case, subject.static
    rate = sheet.flop_per_s(case.precision)
    if rate is None:
        raise UnsupportedError(
            f"no {case.precision} rate of {sheet.product} is in the table of data sheets here; ask for "
            "another precision."
        )
    trainable = static.trainable_parameters
    work = iteration_work(static.layers, mode=case.mode, precision=case.precision, trainable_parameters=trainable)
    flops = sum(part.flops * part.count for part in work if not part.fusable)
    return SheetBound(
        model=case.model,
        mode=case.mode,
        batch_size=case.batch_size,
        image_size=case.image_size,
        precision=case.precision,
        product=sheet.product,
        source=sheet.source,
        flops=flops,
        flop_per_s=rate,
        least_s=flops / rate,
    )
