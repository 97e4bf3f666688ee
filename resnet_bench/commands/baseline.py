"""`baseline set` and `baseline list`: named baselines."""

import sys
from pathlib import Path
from typing import Any

from cyclopts import App

from resnet_bench import units
from resnet_bench.analysis import sides
from resnet_bench.commands.output import warn
from resnet_bench.report import grid
from resnet_bench.report.format import Format
from resnet_bench.report.grid import Grid
from resnet_bench.storage import baselines

baseline = App(name="baseline", help="Named baselines: set one from runs, or list them.")


@baseline.command(name="set")
def set_baseline(name: str, *runs: Path, baselines_dir: Path = baselines.DEFAULT_DIRECTORY) -> None:
    """Store one or more runs of one revision as the baseline NAME; from three runs on, noise bands are learnt.

    Args:
        name: letters, digits, dot, hyphen and underscore.
        runs: run directories; their launches are pooled.
        baselines_dir: where named baselines are kept.
    """
    stored = sides.from_runs(runs, name)
    warn(stored.warnings)
    path = baselines.save(stored, baselines_dir)
    counts = ((len(stored.cases), "case"), (len(runs), "run"))
    counted = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts]
    print(f"wrote {path}: {' from '.join(counted)}")
    for band in stored.bands:
        print(f"noise band of {band.metric}: {units.percent_short(band.width)}")


@baseline.command(name="list")
def list_baselines(
    *,
    baselines_dir: Path = baselines.DEFAULT_DIRECTORY,
    format: Format = Format.TEXT,  # noqa: A002 - the flag's name
) -> None:
    """List the stored baselines.

    Args:
        baselines_dir: where named baselines are kept.
        format: text, markdown, json or csv.
    """
    found = [sides.baseline(name, baselines_dir) for name in baselines.names(baselines_dir)]
    if not found and format is Format.TEXT:
        print(f"no baseline in {baselines_dir} yet: resnet-bench baseline set NAME RUN", file=sys.stderr)
        return
    entries: list[dict[str, Any]] = [
        {
            "name": it.name,
            "created_at": it.created_at,
            "commit": it.commit.revision if it.commit else None,
            "cases": len(it.cases),
            "runs": list(it.runs),
            "devices": sorted({identity.device_name for identity in it.identities.values()}),
        }
        for it in found
    ]
    rows = tuple(
        (
            it["name"],
            it["created_at"],
            it["commit"][:12] if it["commit"] else units.UNAVAILABLE,
            str(it["cases"]),
            str(len(it["runs"])),
            ", ".join(it["devices"]),
        )
        for it in entries
    )
    headers = ("name", "created", "commit", "cases", "runs", "device")
    right = (False, False, False, True, True, False)
    print(grid.render(Grid(headers=headers, rows=rows, right=right), format, records=entries))
