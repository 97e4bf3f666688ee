"""`register_operator`: what an operator of one's own costs."""

from resnet_bench.profilers.operator_count import Count


def register_operator(name: str, count: Count) -> None:
    """Count an operator from now on, in place of what is known of it; for this process.

    Call it in the module that a model comes from, and every process that builds the model has it.

    Args:
        name: the operator as torch names it, without its overload: "my_library::my_operator"; "aten::" may be left out.
        count: takes the positional arguments of a call and its first result, tensors without data, and returns an
            `OperatorCount`.
    """
    from resnet_bench.profilers import operators  # noqa: PLC0415 - imports torch

    operators.register_operator(name, count)
