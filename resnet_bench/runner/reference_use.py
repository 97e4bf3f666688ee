"""What the processes of a run are told of the reference: as it was asked for, and on accelerators decided here.

There it costs seconds of each launch, so where it is left open ("auto") it takes turns only where this machine's
`calibrate` saw it help. The run's header keeps what was asked for.
"""

from collections.abc import Callable

import msgspec

from resnet_bench.analysis.verdicts.calibrated import helping_reference
from resnet_bench.errors import StoreError
from resnet_bench.executors import table as executors
from resnet_bench.machine.devices import is_accelerator
from resnet_bench.records import Case, Environment, Header, Protocol, ReferenceUse
from resnet_bench.runner.progress import warn
from resnet_bench.storage import calibrations

Told = Callable[[Case], Protocol]
Warn = Callable[[str], None]


def told(header: Header, *, warn: Warn = warn) -> Told:
    """Return the protocol that the processes of each case are given."""
    asked = header.protocol
    if asked.reference is not ReferenceUse.AUTO or not any(is_accelerator(it.device) for it in header.cases):
        return lambda _: asked
    helped = {it.id for it in header.environments if _helps(it, warn)}

    def of_case(case: Case) -> Protocol:
        if not is_accelerator(case.device):
            return asked
        member = header.members.get(case.machine)
        machine = header.environments[0] if member is None else member.environment
        # What a runtime runs has no torch beside it, and processes at once would slow each other's reference down.
        takes = machine.id in helped and case.processes == 1 and not executors.facts(case.executor).converts
        return msgspec.structs.replace(asked, reference=ReferenceUse.ON if takes else ReferenceUse.OFF)

    return of_case


def _helps(machine: Environment, warn: Warn) -> bool:
    try:
        return helping_reference(machine, calibrations.DEFAULT_FILE) is not None
    except StoreError as error:
        warn(f"{error} No reference takes turns on {machine.identity.device_name}.")
        return False
