"""`run` and `resume`: launches are fresh processes, whoever asks for them."""

import shutil
import tempfile
from pathlib import Path

import msgspec

from resnet_bench import scratch
from resnet_bench.api.measured import MeasuredRun, load
from resnet_bench.api.options import texts_of, with_options_shown
from resnet_bench.api.subjects import Models, Subjects, subjects_of
from resnet_bench.config.sources import Settings, resolve
from resnet_bench.errors import UsageError
from resnet_bench.records import LayerScope
from resnet_bench.runner import run as runner
from resnet_bench.runner.launchers import luggage
from resnet_bench.runner.launchers import table as launchers
from resnet_bench.runner.launchers.fleet import Fleet
from resnet_bench.runner.launchers.launcher import Launcher
from resnet_bench.storage import run_directory


def run(
    models: Models | None = None,
    *,
    suite: str | Path | None = None,
    directory: str | Path | None = None,
    layers: bool = False,
    label: str = "",
    note: str = "",
    launcher: str = "",
    **options: object,
) -> MeasuredRun:
    """Measure models on the device at hand, every launch in a fresh process, and return the run.

    Args:
        models: one or several of: a name (resnet50, 'resnet*', torchvision:NAME, package.module:callable), a spec, a
            torch.nn.Module, a callable without arguments that returns one. A mapping names modules and callables
            itself; else they are called object:ClassName. None takes the suite's, or the preset's.
        suite: a suite file (TOML).
        directory: where the run is written, launch by launch; without it the run is in memory until `save`.
        layers: also time each model's layers at its largest batch.
        label: what the run is called in tables and figures.
        note: a word on it, kept in it.
        launcher: what starts processes: local, ssh:HOST, slurm, ray; by default the suite's machines, else local.
        options: what `resnet-bench run --help` lists, with underscores: batch_sizes=[1, 8], precision="bf16",
            preset="quick", device="cpu", threads=4, launches=6.

    Raises:
        UsageError, ModelError, DeviceError, ConfigError: what is asked for does not fit.
        StoreError: the directory holds a run already or cannot be written.
        Interrupted: the user stopped it; what is finished is saved, and the message says where.
    """
    subjects = None if models is None else subjects_of(models)
    chosen = _chosen(subjects, suite, options)
    scope = LayerScope.LARGEST_BATCH if layers else LayerScope.NONE
    target = Path(directory) if directory is not None else Path(tempfile.mkdtemp(prefix="resnet-bench-run-"))
    try:
        with scratch.folder("objects") as objects:
            if subjects:
                subjects.pack_into(objects)
            with luggage.taken_along(objects), launchers.opened(launcher, chosen.suite.machines) as starter:
                _refuse_objects_elsewhere(starter, subjects)
                runner.start(
                    chosen.suite,
                    target,
                    launcher=starter,
                    seed=chosen.seed,
                    shard=chosen.shard,
                    layers=scope,
                    objects=subjects.objects if subjects else (),
                    label=label,
                    note=note,
                )
        measured = load(target)
    except BaseException:
        if directory is None and not run_directory.is_run(target):
            shutil.rmtree(target, ignore_errors=True)
        raise
    if directory is not None:
        return measured
    shutil.rmtree(target, ignore_errors=True)
    # The folder is gone, and its name said nothing.
    return MeasuredRun(msgspec.structs.replace(measured.record, directory=""), measured.entries, None)


def resume(directory: str | Path, *, launcher: str = "") -> MeasuredRun:
    """Measure what a run directory still lacks, and return the run.

    Raises:
        StoreError: no such run, or it was measured on another machine or of another commit.
        Interrupted: the user stopped it again.
    """
    machines = tuple(member.machine for member in run_directory.load_header(Path(directory)).fleet)
    opened = launchers.opened(launcher, machines)
    with scratch.folder("objects") as nothing, luggage.taken_along(nothing), opened as starter:
        runner.resume(Path(directory), launcher=starter)
    return load(directory)


def _refuse_objects_elsewhere(starter: Launcher, subjects: Subjects | None) -> None:
    if isinstance(starter, Fleet) and subjects and subjects.objects:
        raise UsageError("a model that is an object stays here; name it by package.module:callable.")


def _chosen(subjects: Subjects | None, suite: str | Path | None, options: dict[str, object]) -> Settings:
    arguments = texts_of(options)
    if subjects:
        arguments["models"] = ",".join(subjects.names)
    chosen = resolve(None if suite is None else Path(suite), arguments=arguments)
    if not subjects or not subjects.specs:
        return chosen
    own = msgspec.structs.replace(chosen.suite, models=(*chosen.suite.models, *subjects.specs))
    return msgspec.structs.replace(chosen, suite=own)


run.__signature__ = with_options_shown(run)  # type: ignore[attr-defined]
