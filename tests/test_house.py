"""The house's own rules: which floors stand above which, and where torch may be imported."""

import ast
import re
from collections import Counter
from pathlib import Path

import resnet_bench

ROOT = Path(resnet_bench.__file__).parent
# From the top down; what stands in one line may not import one another across rooms, and nothing imports upwards.
FLOORS = (
    ("commands", "cli", "__main__"),
    ("pytest_plugin", "asv"),
    ("api",),
    ("report",),
    ("runner",),
    ("child",),
    ("wire",),
    ("interop",),
    ("analysis",),
    ("profilers",),
    ("executors",),
    ("models",),
    ("config",),
    ("storage",),
    ("specs",),
    ("machine",),
    ("git",),
    ("records",),
    ("units", "words", "scratch", "streams"),
    ("errors",),
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def modules():
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts != ("__init__",):
            yield parts[0], path.relative_to(ROOT), ast.parse(path.read_text())


def imported_rooms(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "resnet_bench":
            inner = node.module.split(".")[1:]
            yield from ([inner[0]] if inner else [alias.name for alias in node.names])
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("resnet_bench."))


def test_every_room_has_a_floor():
    assert {room for room, _, _ in modules()} <= set(FLOOR_OF)


def test_imports_go_down_only():
    upwards = [
        f"{path} imports {target}"
        for room, path, tree in modules()
        for target in imported_rooms(tree)
        if target in FLOOR_OF and target != room and FLOOR_OF[target] <= FLOOR_OF[room]
    ]
    exceptions = {"__main__.py imports cli", "cli.py imports commands"}
    assert set(upwards) <= exceptions


def test_no_two_classes_share_a_name():
    """No word for two things: a reader who meets a name in an error or a search finds one home."""
    names = Counter(node.name for _, _, tree in modules() for node in tree.body if isinstance(node, ast.ClassDef))
    assert [name for name, times in names.items() if times > 1] == []


MEASURES = {"child", "profilers", "executors", "models"}


def test_torch_is_imported_only_where_something_is_measured():
    """Anywhere in a file, in functions too."""
    found = {str(path) for room, path, tree in modules() if room not in MEASURES for _ in imports_of_torch(tree)}
    assert found == set()


def imports_of_torch(tree):
    for node in ast.walk(tree):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        yield from (name for name in names if name.split(".")[0] in {"torch", "torchvision"})


# Where a member's own name stands: the tables, and the members themselves.
DEVICE_HOMES = ("machine/devices.py", "profilers/devices/", "analysis/verdicts/comparability.py")
DEVICE_WORDS = {"cpu", "cuda", "mps", "xpu", "rocm"}
# How often: weights are read and built on the host by torch's word for it; asv and suite files have their own words,
# and each of ONNX Runtime's providers is of one kind.
DEVICE_EXCEPTIONS = {
    "config/suite_file.py": 1,
    "executors/onnx_providers.py": 1,
    "interop/asv_write.py": 2,
    "machine/names.py": 1,
    "models/external.py": 1,
    "models/meta.py": 1,
    "models/registry.py": 2,
    "profilers/without_data.py": 1,
    "records/plan.py": 1,
}


def test_a_device_kind_is_never_asked_for_by_name():
    found = {}
    for _, path, tree in modules():
        if not str(path).startswith(DEVICE_HOMES):
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and str(node.value).partition(":")[0] in DEVICE_WORDS:
                    found[str(path)] = found.get(str(path), 0) + 1
    assert found == DEVICE_EXCEPTIONS


EXECUTOR_HOMES = ("executors/", "records/plan.py")


def test_an_executor_is_never_asked_for_by_name():
    found = {
        str(path)
        for _, path, tree in modules()
        if not str(path).startswith(EXECUTOR_HOMES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Executor"
    }
    assert found == set()


# Whole documents, a line of a progress that is overwritten, commands that are meant, and what says that all is over.
PRINTERS = {"words.py", "commands/output.py", "commands/ticker.py", "interop/github.py", "__main__.py"}
PRINTERS |= {"commands/run.py"}  # a suite file of ours, as it is


def test_lines_are_printed_in_one_place_which_cleans_them():
    found = {
        str(path)
        for _, path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert found == PRINTERS


def test_tables_are_total():
    from resnet_bench.executors.table import EXECUTORS, facts, load
    from resnet_bench.records import Executor, Precision
    from resnet_bench.specs.arithmetic import ARITHMETICS

    assert set(EXECUTORS) == set(Executor)
    assert set(ARITHMETICS) == set(Precision)
    for executor in Executor:
        wanted = ("convert", "opened") if facts(executor).converts else ("prepare",)
        assert all(callable(getattr(load(executor), name)) for name in wanted)


NAMED = re.compile(r"from (resnet_bench[\w.]*) import (\w+)|(?<![\w/.-])(resnet_bench(?:\.[a-z_]+){2,})(?![\w/.-]*\w)")


def test_modules_that_strings_name_are_there():
    """Processes are started by the names of their modules, which no import and no type checker follows."""
    missing = {
        f"{path}: {name}"
        for _, path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for found in NAMED.findall(node.value)
        if not is_there(name := ".".join(filter(None, found)))
    }
    assert missing == set()


def is_there(name):
    """Say whether it is a module, or something of one."""
    parts = name.split(".")[1:]
    place = ROOT.joinpath(*parts)
    if place.is_dir() or place.with_suffix(".py").is_file():
        return True
    above = ROOT.joinpath(*parts[:-1])
    home = above.with_suffix(".py") if parts[:-1] and not above.is_dir() else above / "__init__.py"
    return home.is_file() and re.search(rf"\b{parts[-1]}\b", home.read_text()) is not None


def test_a_module_that_moved_is_missed_where_a_string_names_it():
    assert NAMED.findall("x; from resnet_bench.analysis import series_worker; y") == [
        ("resnet_bench.analysis", "series_worker", "")
    ]
    assert not is_there("resnet_bench.analysis.series_worker")
    assert is_there("resnet_bench.analysis.history.series_worker")
