"""The house's own rules: which floors stand above which, and where torch may be imported."""

import ast
from pathlib import Path

import pytest

import resnet_bench

ROOT = Path(resnet_bench.__file__).parent
# From the top down; what stands in one line may not import one another across rooms, and nothing imports upwards.
FLOORS = (
    ("commands", "cli", "__main__"),
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
    ("units", "words"),
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
DEVICE_HOMES = ("machine/devices.py", "profilers/devices/", "analysis/comparability.py")
DEVICE_WORDS = {"cpu", "cuda", "mps", "xpu", "rocm"}
# How often: weights are read and built on the host by torch's word for it; asv and suite files have their own words.
DEVICE_EXCEPTIONS = {
    "config/suite_file.py": 1,
    "interop/asv_write.py": 2,
    "machine/names.py": 1,
    "models/external.py": 1,
    "models/meta.py": 1,
    "models/pretrained.py": 2,
    "models/registry.py": 2,
    "profilers/counters.py": 1,
    "profilers/without_data.py": 1,
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


def test_tables_are_total():
    from resnet_bench.executors.table import EXECUTORS, load
    from resnet_bench.records import Executor, Precision
    from resnet_bench.specs.arithmetic import ARITHMETICS

    assert set(EXECUTORS) == set(Executor)
    assert set(ARITHMETICS) == set(Precision)
    for executor in Executor:
        assert callable(load(executor).prepare)


TESTS = Path(__file__).parent


# Beside the rooms: whole features, what records are made of, and files that are read.
BESIDE_ROOMS = {"seams", "make", "golden", "data"}


def test_tests_mirror_the_rooms():
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    folders = {path.name for path in TESTS.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == rooms | BESIDE_ROOMS


def modules_of_tests():
    for path in sorted(TESTS.rglob("*.py")):
        yield str(path.relative_to(TESTS)), ast.parse(path.read_text())


def imports(tree):
    """Yield the module and the name of every `from module import name`, and the name it has here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name, alias.asname or alias.name) for alias in node.names)


def test_nothing_imports_from_a_test_file():
    found = [
        f"{path} imports {name} of {module}"
        for path, tree in modules_of_tests()
        for module, name, _ in imports(tree)
        if any(part.startswith("test_") for part in (*module.split("."), name)) and module.split(".")[0] == "tests"
    ]
    assert found == []


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def private_names(tree):
    """Yield the package's private names that a test imports, reads, or gives to `monkeypatch.setattr`."""
    ours = {here: name for module, name, here in imports(tree) if module.split(".")[0] == "resnet_bench"}
    yield from filter(is_private, ours.values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and root(node) in ours:
            yield from filter(is_private, [node.attr])
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("setattr") and len(node.args) > 1:
            target, name = node.args[:2]
            if root(target) in ours and isinstance(name, ast.Constant):
                yield from filter(is_private, [name.value])


def root(node):
    """Return the name that a dotted name begins with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def test_tests_know_no_private_name_of_the_package():
    found = {f"{path}: {name}" for path, tree in modules_of_tests() for name in private_names(tree)}
    assert found == set()


@pytest.mark.parametrize(
    "source",
    [
        "from resnet_bench.units import _x",
        "from resnet_bench import units\nunits._x()",
        "from resnet_bench import units\nunits.time._x",
        "from resnet_bench import units\nmonkeypatch.setattr(units, '_x', 1)",
    ],
)
def test_a_private_name_is_found_however_it_is_reached(source):
    assert list(private_names(ast.parse(source))) == ["_x"]
