"""The case that tests measure, and its variations."""

import msgspec

from resnet_bench.records import Case

CASE = Case(model="resnet18", batch_size=4, image_size=96, device="cpu", threads=1)


def change(record, **fields):
    """Return the record with other fields."""
    return msgspec.structs.replace(record, **fields)


def case(model=CASE.model, **axes):
    return change(CASE, model=model, **axes)
