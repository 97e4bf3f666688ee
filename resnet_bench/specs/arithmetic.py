"""THE table of arithmetics: what each precision means for weights, products, bytes and ceilings. Never torch.

Total: a precision without a row here is an error wherever it is asked for, and a test names it.
"""

from typing import NamedTuple

from resnet_bench.errors import OtherPrecisionError
from resnet_bench.records import Ceilings, Precision

_DOUBLE_BYTES, _FLOAT_BYTES, _HALF_BYTES, _EIGHTH_BYTES = 8, 4, 2, 1


class Arithmetic(NamedTuple):
    """How one precision computes.

    Attributes:
        weights: torch's name of the type of weights and input.
        computes: torch's name of the type that products are computed in; another one than `weights` under autocast.
        weight_bytes: of one weight, and of one element of the input.
        activation_bytes: of one element between layers.
        statistic_bytes: of one mean or variance that batch norm keeps for the backward pass.
        ceiling: the precision whose ceiling it is held against: autocast's is its half type's.
        tensor_float: float32 products may be rounded to TF32 on the way.
        scales_loss: training needs its loss scaled, or small gradients vanish.
        least_sqnr_db: of logits against eager float32's: what is below does not compute the network.
        least_trained_sqnr_db: the same where weights were loaded, whose logits tell images apart: 10 dB and more below
            what rounding costs. A product of 11 bits has about 66 dB, of 8 bits 48 dB, of 4 bits 24 dB, and some fifty
            of them one after another lose up to 17 dB. int8 has ranges that were calibrated, which cut off what lies
            beyond them.
    """

    weights: str
    computes: str
    weight_bytes: int
    activation_bytes: int
    statistic_bytes: int
    ceiling: Precision
    tensor_float: bool = False
    scales_loss: bool = False
    least_sqnr_db: float = 3.0
    least_trained_sqnr_db: float = 15.0

    @property
    def autocast(self) -> bool:
        """Whether torch casts inside the operators, the weights staying as they are."""
        return self.weights != self.computes


ARITHMETICS: dict[Precision, Arithmetic] = {
    Precision.FP32: Arithmetic(
        "float32",
        "float32",
        _FLOAT_BYTES,
        _FLOAT_BYTES,
        _FLOAT_BYTES,
        Precision.FP32,
        least_sqnr_db=60.0,
        least_trained_sqnr_db=60.0,
    ),
    Precision.TF32: Arithmetic(
        "float32",
        "float32",
        _FLOAT_BYTES,
        _FLOAT_BYTES,
        _FLOAT_BYTES,
        Precision.TF32,
        tensor_float=True,
        least_trained_sqnr_db=30.0,
    ),
    Precision.FP16: Arithmetic(
        "float16", "float16", _HALF_BYTES, _HALF_BYTES, _FLOAT_BYTES, Precision.FP16, least_trained_sqnr_db=30.0
    ),
    Precision.BF16: Arithmetic("bfloat16", "bfloat16", _HALF_BYTES, _HALF_BYTES, _FLOAT_BYTES, Precision.BF16),
    Precision.AMP_FP16: Arithmetic(
        "float32",
        "float16",
        _FLOAT_BYTES,
        _HALF_BYTES,
        _FLOAT_BYTES,
        Precision.FP16,
        scales_loss=True,
        least_trained_sqnr_db=30.0,
    ),
    Precision.AMP_BF16: Arithmetic("float32", "bfloat16", _FLOAT_BYTES, _HALF_BYTES, _FLOAT_BYTES, Precision.BF16),
    Precision.FP64: Arithmetic(
        "float64",
        "float64",
        _DOUBLE_BYTES,
        _DOUBLE_BYTES,
        _DOUBLE_BYTES,
        Precision.FP64,
        least_trained_sqnr_db=60.0,
    ),
    Precision.FP8: Arithmetic(
        "float8_e4m3fn",
        "float8_e4m3fn",
        _EIGHTH_BYTES,
        _EIGHTH_BYTES,
        _FLOAT_BYTES,
        Precision.FP8,
        least_trained_sqnr_db=6.0,
    ),
    Precision.INT8: Arithmetic("int8", "int8", _EIGHTH_BYTES, _EIGHTH_BYTES, _FLOAT_BYTES, Precision.INT8),
}


def arithmetic(precision: Precision) -> Arithmetic:
    """Return the row of a precision.

    Raises:
        KeyError: the table has none: a fault of ours, never taken for float32.
    """
    return ARITHMETICS[precision]


def check_precision(name: str, *, built_in: Precision, asked: Precision) -> None:
    """Refuse to cast a model that is built in another type than float32.

    Raises:
        OtherPrecisionError: it is built in one precision and asked for in another.
    """
    own = arithmetic(built_in).weights
    if built_in is not Precision.FP32 and arithmetic(asked).weights != own:
        raise OtherPrecisionError(
            f"'{name}' is built in {own}: ask for --precision {built_in}, or build it in float32 to cast it as asked."
        )


def peak_flop_per_s(ceilings: Ceilings, precision: Precision) -> float | None:
    """Return the compute ceiling that a precision is held against; None where it was not measured."""
    wanted = arithmetic(precision).ceiling
    return next((rate.flop_per_s for rate in ceilings.rates if rate.precision == wanted), None)
