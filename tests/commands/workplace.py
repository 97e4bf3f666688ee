"""A folder with runs to compare, and the command line on it."""

from pathlib import Path

from resnet_bench import cli
from resnet_bench.records import Compilation
from tests.make import case, change, measurement, noisy_launches, profile, run_of, save_run

NASTY = "a|b<script>`x`@me\n::error::%"
RULES = """undecided = "warn"
[[rule]]
metric = "latency_s"
limit = "5 %"
[[rule]]
metric = "latency_s"
max = "15 ms"
model = "resnet50*"
[[rule]]
metric = "energy_j_per_image"
"""


def measured(model, size, seed, factor=1.0, **more):
    of = case(model=model, batch_size=size)
    options = {"compilation": Compilation(compile_s=2.0 * factor, graphs=1, graph_breaks=0)} if model == NASTY else {}
    launches = noisy_launches(seed, factor=factor, noise=more.pop("noise", 0.002))
    return measurement(launches, of=of, profile=profile(of, **more), **options)


def fill(folder):
    """Write runs 'old', 'new' and 'same', and thresholds, into `folder`."""
    old = [
        measured("resnet18", 1, 1),
        measured("resnet18", 8, 2),
        measured("resnet50", 1, 3),
        measured("resnet50", 8, 4),
        measured(NASTY, 1, 5),
    ]
    new = [
        measured("resnet18", 1, 11),
        measured("resnet18", 8, 12),
        measured("resnet50", 1, 13, 1.08, macs=5100),
        measured("resnet50", 8, 14, noise=0.03),
        measured(NASTY, 1, 15, 0.9),
    ]
    save_run(folder / "old", run_of(old, name="run-old"))
    save_run(folder / "new", run_of(new, name="run-new"))
    save_run(folder / "same", run_of([change(it) for it in old], name="run-same"))
    Path(folder, "thresholds.toml").write_text(RULES, encoding="utf-8")


def run(capsys, *arguments):
    code = cli.run([str(it) for it in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err
