"""What a converter refused is told by the operators that it names, wherever in its reasons they stand."""

import pytest

from resnet_bench.executors.refused import why


def chained(*reasons):
    error = None
    for reason in reasons:
        outer = RuntimeError(reason)
        outer.__cause__ = error
        error = outer
    return error


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        (("No decompositions registered for prims.bessel_j0", "it failed"), "it has no ONNX for prims.bessel_j0."),
        (
            ("first line\n-- No rule for: aten::fft_rfft, aten::roll",),
            "it has no ONNX for aten.fft_rfft and aten.roll.",
        ),
        (("\x1b[96mthe innermost\x1b[0m", "outer"), "RuntimeError: the innermost"),
    ],
)
def test_operators_are_named_else_the_innermost_reason(reasons, said):
    assert why(chained(*reasons), wanting="ONNX") == said
