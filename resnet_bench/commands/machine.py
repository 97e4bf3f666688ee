"""`machine`: what is measured on, and what to change for steadier numbers."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from resnet_bench import units
from resnet_bench.config.axes import BY_NAME
from resnet_bench.errors import UsageError
from resnet_bench.git.commit import current_commit
from resnet_bench.interop import asv_write
from resnet_bench.machine import advice, environment
from resnet_bench.machine.datasheets import DataSheet, data_sheet
from resnet_bench.machine.devices import is_accelerator, kind_of
from resnet_bench.records import Ceilings, Commit, Environment, Precision
from resnet_bench.report.format import Format
from resnet_bench.report.grid import Grid, text_lines
from resnet_bench.report.renderers import json
from resnet_bench.runner import ceilings as cache
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.runner.launchers.table import launcher
from resnet_bench.runner.progress import warn
from resnet_bench.storage import ceilings_cache


def machine(
    *,
    device: str = "auto",
    ceilings: Annotated[bool, Parameter(negative=())] = False,
    precision: str | None = None,
    threads: str | None = None,
    format: Format = Format.TEXT,  # noqa: A002 - the flag's name
    asv_record: Annotated[bool, Parameter(name="--asv", negative=())] = False,
) -> None:
    """Show what is measured on, and what to change for steadier numbers.

    Args:
        device: cpu, cuda, cuda:1, ... Default: the first accelerator, else the CPU.
        ceilings: Measure what the device can do at best, and keep it for profiles and runs; also shows the data sheet.
        precision: Of the ceilings, separated by commas. Default: fp32 and bf16, on CUDA also tf32 and fp16.
        threads: CPU threads of the ceilings, or "all". Default: all physical cores but one.
        format: text or json.
        asv_record: write it into ~/.asv-machine.json, with GPU, driver, CUDA and torch, and print only where.
    """
    if format not in {Format.TEXT, Format.JSON}:
        raise UsageError(f"machine has no --format {format}; expected text or json.")
    if not ceilings and (precision is not None or threads is not None):
        raise UsageError("--precision and --threads are of the ceilings; add --ceilings.")
    asked: tuple[tuple[Any, ...], tuple[Any, ...]] = (
        BY_NAME["precision"].several_from_text(precision, "--precision") if precision else (),
        BY_NAME["threads"].several_from_text(threads, "--threads") if threads else (environment.default_threads(),),
    )
    starter = launcher()
    probed = starter.machines(device)[0]
    seen = probed.environment
    if asv_record:
        print(asv_write.write_machine(seen, Path.home()))
        return
    commit = current_commit()
    found = _measured(starter, seen, probed.device, *asked) if ceilings else ()
    sheet = data_sheet(seen.identity) if ceilings else None
    if format is Format.JSON:
        answer: dict[str, Any] = {"environment": seen, "commit": commit}
        if ceilings:
            answer |= {"ceilings": found, "data_sheet": sheet}
        print(json.encode(answer), end="")
        return
    for label, value in _lines(seen, commit):
        print(f"{label:<16}{value}")
    print()
    for hint in advice.for_machine(seen):
        print(f"advice: {hint}")
    for each in found:
        print()
        print("\n".join(_ceiling_lines(each, sheet)))


def _measured(
    starter: Launcher, seen: Environment, device: str, precisions: tuple[Precision, ...], threads: tuple[int, ...]
) -> tuple[Ceilings, ...]:
    wanted = precisions or kind_of(seen.identity.device).ceilings
    return tuple(
        cache.measured(seen, launcher=starter, device=device, threads=count, precisions=wanted, warn=warn)
        for count in threads
    )


def _ceiling_lines(found: Ceilings, sheet: DataSheet | None) -> list[str]:
    rows = []
    for rate in found.rates:
        stated = sheet.flop_per_s(rate.precision) if sheet else None
        rows.append((f"matrix product, {rate.precision}", units.scaled(rate.matmul_flop_per_s, "FLOP/s"), stated))
        rows.append((f"convolution, {rate.precision}", units.scaled(rate.convolution_flop_per_s, "FLOP/s"), stated))
    grid = [(name, measured, units.scaled(stated, "FLOP/s")) for name, measured, stated in rows]
    largest = found.bandwidths[-1]
    for copy in found.bandwidths:
        stated = sheet.memory_byte_per_s if sheet and copy is largest else None
        name = f"copy that moves {units.byte_size(copy.moved_bytes)}"
        grid.append((name, units.scaled(copy.byte_per_s, "B/s"), units.scaled(stated, "B/s")))
    grid.append(("launch of one operator", f"{units.microseconds(found.launch_s)} us", units.UNAVAILABLE))
    shown = 3 if sheet else 2
    lines = [f"ceilings of {found.device} with {found.threads} CPU threads, measured {found.measured_at}"]
    lines += text_lines(
        Grid(
            headers=("ceiling", "measured", "data sheet")[:shown],
            rows=tuple(row[:shown] for row in grid),
            right=(False, True, True)[:shown],
        )
    )
    if sheet:
        lines.append(f"data sheet: {sheet.source} ({sheet.product}), dense rates")
    if found.disturbances:
        lines.append(f"disturbed in all of {found.attempts} attempts: {'; '.join(found.disturbances)}")
    lines.append(f"kept in {ceilings_cache.cache_file(found.device, found.threads)}")
    return lines


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
    if is_accelerator(identity.device):
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
