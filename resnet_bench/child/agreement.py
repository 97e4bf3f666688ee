"""How close a case's output is to eager float32's, of the same weights and images; nothing of it is timed.

Everything but eager float32 itself is compared: what a compiler made, what was captured, and lower precision; of a
training step the gradients (`step_agreement`). Logits are centred (the batch's mean is subtracted): with random weights
most of a logit is the same for every image, which would flatter any executor.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from resnet_bench.child.logits import MOST_IMAGES, Logits, compare, computed, refuse_gross_fault, refuse_unless_finite
from resnet_bench.child.step_agreement import step_agreement
from resnet_bench.errors import UnsupportedError
from resnet_bench.executors.calibration import compared as compared_images
from resnet_bench.executors.inputs import input_of
from resnet_bench.models.outputs import leaves
from resnet_bench.profilers.deep_copy import copied
from resnet_bench.profilers.workload import Workload
from resnet_bench.records import Agreement, Mode, remarks
from resnet_bench.specs import Spec

# Eager float32 computes so many at once.
_AT_ONCE = 8


def agreement(
    workload: Workload,
    model: Spec | str | nn.Module,
    *,
    seed: int,
    images: int = MOST_IMAGES,
    calibrated_by: str = "",
) -> tuple[Agreement | None, tuple[str, ...]]:
    """Compare a workload with eager float32 over so many images, and say why that could not be done where it could not.

    It is None too for eager float32 itself and where there are no logits. The device's switches are as the case needs
    them afterwards. `calibrated_by` is the folder whose images int8 took its ranges from, "" for seeded ones.

    Raises:
        DisagreesError: the case does not compute the network.
    """
    case = workload.case
    if case.mode is Mode.TRAINING:
        return step_agreement(workload, seed=seed)
    if case == case.plain or not input_of(case).is_one_batch_of_numbers:
        return None, ()
    shown = compared_images(case, images, seed=seed + 1, folder=calibrated_by)  # none that it was captured with
    try:
        found = _computed(workload, shown)
        expected = _expected(workload, model, shown, seed=seed)
    except (RuntimeError, MemoryError, UnsupportedError) as error:  # want of memory for the second network, as a rule
        return None, (remarks.not_compared(error),)
    finally:
        workload.set_arithmetic()
    if found is None or expected is None or found.shape != expected.shape or not np.isfinite(expected).all():
        return None, ()
    refuse_unless_finite(found, case)
    compared = compare(found, expected)
    refuse_gross_fault(compared, case, calibrated_by=calibrated_by)
    return compared, ()


def expected_logits(network: nn.Module, images: NDArray[np.float32], device: torch.device) -> Logits | None:
    """Return what a float32 network computes of images in eval mode; None where that are no logits."""
    was_training = network.training
    with torch.inference_mode():
        network.eval()
        parts = [network(part.to(device)) for part in torch.from_numpy(images).split(_AT_ONCE)]
    network.train(was_training)
    return _joined(parts, len(images))


def _computed(workload: Workload, images: NDArray[np.float32]) -> Logits | None:
    return _joined(computed(workload.prepared.outputs, images, workload.case.batch_size), len(images))


def _joined(parts: Sequence[object], images: int) -> Logits | None:
    logits = [found for part in parts if (found := _logits(part)) is not None]
    return np.concatenate(logits)[:images] if len(logits) == len(parts) else None


def _expected(
    workload: Workload, model: Spec | str | nn.Module, images: NDArray[np.float32], *, seed: int
) -> Logits | None:
    network = _float32_network(workload, model, seed=seed)
    workload.set_arithmetic(workload.case.plain.precision)
    return expected_logits(network, images, workload.device)


def _float32_network(workload: Workload, model: Spec | str | nn.Module, *, seed: int) -> nn.Module:
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
    return copied(own, {}).float()  # its weights are drawn anew each time: those that were rounded


def _rounds_to(network: nn.Module, rounded: nn.Module) -> bool:
    pairs = zip(network.parameters(), rounded.parameters(), strict=False)
    return all(one.shape == other.shape and torch.equal(one.to(other.dtype), other) for one, other in pairs)


def _logits(output: object) -> Logits | None:
    """Return the first tensor of an output as (images, classes) on the host, None where there is none."""
    first = next((leaf for leaf in leaves(output) if isinstance(leaf, Tensor | np.ndarray)), None)
    if first is None or first.ndim < 2:  # noqa: PLR2004 - images and classes
        return None
    values = first.double().cpu().numpy() if isinstance(first, Tensor) else first.astype(np.float64)
    return values.reshape(len(values), -1)
