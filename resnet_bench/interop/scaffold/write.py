"""The files of `init`, filled in for a repository and written where nothing is yet."""

import importlib.metadata
import json
import re
import shlex
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from string import Template
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from resnet_bench.interop.scaffold.look import Surroundings
from resnet_bench.records import Record
from resnet_bench.storage import files

_TEMPLATES = "resnet_bench.interop.scaffold"
# Where each file goes, and what it is made from.
SUITE, THRESHOLDS = "resnet-bench.toml", "thresholds.toml"
WORKFLOW, ASV = ".github/workflows/resnet-bench.yml", "asv.conf.json"
FILES: Mapping[str, str] = {
    SUITE: "suite.toml",
    THRESHOLDS: "thresholds.toml",
    WORKFLOW: "measure.yml",
    ".github/workflows/resnet-bench-comment.yml": "comment.yml",
    ASV: "asv.conf.json",
    "benchmarks/__init__.py": "package.txt",
    "benchmarks/resnet.py": "benchmarks.txt",
    ".gitignore": "gitignore.txt",
}
# Without dependencies: with them there would be thirty wheels, and asv takes the only one.
_BUILD = ["python -m pip wheel --no-deps -w {build_cache_dir} {build_dir}"]
_INSTALLS_REQUIREMENTS = """\
      - run: python -m pip install -r {}
        env:
          PIP_EXTRA_INDEX_URL: https://download.pytorch.org/whl/cpu
"""
_GITHUB = re.compile(r"github\.com[/:]([\w.-]+/[\w.-]+?)(?:\.git)?$")
UNKNOWN_ACTION = "OWNER/resnet_bench@main"


class ScaffoldFile(Record, frozen=True, kw_only=True):
    """What became of a file: written, or kept as it was."""

    path: str
    written: bool


class Origin(NamedTuple):
    """Where this installation comes from: what pip calls it, and the action that lives there."""

    requirement: str
    action: str

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine, which nobody else has."""
        return self.requirement.startswith("/")


def lives_at(action: str) -> Origin:
    """Return the origin that an action's place says: owner/repository@ref."""
    return Origin(f"git+https://github.com/{action}", action)


def origin() -> Origin:
    """Return where this package was installed from, as far as pip has noted it (PEP 610)."""
    try:
        noted = json.loads(importlib.metadata.distribution("resnet-bench").read_text("direct_url.json") or "{}")
    except (importlib.metadata.PackageNotFoundError, ValueError):
        noted = {}
    url, commit = str(noted.get("url", "")), noted.get("vcs_info", {}).get("commit_id", "main")
    on_github = _GITHUB.search(url)
    if on_github:
        return lives_at(f"{on_github[1]}@{commit}")
    folder = url2pathname(urlsplit(url).path) if url.startswith("file:") else ""
    return Origin(folder or "resnet-bench", UNKNOWN_ACTION)


def write(around: Surroundings, *, model: str, came_from: Origin) -> tuple[ScaffoldFile, ...]:
    """Write every file that is not there yet, and say which.

    Raises:
        StoreError: a file cannot be written.
    """
    fields = {
        "suite": SUITE,
        "model": model,
        "models": json.dumps(model),
        "install": "true" if around.installable else "false",
        "action": came_from.action,
        "project": json.dumps(around.name)[1:-1],
        "branch": json.dumps(around.branch)[1:-1],
        "build": json.dumps(_BUILD if around.installable else []),
        "installation": json.dumps(_installation(around, shlex.quote(came_from.requirement))),
        "requirements": _INSTALLS_REQUIREMENTS.format(around.requirements) if around.requirements else "",
    }
    return tuple(_written(around.root, name, template, fields) for name, template in FILES.items())


def _installation(around: Surroundings, requirement: str) -> list[str]:
    """Return how asv installs a commit; what pip cannot install is put on the path of the environment."""
    pip = "in-dir={env_dir} python -m pip install"
    if around.installable:
        return [f"{pip} {{wheel_file}} {requirement}"]
    needed = f"-r {{build_dir}}/{around.requirements} " if around.requirements else ""
    return [f"{pip} {needed}{requirement}", "in-dir={env_dir} python -m resnet_bench.asv {build_dir}"]


def _written(root: Path, name: str, template: str, fields: Mapping[str, str]) -> ScaffoldFile:
    path = root / name
    if path.exists() or path.is_symlink():
        return ScaffoldFile(path=name, written=False)
    text = resources.files(_TEMPLATES).joinpath("files", template).read_text(encoding="utf-8")
    files.make_folder_of(path)
    files.whole(path, Template(text).substitute(fields))
    return ScaffoldFile(path=name, written=True)
