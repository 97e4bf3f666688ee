"""`machine`: what is measured on, and what to change for steadier numbers."""

from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from resnet_bench import environment, units
from resnet_bench.errors import UsageError
from resnet_bench.records import Commit, Environment
from resnet_bench.report import asv
from resnet_bench.report.format import Format
from resnet_bench.runner import advice, launch


def machine(
    *,
    device: str = "auto",
    format: Format = Format.TEXT,  # noqa: A002 - the flag's name
    asv_record: Annotated[bool, Parameter(name="--asv", negative=())] = False,
) -> None:
    """Show what is measured on, and what to change for steadier numbers.

    Args:
        device: cpu, cuda, cuda:1, ... Default: the first accelerator, else the CPU.
        format: text or json.
        asv_record: write it into ~/.asv-machine.json, with GPU, driver, CUDA and torch, and print only where.
    """
    if format not in {Format.TEXT, Format.JSON}:
        raise UsageError(f"machine has no --format {format}; expected text or json.")
    seen = launch.probe(device).environment
    if asv_record:
        print(asv.write_machine(seen, Path.home()))
        return
    commit = environment.current_commit()
    if format is Format.JSON:
        print(msgspec.json.format(msgspec.json.encode({"environment": seen, "commit": commit}), indent=2).decode())
        return
    for label, value in _lines(seen, commit):
        print(f"{label:<16}{value}")
    print()
    for hint in advice.for_machine(seen):
        print(f"advice: {hint}")


def _lines(seen: Environment, commit: Commit | None) -> list[tuple[str, str]]:
    identity, machine_state = seen.identity, seen.state
    now = machine_state.state
    lines = [
        ("device", f"{identity.device} ({identity.device_name})"),
        ("processor", identity.cpu_name),
        ("cores", f"{identity.physical_cores} physical, {identity.logical_cores} usable"),
        ("threads", f"{environment.default_threads()} by default (all physical cores but one)"),
        ("memory", units.byte_size(identity.memory_bytes)),
        ("clock", units.scaled(now.cpu_clock_hz, "Hz")),
        ("governor", machine_state.governor or "not readable"),
        ("load", "not readable" if now.load_average is None else f"{now.load_average:.2f} (1 minute)"),
    ]
    if identity.device != "cpu":
        lines += [
            ("device memory", units.byte_size(identity.device_memory_bytes)),
            ("driver", identity.driver or "unknown"),
            ("CUDA, cuDNN", f"{identity.cuda or 'none'}, {identity.cudnn or 'none'}"),
            ("SM clock", units.scaled(now.sm_clock_hz, "Hz")),
            ("temperature", "not readable" if now.temperature_c is None else f"{now.temperature_c:.0f} C"),
            ("throttling", ", ".join(now.throttle_reasons) or "none"),
        ]
    lines += [
        ("system", identity.system),
        ("Python", identity.python),
        *((name, version) for name, version in machine_state.packages.items()),
        ("commit", "none: not in a git checkout" if commit is None else _commit_line(commit)),
        ("machine id", seen.id),
    ]
    return lines


def _commit_line(commit: Commit) -> str:
    dirty = " with uncommitted changes" if commit.dirty else ""
    return f"{commit.revision[:12]} {commit.subject}{dirty}"
