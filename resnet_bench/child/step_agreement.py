"""How close a training step is to eager float32's, of the same weights, images and targets; nothing of it is timed.

Compared are the loss and all gradients together, of images that the step was not measured with. How far gradients may
lie apart depends on the network: a number that is rounded near zero opens or closes a rectifier, and what flows back
through it comes or goes as a whole. So eager float32 is run once more on images that are rounded as the case rounds its
numbers, and a gross fault is what lies far beyond that too. In float32 those rounded images seldom open a rectifier
that the rounding of all layers opens. What a rectifier lets through reaches the gradients of the layers before it
alone: loss and the gradients behind it stay as near as float32 is.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from resnet_bench.child.logits import LARGEST_DB
from resnet_bench.errors import DisagreesError, UnsupportedError
from resnet_bench.executors.differentiated import Differentiated
from resnet_bench.executors.inputs import input_of, random_inputs
from resnet_bench.profilers.deep_copy import copied
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Agreement, Case, remarks
from resnet_bench.specs.arithmetic import arithmetic

# How much farther than rounded images a case may lie: it rounds between all layers, they are rounded once.
_BEYOND_ROUNDING_DB = 20.0
_TENSOR_FLOAT_EPS = 2.0**-10
# A rectifier moved the gradients of a compiled cifar_resnet20 by 36 to 59 dB, in 40 of 400 batches of images.
_BY_RECTIFIERS_DB = 20.0
_LOSS_OF_FLOAT32 = 1e-5


def step_agreement(workload: Workload, *, seed: int) -> tuple[Agreement | None, tuple[str, ...]]:
    """Compare a workload's training step with eager float32's, and say why that could not be done where it could not.

    The device's switches are as the case needs them afterwards.

    Raises:
        DisagreesError: the case does not compute the step.
    """
    case, step = workload.case, workload.step
    if step is None or case == case.plain or not input_of(case).is_one_batch_of_numbers:
        return None, ()
    (images,) = random_inputs(input_of(case), case.batch_size, seed=seed + 1)
    try:
        torch.manual_seed(seed)
        found = step.gradients(images, None)
        network = _in_float32(workload)
        workload.set_arithmetic(case.plain.precision)
        torch.manual_seed(seed)
        expected = step.gradients(images, network)
        torch.manual_seed(seed + 1)  # another draw for what is random in the step
        rounded = step.gradients(_rounded(images, case, seed=seed), network)
    except (RuntimeError, MemoryError, UnsupportedError) as error:  # want of memory for float32, as a rule
        return None, (remarks.not_compared(error),)
    finally:
        workload.set_arithmetic()
    if not expected.is_finite:
        return None, ()
    if not found.is_finite:
        raise DisagreesError(
            f"{case.executor} in {case.precision}: loss or gradients are not finite, eager float32's are."
        )
    compared = compare_steps(found, expected, images=len(images))
    by_rounding = compare_steps(rounded, expected, images=len(images)).sqnr_db if rounded.is_finite else None
    refuse_gross_fault(
        compared,
        case,
        rounding_db=LARGEST_DB if by_rounding is None else by_rounding,
        nearest_db=nearest_gradient_db(found, expected),
    )
    return compared, ()


def compare_steps(found: Differentiated, expected: Differentiated, *, images: int) -> Agreement:
    """Compare loss and gradients with those of eager float32."""
    signal, wrong, largest = 0.0, 0.0, 0.0
    for one, other in zip(found.gradients, expected.gradients, strict=True):
        given, wanted = _numbers(one), _numbers(other)
        apart = given - wanted
        signal += float(wanted.square().sum())
        wrong += float(apart.square().sum())
        largest = max(largest, float(apart.abs().amax())) if apart.numel() else largest
    ratio_db = 10 * math.log10(signal / wrong) if wrong and signal else -LARGEST_DB
    return Agreement(
        images=images,
        max_error=largest,
        sqnr_db=max(-LARGEST_DB, min(ratio_db, LARGEST_DB)) if wrong else None,
        loss_error=abs(found.loss - expected.loss) / abs(expected.loss) if expected.loss else abs(found.loss),
    )


def nearest_gradient_db(found: Differentiated, expected: Differentiated) -> float:
    """Return the largest SQNR of one weight's gradient; of weights whose gradient is 0 nothing can be said."""
    each = [
        compare_steps(Differentiated(0.0, (one,)), Differentiated(0.0, (other,)), images=1).sqnr_db
        for one, other in zip(found.gradients, expected.gradients, strict=True)
        if _numbers(other).any()
    ]
    return max((LARGEST_DB if it is None else it for it in each), default=-LARGEST_DB)


def refuse_gross_fault(compared: Agreement, case: Case, *, rounding_db: float, nearest_db: float) -> None:
    """Refuse what cannot be the step.

    Args:
        compared: with eager float32.
        case: what was measured.
        rounding_db: how near eager float32 stays to itself on rounded images.
        nearest_db: the SQNR of the one weight whose gradient is nearest.

    Raises:
        DisagreesError: its gradients lie as far off as others would, or in float32 far beyond rounding and rectifiers.
    """
    bar_db = arithmetic(case.precision).least_sqnr_db
    only_rectifiers = nearest_db >= bar_db and (compared.loss_error or 0.0) <= _LOSS_OF_FLOAT32
    least_db = min(bar_db, rounding_db - _BEYOND_ROUNDING_DB, _BY_RECTIFIERS_DB if only_rectifiers else bar_db)
    if compared.sqnr_db is not None and compared.sqnr_db < least_db:
        raise DisagreesError(
            f"{case.executor} in {case.precision} does not compute the training step: against eager float32 the SQNR "
            f"of its gradients is {compared.sqnr_db:.1f} dB, at least {least_db:.1f} dB were expected (rounding the "
            f"images alone gives {rounding_db:.1f} dB; the loss differs by {compared.loss_error or 0.0:.2g} of itself)."
        )


def _numbers(gradient: Tensor | None) -> Tensor:
    """Return a gradient; of a weight that the loss does not reach nothing comes back, which is 0."""
    return torch.zeros(1, dtype=torch.float64) if gradient is None else gradient.double()


def _in_float32(workload: Workload) -> nn.Module:
    """Return the network with the weights that it has by now: itself where it holds float32, else a wider copy."""
    plain = workload.prepared.plain()
    if plain is None:
        raise RuntimeError("the network is not there")
    network = plain[0]
    if all(it.dtype is torch.float32 for it in network.parameters()):
        return network
    return copied(network, {}).float()


def _rounded(images: NDArray[np.float32], case: Case, *, seed: int) -> NDArray[np.float32]:
    """Return images each of whose numbers is off by what the case's products may round it by."""
    computes = arithmetic(case.precision)
    eps = _TENSOR_FLOAT_EPS if computes.tensor_float else torch.finfo(getattr(torch, computes.computes)).eps
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=images.shape)
    return (images * (1 + max(eps, torch.finfo(torch.float32).eps) * signs)).astype(np.float32)
