"""What an exception of a case means: out of memory, unsupported, or a crash."""

import errno
from typing import Any

import torch

from resnet_bench.errors import DeviceError, DisagreesError, ResNetBenchError, text_of
from resnet_bench.machine.devices import out_of_memory_words, unsupported_words
from resnet_bench.records import Skip, SkipReason, remarks
from resnet_bench.wire.messages import CaseRequest

# What torch says of an operator or a batch on any device; the last is batch norm training on a single value.
_UNSUPPORTED_WORDS = ("not implemented for", "could not run", "expected more than 1 value per channel")


def skip(request: CaseRequest[Any], error: BaseException) -> Skip:
    """Return the skip that an exception of a case is."""
    return Skip(case=request.case, index=request.index, reason=reason_of(error), detail=remarks.raised(error))


def reason_of(error: BaseException) -> SkipReason:
    """Tell want of memory and what cannot be done from a crash."""
    # A model's own exception is the cause of the one that names the model.
    chain = [error] if error.__cause__ is None else [error, error.__cause__]
    text = " ".join(map(text_of, chain)).lower()
    if any(isinstance(each, MemoryError | torch.OutOfMemoryError) or _is_no_memory(each) for each in chain):
        return SkipReason.OUT_OF_MEMORY
    spaced = text.replace("_", " ")  # CUDA_ERROR_OUT_OF_MEMORY too
    if any(words in spaced for words in out_of_memory_words()):
        return SkipReason.OUT_OF_MEMORY
    if isinstance(error, DeviceError):
        return SkipReason.CRASHED  # it was there when the run began: --resume shall try again
    if isinstance(error, DisagreesError):
        return SkipReason.DISAGREES
    unsupported = isinstance(chain[-1], ResNetBenchError | NotImplementedError)
    if unsupported or any(words in text for words in (*_UNSUPPORTED_WORDS, *unsupported_words())):
        return SkipReason.UNSUPPORTED
    return SkipReason.CRASHED


def _is_no_memory(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno == errno.ENOMEM
