"""What each command is called like, shown below its --help; a test holds that the command line takes every one."""

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "list": ("resnet-bench list 'resnet*'",),
    "show": ("resnet-bench show resnet18",),
    "profile": (
        "resnet-bench profile resnet50 --by stage",
        "resnet-bench profile resnet50 --mode training --memory 24GiB",
        "resnet-bench profile mynet.model:build --measured",
    ),
    "predict": (
        "resnet-bench predict resnet34 resnet101 --batch-sizes 1,8",
        "resnet-bench predict resnet50_v1 --measure-missing",
        "resnet-bench predict resnet101 --library layers-of-another-machine.json --across",
        "resnet-bench predict --check",
    ),
    "design": (
        'resnet-bench design --under "latency 100 ms at batch 1" --under "parameters 20 M" --family resnet',
        'resnet-bench design --under "latency 100 ms at batch 1" --around resnet50 --measure',
    ),
    "run": (
        "resnet-bench run --models resnet18,resnet50 --batch-sizes 1,8 -o reports/base",
        "resnet-bench run --models mynet.model:build --precision fp32,bf16 --preset standard",
        "resnet-bench run --resume reports/base",
        "resnet-bench run --extend reports/base --batch-sizes 16",
    ),
    "merge": ("resnet-bench merge reports/part1 reports/part2 -o reports/all",),
    "report": (
        "resnet-bench report reports/base reports/new -o both.html",
        "resnet-bench report reports/base --best",
    ),
    "compare": ("resnet-bench compare reports/base reports/new --fail-on regressed",),
    "check": ("resnet-bench check reports/new --baseline main --thresholds thresholds.toml --github",),
    "ab": (
        "resnet-bench ab HEAD~1 --models mynet.model:build",
        "resnet-bench ab main HEAD --models mynet.model:build --install -o ab.html",
        "resnet-bench ab main --suite resnet-bench.toml",
        "resnet-bench ab --case-a memory_format=channels_last --models resnet50",
    ),
    "bisect": ("resnet-bench bisect v1.0 HEAD --model mynet.model:build",),
    "calibrate": ("resnet-bench calibrate --budget 5m",),
    "history": ("resnet-bench history --fail-on regressed --since v1.0",),
    "export": (
        "resnet-bench export reports/base --to csv -o base.csv",
        "resnet-bench export reports/base --to mlflow -o mlflow.db",
    ),
    "baseline": ("resnet-bench baseline set main reports/one reports/two reports/three", "resnet-bench baseline list"),
    "init": ("resnet-bench init", "resnet-bench init --model mynet.model:build"),
    "machine": (
        "resnet-bench machine",
        "resnet-bench machine --ceilings",
        "resnet-bench machine --layers resnet18 resnet50",
    ),
}


def epilogue(command: str) -> str:
    """Return the examples of a command as they stand below its help."""
    return "\n\n".join(("Examples:", *EXAMPLES.get(command, ()))) if EXAMPLES.get(command) else ""
