"""The cases of a suite file as `ab` compares them: on one device, in processes that are all started alike."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from resnet_bench.commands.arguments import Unsaid
from resnet_bench.config import suite_file
from resnet_bench.config.axes import BY_NAME
from resnet_bench.errors import UsageError
from resnet_bench.records import Case
from resnet_bench.runner import choices, plan
from resnet_bench.runner.launchers.table import launcher
from resnet_bench.wire.setting import setting_of


def cases_of_suite(path: Path, given: Mapping[str, str]) -> tuple[Case, ...]:
    """Return a suite's cases on the device that is given; threads are `ab`'s own where the suite says none.

    Raises:
        UsageError: a flag says what the suite says, or the cases need processes of several kinds, or several at once.
        ConfigError, ModelError: the suite is wrong, or a model of it is not there.
    """
    said = [BY_NAME[name].singular_flag for name, text in given.items() if not isinstance(text, Unsaid)]
    said = [flag for flag in said if flag != BY_NAME["device"].singular_flag]
    if said:
        raise UsageError(f"--suite says what is compared; leave {said[0]} out, or write it into {path}.")
    read = suite_file.load_suite(path)
    threads = BY_NAME["threads"].from_text(str(given["threads"]), "--threads")
    sweeps = tuple(msgspec.structs.replace(it, axes={"threads": (threads,), **it.axes}) for it in read.sweeps)
    suite = msgspec.structs.replace(read, sweeps=sweeps)
    device = str(given["device"])
    own = choices.looked_up(suite, plan.sweeps_for(suite, device), launcher())
    cases = plan.expand(suite, device, own=own).cases
    if any(it.processes > 1 for it in cases):
        raise UsageError(f"{path}: it has cases of several processes at once, and here a side is one: use run.")
    settings = {setting_of(it) for it in cases}
    if len(settings) > 1:
        raise UsageError(
            f"{path}: its cases need processes of {len(settings)} kinds (threads, allocator), and ab starts them all "
            "alike; compare those of one kind at a time."
        )
    return cases
