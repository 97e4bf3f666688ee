"""Good files of every kind that a command reads, and the commands that read each."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from resnet_bench.analysis.prediction.collecting import with_profile
from resnet_bench.analysis.verdicts import sides
from resnet_bench.config.suite_file import load_suite
from resnet_bench.machine.environment import as_it_is_now, usual_allocator
from resnet_bench.records import Attempt, BatchSearch, Ceilings, LayerScope, Nominal, SearchStop, Shard, Trial
from resnet_bench.records.calibration import Calibration, CaseCalibration, ReferenceTrial
from resnet_bench.records.conclusions import Band, BandSource
from resnet_bench.records.layer_library import LayerLibrary
from resnet_bench.storage import baselines, ceilings_cache, nominals, record_file, run_directory
from tests import make

THRESHOLDS = """undecided = "warn"
[[rule]]
metric = "latency_s"
limit = "5 %"
[[rule]]
metric = "latency_s"
max = "900 ms"
percentile = "p90"
model = "resnet50*"
batch_sizes = [1, 4]
[[rule]]
name = "counts"
metric = "parameters"
on = "changed"
"""
SUITE = """preset = "quick"
device = "cpu"
[protocol]
launches = 2
target_interval = 0.05
reference = "off"
time_limit_s = 90
[search]
memory_limit = "1GiB"
iteration_limit_s = 5.0
[[sweep]]
models = ["resnet18", "tiny"]
batch_sizes = [1, 2]
image_sizes = [64]
precisions = ["fp32"]
threads = [1]
[[exclude]]
model = "tiny"
batch_size = 2
[[models]]
name = "tiny"
block = "basic"
layers = [1, 1, 1, 1]
"""
SEARCHED = SUITE.replace("batch_sizes = [1, 2]", 'batch_sizes = "auto"').replace('"resnet18", ', "")
CHECK = "check run --baseline main --baselines-dir baselines --thresholds rules.toml"
READ = (
    *("report run --format text", "report run --format json", "report run --format csv", "report run --format latex"),
    *("report run --best --format markdown", "report run other --format markdown", "report run -o new/page.html"),
    *("export run --to csv", "export run --to asv --asv-results new/asv", "merge run other -o new/joined"),
    *("compare run other --all", "compare other run --format json", "history run other --format json"),
    *("baseline set again run --baselines-dir new/baselines", f"{CHECK} --junit new/junit.xml --github"),
    *(
        "run --resume run",
        "run --extend run --batch-sizes 2",
        "report run --baseline main --baselines-dir baselines --format text",
    ),
)
FROM_BASELINE = (
    *("compare main run --baselines-dir baselines", "compare run main --baselines-dir baselines --format csv"),
    *(f"{CHECK} --format json", f"{CHECK} --update", "baseline list --baselines-dir baselines"),
    "report run --baseline main --baselines-dir baselines --format text",
)
FROM_CALIBRATION = ("compare run other --calibration calibration.json", f"{CHECK} --calibration calibration.json")
FROM_ASV = (
    *("history --asv-results asv --format text", "history --asv-results asv --format csv"),
    *("report run --asv-results asv --format text", "export run --to asv --asv-results asv"),
)
# Each file, and the commands that read it; those that write it too leave it other than it was.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "run/run.json": READ,
    "run/launches.jsonl": READ,
    "run/layers.jsonl": READ,
    "other/run.json": (*READ, "run --extend other --batch-sizes 2"),
    "baselines/main.json": FROM_BASELINE,
    "calibration.json": FROM_CALIBRATION,
    "rules.toml": (CHECK, f"{CHECK} --format markdown"),
    "suite.toml": (*("run suite.toml --dry-run", "run suite.toml --print-config") * 2, "run suite.toml -o new/run"),
    "searched.toml": ("run searched.toml --dry-run --format json", "run searched.toml -o searched"),
    "searched/trials.jsonl": ("run searched.toml -o searched",),
    "asv/h/machine.json": FROM_ASV,
    "asv/benchmarks.json": FROM_ASV,
    "asv/result": FROM_ASV,
    "cache": ("run suite.toml -o new/run",),
    "layers.json": ("predict resnet34 --library layers.json --device cpu --threads 1 --across",),
    "nominals": ("run suite.toml -o new/run",),
}
# How often each is damaged: those with most to say, of the others one in thirty.
WEIGHTS = {"run/run.json": 6, "run/launches.jsonl": 5, "baselines/main.json": 4, "rules.toml": 4, "asv/result": 3}
WEIGHTS |= {"suite.toml": 3, "run/layers.jsonl": 2, "other/run.json": 2, "calibration.json": 2}
WRITING = (
    "run --resume",
    "run --extend",
    "--update",
    "export run --to asv --asv-results asv",
    "-o searched",
    "suite.toml -o",
)


def build(home: Path, cache: Path) -> dict[str, Path]:
    """Write the files into `home`, and return the place of each file of `COMMANDS`, relative to it.

    The ceilings' cache lies below `cache`, a folder of `home` that XDG_CACHE_HOME names.
    """
    home.mkdir(parents=True)
    (home / "new").mkdir()
    (home / "searched").mkdir()
    (home / "suite.toml").write_text(SUITE)
    run = _rich_run(home)
    whole = make.change(run, header=make.change(run.header, shards=()))
    _save(home / "run", run, name="run", factor=1.0)
    _save(home / "other", whole, name="other", factor=1.07)
    baselines.save(sides.from_runs([home / "run", home / "other"], "main"), home / "baselines")
    record_file.write(_calibration(run.header.environments[0].id), home / "calibration.json")
    (home / "rules.toml").write_text(THRESHOLDS)
    (home / "searched.toml").write_text(SEARCHED)
    for size, fits in ((1, True), (2, False)):
        run_directory.append_trial(home / "searched", _attempt(size, fits=fits))
    revision = run.header.commit.revision
    make.asv_folder(home / "asv", [revision, "b" * 40, "c" * 40], [1.0, 1.01, 1.3], machine="h")
    (home / "asv" / "h" / "machine.json").write_text('{"machine": "h", "version": 1, "ram": "1"}')
    (home / "asv" / "benchmarks.json").write_text('{"a.track_x": {"unit": "s", "rounds": 1}, "version": 2}')
    here = make.environment()
    known = make.ceilings(environment=here.id, device="cpu", threads=1)
    ceilings_cache.write(known, here, warn=_refuse)
    (home / "layers.json").write_bytes(record_file.encoded(_library(known)).join((b"[", b"]")))
    (cached,) = cache.rglob("ceilings-*.json")
    nominals.change(here.id, lambda _: [_nominal(here.id)])
    (result,) = (home / "asv" / "h").glob("b*.json")
    found = {"asv/result": result, "cache": cached, "nominals": nominals.path_of(here.id)}
    return {name: found.get(name, home / name).relative_to(home) for name in COMMANDS}


def _library(known: Ceilings) -> LayerLibrary:
    here = make.environment(identity=as_it_is_now(make.IDENTITY))
    case = make.case("resnet18", batch_size=1, image_size=224, threads=1, allocator=usual_allocator())
    profile = make.as_measured(make.known_layers(case, lambda shape: (1e-6 + shape.macs * 1e-11, 0.0)), pass_s=0.004)
    return with_profile(None, profile, here, known)


def _refuse(text: str) -> None:
    raise AssertionError(text)


def _rich_run(home: Path):
    """A run with everything that a run may hold: layers, ceilings, a search, a skip of each kind, an own model."""
    made = make.suite_run(
        models=("resnet18", "resnet50"), batch_sizes=(1, 4), image_size=64, launches=2, samples=5, troubles=False
    )
    made = make.dissected(made, models=1)
    search = BatchSearch(
        case=made.header.cases[0],
        trials=(_attempt(1, fits=True).trial, _attempt(2, fits=False).trial),
        largest=1,
        stopped_by=SearchStop.MEMORY_LIMIT,
        memory_limit_bytes=2**30,
        iteration_limit_s=5.0,
    )
    lacking = make.case(model="resnet34", threads=2, image_size=64)
    cases = (*made.header.cases, lacking)
    header = make.change(
        made.header,
        cases=cases,
        searches=(search,),
        layers=LayerScope.LARGEST_BATCH,
        shards=(Shard(index=1, count=2, positions=tuple(range(len(cases)))),),
        unprofiled=(("resnet34", "it is not here"),),
        models=tuple(msgspec.to_builtins(it) for it in load_suite(home / "suite.toml").models),
        ceilings=(make.change(made.header.ceilings[0], environment=made.header.environments[0].id),),
        nominals=(_nominal(made.header.environments[0].id),),
    )
    skips = (make.skip(lacking, environment=made.header.environments[0].id),)
    return make.change(made, header=header, skips=skips)


def _save(directory: Path, run, *, name: str, factor: float) -> None:
    def slower(samples):
        return make.change(samples, elapsed_s=tuple(it * factor for it in samples.elapsed_s))

    launches = [
        make.beside_reference(
            make.change(it, isolated=slower(it.isolated), back_to_back=slower(it.back_to_back)), 0.003 * factor
        )
        for measurement in run.measurements
        for it in measurement.launches
    ]
    lines: list = [*launches, *run.skips]
    layers = [make.change(it, environment=run.header.environments[0].id) for it in run.layers]
    run_directory.create_whole(directory, make.change(run.header, id=name), lines, layers)


def _nominal(environment: str) -> Nominal:
    return Nominal(
        version="cpu-1",
        pass_s=(0.0032, 0.003),
        environment=environment,
        threads=1,
        run="run",
        made_at="2026-11-01T12:00:00+00:00",
        launches=24,
        spread=0.03,
    )


def _attempt(size: int, *, fits: bool) -> Attempt:
    trial = Trial(batch_size=size, fits=fits, iteration_s=0.1 if fits else None, peak_allocated_bytes=size * 2**20)
    case = make.case(model="tiny", batch_size=size, image_size=64)
    stop = None if fits else SearchStop.MEMORY_LIMIT
    return Attempt(case=case, way="here", trial=trial, stop=stop, memory_limit_bytes=2**30)


def _calibration(environment: str) -> Calibration:
    figures = CaseCalibration(
        case="resnet18",
        pairs=10,
        within_launch=0.01,
        between_launches=0.01,
        bias=0.0,
        false_alarm_rate=0.0,
        detectable={"10": 0.05},
    )
    band = Band(metric="latency_s", width=0.03, source=BandSource.CALIBRATION, shift=0.01, degrees=5.0, runs=1)
    return Calibration(
        environment=environment,
        threads=2,
        pairs_needed=10,
        launches_needed=6,
        paired_band=0.02,
        device_name="Example CPU",
        created_at="2026-11-01T12:00:00+00:00",
        bands=(band,),
        cases=(figures,),
        reference=ReferenceTrial(version="accelerator-1", launches=10, spread_raw=0.03, spread_corrected=0.01),
    )
