"""The house's own rules: which floors stand above which, and where torch may be imported."""

import ast
from pathlib import Path

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
