"""Counts of timm's and torchvision's models beside what those publish: `python -m benchmarks.peer_tables` remakes both.

Written to tests/data/peers/, where a test holds today's counts against them. `--timm-results FOLDER` takes a checkout's
results/ of huggingface/pytorch-image-models; without it timm's published figures stay those that stand there already.
"""

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

TABLES = Path(__file__).parents[1] / "tests" / "data" / "peers"
TIMM, TORCHVISION = TABLES / "timm.csv", TABLES / "torchvision.csv"
# timm's residual networks, by the module that defines them.
TIMM_MODULES = ("resnet", "byobnet", "resnetv2", "res2net", "resnest", "sknet")
COUNTED = "counted"


class Row(NamedTuple):
    """One model: what we count of one image of its own input, and what its package publishes, at which size."""

    model: str
    kind: str
    input: str
    parameters: str
    macs: str
    activations: str
    published_parameters: str
    published_gmacs: str
    published_size: str
    verdict: str


def counted(model: str) -> tuple[str, str, str, str, str]:
    """Return input, parameters, MACs and activations of a model in its own input, and "counted"; or why not.

    Nothing counts where its rows lack parameters or an operator's cost is not known.
    """
    from resnet_bench.errors import ResNetBenchError
    from resnet_bench.profilers.complexity import static_profile
    from resnet_bench.profilers.subject import StaticSubject

    try:
        own = StaticSubject.of(model).input
        found = static_profile(model)
    except ResNetBenchError as error:
        return ("", "", "", "", str(error))
    lacking = found.parameters - sum(layer.parameters for layer in found.layers)
    unknown = ", ".join(found.uncounted_operators)
    verdict = f"{lacking} parameters are in no row" if lacking else f"{unknown}: not counted" if unknown else COUNTED
    return (str(own), str(found.parameters), str(found.macs), str(found.activations), verdict)


def timm_rows(results: Path | None) -> Iterator[Row]:
    """Yield timm's residual networks that have published figures."""
    import timm

    kinds = {name: module for module in TIMM_MODULES for name in timm.list_models(module=module)}
    published = _published_by_timm(results) if results else {row.model: _published_of(row) for row in read(TIMM)}
    for name, (parameters, gmacs, size) in sorted(published.items()):
        if name not in kinds:
            continue
        wanted, own_parameters, macs, activations, verdict = counted(f"timm:{name}")
        yield Row(name, kinds[name], wanted, own_parameters, macs, activations, parameters, gmacs, size, verdict)


def torchvision_rows() -> Iterator[Row]:
    """Yield every model of torchvision, by the module that it is for."""
    from resnet_bench.models.compat import torchvision_models

    models = torchvision_models()
    for name in models.list_models():
        weights = models.get_model_weights(name)
        kind = models.get_model_builder(name).__module__.split(".")[2]
        wanted, parameters, macs, activations, verdict = counted(f"torchvision:{name}")
        metas = [each.meta for each in weights]
        smallest = min(metas, key=lambda meta: meta["_ops"], default={})
        yield Row(
            name,
            kind
            if kind in {"detection", "segmentation", "video", "optical_flow", "quantization"}
            else "classification",
            wanted,
            parameters,
            macs,
            activations,
            str(smallest.get("num_params", "")),
            str(smallest.get("_ops", "")),
            "",
            verdict,
        )


def read(path: Path) -> list[Row]:
    """Return the rows of a table; none where it is not there yet."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [Row(**row) for row in csv.DictReader(file)]


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write a table, and say for each model how it ended."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields)
        for row in rows:
            writer.writerow(row)
            print(f"{row.model}: {row.verdict[:100]}", file=sys.stderr)


def _published_of(row: Row) -> tuple[str, str, str]:
    return (row.published_parameters, row.published_gmacs, row.published_size)


def _published_by_timm(results: Path) -> dict[str, tuple[str, str, str]]:
    """Take a model's figures from the oldest file that has it, by its name without the tag of its weights.

    The newest ones were measured with branches folded into one (RepVGG, MobileOne).
    """
    found: dict[str, tuple[str, str, str]] = {}
    for path in sorted(results.glob("benchmark-infer-*.csv"), key=_version):
        with path.open(newline="", encoding="utf-8") as file:
            for line in csv.DictReader(file):
                name = line["model"].partition(".")[0]
                if line.get("infer_gmacs"):
                    size = line.get("infer_img_size") or line["img_size"]
                    found.setdefault(name, (line["param_count"], line["infer_gmacs"], size))
    return found


def _version(path: Path) -> tuple[int, str]:
    version = next((part for part in path.stem.split("-") if part.startswith("pt") and part[2:].isdigit()), "pt0")
    return (int(version[2:]), path.name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Remake both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timm-results", type=Path)
    asked = parser.parse_args(arguments)
    write(TORCHVISION, torchvision_rows())
    write(TIMM, list(timm_rows(asked.timm_results)))


if __name__ == "__main__":
    main()
