"""What a repository holds: its packages, and which functions and classes of it build a network. Nothing is imported."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from resnet_bench.errors import UsageError
from resnet_bench.git.command import git
from resnet_bench.records import Record
from resnet_bench.storage import reading

_LAYOUTS = ("src", "")
_ASIDE = frozenset({"tests", "test", "docs", "doc", "examples", "scripts", "benchmarks", "build", "dist", "setup"})
_BUILDS = re.compile(
    r"^(build|create|make|get)?_?(model|net|network|resnet\w*)?$|^\w*(resnet|resnext)\w*$", re.IGNORECASE
)
_FIRST_NAMES = ("build", "build_model", "create_model", "make_model", "get_model", "model")
_REQUIREMENTS = "requirements.txt"
# Lines of .gitignore, and a file that each is about.
_WRITTEN = {"/reports/*": "reports/run/run.json", "/.asv/": ".asv/env/file"}
_COMMITTED = ("reports/baselines/main.json", "reports/calibration.json")
KEPT_LINES = ("!/reports/baselines/", "!/reports/calibration.json")
_DEEPEST, _MOST_FILES, _LARGEST_BYTES = 4, 500, 2**20


class Surroundings(Record, frozen=True, kw_only=True):
    """A repository as it was looked at; `factories` are likely models, likeliest first.

    `requirements` is the file that lists what a repository needs which pip cannot install, "" where there is none.
    """

    root: Path
    name: str
    branch: str
    installable: bool
    requirements: str
    factories: tuple[str, ...]


class Ignoring(Record, frozen=True, kw_only=True):
    """Lines that .gitignore lacks, and files that it ignores though they are to be committed."""

    lacking: tuple[str, ...]
    lost: tuple[str, ...]


def look(directory: Path) -> Surroundings:
    """Look at the repository around a folder, or at the folder where there is none.

    Raises:
        UsageError: there is no such folder, or git cannot be run.
    """
    if not directory.is_dir():
        raise UsageError(f"'{directory}' is not a folder; name the repository's.")
    root = Path(git(directory, "rev-parse", "--show-toplevel") or directory.resolve())
    return Surroundings(
        root=root,
        name=root.name,
        branch=_branch(root),
        installable=_installable(root),
        requirements=_REQUIREMENTS if not _installable(root) and (root / _REQUIREMENTS).is_file() else "",
        factories=tuple(sorted(dict.fromkeys(_factories(root)), key=_likeliness)),
    )


def ignoring(root: Path) -> Ignoring:
    """Return what git does not ignore of what runs and asv write, and what it ignores of what is to be committed."""
    if git(root, "rev-parse", "--git-dir") is None:
        return Ignoring(lacking=(), lost=())

    def ignores(path: str) -> bool:
        return git(root, "check-ignore", "--quiet", path) is not None

    return Ignoring(
        lacking=tuple(line for line, path in _WRITTEN.items() if not ignores(path)),
        lost=tuple(path for path in _COMMITTED if ignores(path)),
    )


def _installable(root: Path) -> bool:
    """Return whether pip can install it: a pyproject.toml may be for tools alone."""
    if (root / "setup.py").exists():
        return True
    try:
        project = tomllib.loads(reading.content(root / "pyproject.toml", at_most=_LARGEST_BYTES).decode())
    except (OSError, ValueError, RecursionError):
        return False
    return not {"project", "build-system"}.isdisjoint(project)


def _branch(root: Path) -> str:
    remote = git(root, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    return (remote or "").partition("/")[2] or git(root, "symbolic-ref", "--quiet", "--short", "HEAD") or "main"


def _factories(root: Path) -> Iterator[str]:
    for layout in _LAYOUTS:
        base = root / layout
        for path in _modules(base, skip_source=not layout):
            parts = path.relative_to(base).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield from (f"{module}:{name}" for name in _names(path) if module)


def _modules(base: Path, *, skip_source: bool) -> Iterator[Path]:
    if not base.is_dir():
        return
    aside = _ASIDE | ({"src"} if skip_source else frozenset())
    found = 0
    for path in sorted(base.glob("**/*.py"), key=lambda it: (len(it.parts), it)):
        parts = path.relative_to(base).parts
        named = all(part.isidentifier() for part in (*parts[:-1], path.stem))
        if not named or len(parts) > _DEEPEST or set(parts[:-1]) & aside or path.stem in _ASIDE:
            continue
        found += 1
        if found > _MOST_FILES:
            return
        yield path


def _names(path: Path) -> list[str]:
    """Return what in a file takes no arguments and builds a network; nothing of a file that cannot be read as code."""
    try:
        return list(_building(ast.parse(reading.content(path, at_most=_LARGEST_BYTES).decode())))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _building(tree: ast.Module) -> Iterator[str]:
    """Yield what takes no arguments and builds a network, by its annotation, its base or its name."""
    if "torch" not in set(_imported(tree)):
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not _needed(node.args):
            returned = ast.unparse(node.returns) if node.returns else ""
            if returned.endswith("Module") or (not returned and _BUILDS.match(node.name)):
                yield node.name
        elif isinstance(node, ast.ClassDef) and _BUILDS.match(node.name):
            made = next((it for it in node.body if isinstance(it, ast.FunctionDef) and it.name == "__init__"), None)
            is_module = any(ast.unparse(base).endswith("Module") for base in node.bases)
            if is_module and (made is None or len(_needed(made.args)) <= 1):
                yield node.name


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0].replace("torchvision", "torch")
        elif isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0].replace("torchvision", "torch") for alias in node.names)


def _needed(arguments: ast.arguments) -> list[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = positional[: len(positional) - len(arguments.defaults)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return [it.arg for it in (*needed, *(argument for argument, default in keywords if default is None))]


def _likeliness(factory: str) -> tuple[int, int, str]:
    name = factory.partition(":")[2]
    place = _FIRST_NAMES.index(name) if name in _FIRST_NAMES else len(_FIRST_NAMES)
    return (place, factory.count("."), factory)
