"""The tests' own rules: where they stand, what they may import, and which names they may know."""

import ast
from pathlib import Path

import pytest

import resnet_bench

ROOT = Path(resnet_bench.__file__).parent
TESTS = Path(__file__).parent


# Beside the rooms: whole features, what records are made of, and files that are read.
BESIDE_ROOMS = {"actionlint", "seams", "make", "golden", "data", "fuzzing"}


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


# Those with so many fields that a second builder would have defaults of its own.
BUILT_ONCE = {
    *("Case", "Commit", "Environment", "Header", "HistorySeries", "Identity", "Launch", "LayerProfile", "LayerTime"),
    *("MachineState", "Measurement", "MeasureRequest", "Profile", "Protocol", "Run", "Skip"),
}


def built(tree):
    """Yield the names of the records that a test builds itself."""
    ours = {here: name for module, name, here in imports(tree) if module.split(".")[0] == "resnet_bench"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from {ours.get(node.func.id)} & BUILT_ONCE
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and root(node.func) in ours:
            yield from {node.func.attr} & BUILT_ONCE


def test_records_are_built_in_one_place():
    found = {
        f"{path}: {name}" for path, tree in modules_of_tests() if not path.startswith("make/") for name in built(tree)
    }
    assert found == set()
