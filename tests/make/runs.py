"""Runs of given measurements, their digests, and their directories."""

from resnet_bench.analysis.digest import digest
from resnet_bench.records import Header, Protocol, Run
from resnet_bench.storage import run_directory
from tests.make.cases import change
from tests.make.environments import IDENTITY, environment

PROTOCOL = Protocol(
    launches=6,
    target_interval=0.01,
    min_samples=5,
    max_samples=100,
    sampling_budget_s=1.0,
    throughput_budget_s=1.0,
    warmup_min_iterations=3,
    warmup_budget_s=1.0,
)


def header(name="run", *, cases=(), **changes):
    fields = dict(
        id=name,
        created_at="2026-01-01T00:00:00Z",
        preset="standard",
        protocol=PROTOCOL,
        seed=0,
        commit=None,
        environments=(environment(),),
        cases=tuple(cases),
        profiles=(),
    )
    return Header(**fields | changes)


def run_of(measurements, *, name="run", identity=IDENTITY, skips=(), **changes):
    """Return a run of these measurements and skips on one machine; `changes` are of its header."""
    known = header(
        name,
        cases=[it.case for it in (*measurements, *skips)],
        profiles=tuple(it.profile for it in measurements if it.profile),
        **dict(environments=(environment(identity=identity),)) | changes,
    )
    return Run(header=known, measurements=tuple(measurements), skips=tuple(skips), missing=())


def digest_of(measurements, *, name="run", identity=IDENTITY, protocol=PROTOCOL, **changes):
    """Return what comparisons read of such a run; `changes` are of the digest."""
    return change(digest(run_of(measurements, name=name, identity=identity, protocol=protocol)), **changes)


def save_run(directory, run):
    """Write a run as a run directory and return it."""
    directory.mkdir(parents=True, exist_ok=True)
    launches = [one for it in run.measurements for one in it.launches]
    run_directory.create_whole(directory, run.header, [*launches, *run.skips])
    return directory
