"""How close a case's output is to eager float32's, of the same weights and images; nothing of it is timed.

Everything but eager float32 itself is compared: what a compiler made, what was captured, and lower precision; of a
training step the gradients (`step_agreement`). Logits are centred (the batch's mean is subtracted): with random weights
most of a logit is the same for every image, which would flatter any executor.
"""

import copy
import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from resnet_bench.child.step_agreement import LARGEST_DB, step_agreement
from resnet_bench.errors import DisagreesError, UnsupportedError
from resnet_bench.executors.inputs import input_of, random_inputs
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Agreement, Case, Mode, remarks
from resnet_bench.specs import Spec
from resnet_bench.specs.arithmetic import arithmetic

_FEWEST_IMAGES, _MOST_IMAGES = 4, 16

Logits = NDArray[np.float64]


def agreement(workload: Workload, model: Spec | str, *, seed: int) -> tuple[Agreement | None, tuple[str, ...]]:
    """Compare a workload with eager float32, and say why that could not be done where it could not.

    It is None too for eager float32 itself and where there are no logits. The device's switches are as the case needs
    them afterwards.

    Raises:
        DisagreesError: the case does not compute the network.
    """
    case = workload.case
    if case.mode is Mode.TRAINING:
        return step_agreement(workload, seed=seed)
    if case == case.plain or not input_of(case).is_one_batch_of_numbers:
        return None, ()
    count = case.batch_size * math.ceil(_FEWEST_IMAGES / case.batch_size)
    (images,) = random_inputs(input_of(case), count, seed=seed + 1)  # none that it was captured with
    try:
        found = _computed(workload, images)
        expected = _expected(workload, model, images[:_MOST_IMAGES], seed=seed)
    except (RuntimeError, MemoryError, UnsupportedError) as error:  # want of memory for the second network, as a rule
        return None, (remarks.not_compared(error),)
    finally:
        workload.set_arithmetic()
    if found is None or expected is None or found.shape != expected.shape or not np.isfinite(expected).all():
        return None, ()
    refuse_unless_finite(found, case)
    compared = compare(found, expected)
    refuse_gross_fault(compared, case)
    return compared, ()


def compare(found: Logits, expected: Logits) -> Agreement:
    """Compare logits (images, classes) with those of eager float32."""
    wrong = float(np.square(found - expected).sum())
    centred = float(np.square(expected - expected.mean(axis=0)).sum()) or float(np.square(expected).sum())
    ratio_db = 10 * math.log10(centred / wrong) if wrong and centred else -LARGEST_DB
    best, wanted = found.argmax(axis=1), expected.argmax(axis=1)
    return Agreement(
        images=len(expected),
        max_error=float(np.abs(found - expected).max()),
        sqnr_db=max(-LARGEST_DB, min(ratio_db, LARGEST_DB)) if wrong else None,
        top1_agreement=float((best == wanted).mean()),
        classes=len(np.unique(wanted)),
    )


def refuse_unless_finite(found: Logits, case: Case) -> None:
    """Refuse logits that hold an infinity or no number where eager float32 has numbers.

    Raises:
        DisagreesError: they do.
    """
    if not np.isfinite(found).all():
        raise DisagreesError(f"{case.executor} in {case.precision}: the output is not finite, eager float32's is.")


def refuse_gross_fault(compared: Agreement, case: Case) -> None:
    """Refuse what cannot be the network.

    Raises:
        DisagreesError: its error is as large as what tells one image from another, or in float32 far beyond rounding.
    """
    least_db = arithmetic(case.precision).least_sqnr_db
    if compared.sqnr_db is not None and compared.sqnr_db < least_db:
        raise DisagreesError(
            f"{case.executor} in {case.precision} does not compute the network: against eager float32 the SQNR of its "
            f"logits is {compared.sqnr_db:.1f} dB, at least {least_db:g} dB were expected (maximum error "
            f"{compared.max_error:.2g}, {compared.images} images)."
        )


def _computed(workload: Workload, images: NDArray[np.float32]) -> Logits | None:
    size = workload.case.batch_size
    parts = [workload.prepared.outputs(images[start : start + size]) for start in range(0, len(images), size)]
    logits = [_logits(part) for part in parts]
    if any(it is None for it in logits):
        return None
    return np.concatenate([it for it in logits if it is not None])[:_MOST_IMAGES]


def _expected(workload: Workload, model: Spec | str, images: NDArray[np.float32], *, seed: int) -> Logits | None:
    network = _float32_network(workload, model, seed=seed)
    was_training = network.training
    workload.set_arithmetic(workload.case.plain.precision)
    with torch.inference_mode():
        output = network.eval()(torch.from_numpy(images).to(workload.device))
    network.train(was_training)
    return _logits(output)


def _float32_network(workload: Workload, model: Spec | str, *, seed: int) -> nn.Module:
    """Return the case's own network where it holds float32, else one with the weights before they were rounded."""
    plain = workload.prepared.plain()
    own = None if plain is None else plain[0]
    if own is not None and all(it.dtype is torch.float32 for it in own.parameters()):
        return own
    built = Workload(workload.case.plain.with_batch_size(1), model, seed=seed).prepared.plain()
    if built is not None and (own is None or _rounds_to(built[0], own)):
        return built[0]
    if own is None:
        raise RuntimeError("the network cannot be built again")
    return copy.deepcopy(own).float()  # its weights are drawn anew each time: those that were rounded


def _rounds_to(network: nn.Module, rounded: nn.Module) -> bool:
    pairs = zip(network.parameters(), rounded.parameters(), strict=False)
    return all(one.shape == other.shape and torch.equal(one.to(other.dtype), other) for one, other in pairs)


def _logits(output: object) -> Logits | None:
    """Return the first tensor of an output as (images, classes) on the host, None where there is none."""
    first = next((leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor | np.ndarray)), None)
    if first is None or first.ndim < 2:  # noqa: PLR2004 - images and classes
        return None
    values = first.double().cpu().numpy() if isinstance(first, Tensor) else first.astype(np.float64)
    return values.reshape(len(values), -1)
