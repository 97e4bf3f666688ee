"""A case as a command or a test asks for it, from the values of its axes."""

from collections.abc import Mapping
from typing import Any

from resnet_bench.config.axes import completed
from resnet_bench.records import Case, inputs


def new_case(said: Mapping[str, Any]) -> Case:
    """Return the case of these values: its model and its device are among them, an input says its size."""
    return Case(**completed(inputs.in_fields(said), str(said["device"])))
