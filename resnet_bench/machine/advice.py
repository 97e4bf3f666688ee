"""What to change on this machine for steadier numbers; only what was seen to be wrong is said."""

from resnet_bench.machine.devices import kind_of
from resnet_bench.records import Environment

_IDLE_LOAD = 0.3


def for_machine(seen: Environment) -> tuple[str, ...]:
    """Return one sentence for each thing that makes numbers unsteady here, the weightiest first."""
    identity, machine_state = seen.identity, seen.state
    now = machine_state.state
    hints = []
    if now.load_average is not None and now.load_average > _IDLE_LOAD:
        hints.append(
            f"the load is {now.load_average:.1f}: something else is running; end it, or expect disturbed launches."
        )
    if now.throttle_reasons:
        hints.append(
            f"the GPU clocks are throttled ({', '.join(now.throttle_reasons)}); let it cool or raise its limit."
        )
    kind = kind_of(identity.device)
    if kind.accelerator and kind.advice:
        hints.append(kind.advice)
    if machine_state.governor not in {None, "performance"}:
        hints.append(
            f"the governor is '{machine_state.governor}'; set it with: cpupower frequency-set --governor performance."
        )
    if identity.logical_cores == 1:
        hints.append("there is no spare core: everything else on this machine disturbs the measurement.")
    elif not kind.accelerator:
        hints.append(kind.advice)
    return tuple(hints)
