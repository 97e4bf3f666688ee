"""Ways to damage a file: by its structure, by its bytes, and by what kind of file it is."""

import copy
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

DEEP = 20_000
NUMBERS = (
    *(0, -1, 1, 2, 3, 2**31 - 1, 2**31, 2**53 + 1, 2**62, 2**63, 10**30, -(2**63)),
    *(0.0, -0.0, 1e-300, 5e-324, 1e308, -1e308, 1e30, 1e-9, 86399.9, 0.5, 1.0000000001),
)
TEXTS = (
    *(
        "",
        " ",
        "a" * 300,
        "\n::error title=a::b",
        "::add-mask::x",
        "\x1b[31mred",
        "\u2028",
        "\u202e",
        "\x00",
        "\x7f\x85",
    ),
    *("../../esc", "/etc/passwd", ".", "=1+1", "@x", "|`<b>", "</script>", "nan", "-1", "1e999", "a/b\\c", "%s{}%n"),
    *(
        "\U0001f600",
        "e\u0301",
        "resnet18",
        "resnet50",
        "main",
        "cpu",
        "cuda:0",
        "latency_s",
        "2026-13-45",
        "9999-12-31",
    ),
    *("0001-01-01T00:00:00+00:00", "1h", "5 %", "auto", "*", "[", "x:y", "tests.nosuch:model"),
)
# What JSON of another writer may hold and Python's would not write.
RAW = ("NaN", "Infinity", "-Infinity", "1e999", "1" * 5000, '"\\ud800"', "01", "'x'", "[" * DEEP, '{"a":' * DEEP)
RAW_TOML = ("nan", "-inf", "1e999", "1" * 5000, "[" * DEEP, "{a = 1}", "2026-13-45", "1979-05-27", '"\\ud800"', "[[]]")


def damage(path: Path, random: Random) -> str:
    """Damage a file in one of many ways, and return which."""
    kind = random.choices(("structure", "bytes", "kind"), (80, 16, 4))[0]
    if kind == "kind":
        return _other_kind(path, random)
    if kind == "bytes":
        return _bytes(path, random)
    return _toml(path, random) if path.suffix == ".toml" else _json(path, random)


# --- by structure -------------------------------------------------------------------------------------------


def _json(path: Path, random: Random) -> str:
    lines = path.read_text(encoding="utf-8").splitlines() if path.suffix == ".jsonl" else [path.read_text("utf-8")]
    number = random.randrange(len(lines))
    held: Any = [json.loads(lines[number])]  # in a list, so that the whole can be replaced too
    said = []
    raw: dict[str, str] = {}
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        place = Place(*_place(held, random), random, raw)
        said.append(f"{place.key}: {random.choice(_CHANGES)(place)}")
    text = json.dumps(held[0], ensure_ascii=random.random() < 0.5) if held else ""
    for marker, value in raw.items():
        text = text.replace(f'"{marker}"', value)
    lines[number] = text.replace("\n", " ")
    path.write_bytes(("\n".join(lines) + "\n").encode(errors="surrogatepass"))
    return f"line {number}: {'; '.join(said)}"


def _place(held: Any, random: Random) -> tuple[Any, Any]:
    """Return a container and a key in it, anywhere in the tree; deep places are as likely as shallow ones."""
    places: list[tuple[Any, Any]] = []
    waiting = [held]
    while waiting:
        container = waiting.pop()
        items = container.items() if isinstance(container, dict) else enumerate(container)
        for key, value in items:
            places.append((container, key))
            if isinstance(value, dict | list):
                waiting.append(value)
    if not places:
        held.append(None)
        return held, 0
    return random.choice(places)


class Place(NamedTuple):
    """A value in its container; `raw` holds text that stands for values which no encoder would write."""

    container: Any
    key: Any
    random: Random
    raw: dict[str, str]

    @property
    def value(self) -> Any:
        return self.container[self.key]

    def put(self, value: Any) -> str:
        self.container[self.key] = value
        return str(value)[:40]


def _number(at: Place) -> str:
    return f"number {at.put(at.random.choice(NUMBERS))}"


def _text(at: Place) -> str:
    return f"text {at.put(at.random.choice(TEXTS))}"


def _near(at: Place) -> str:
    """Another value of the same type, nearer to a possible one."""
    value, choice = at.value, at.random.choice
    match value:
        case bool() | None:
            near = choice((True, False, None))
        case int():
            near = choice((value + 1, value - 1, -value, value * 10**6, value // 2))
        case float():
            near = value * choice((-1, 1e-9, 1e9, 1e-3, 1e3, 1.5))
        case str():
            near = choice((value + choice(TEXTS), value[:-1], value.upper(), value[::-1]))
        case list():
            near = choice((value[:1], value[::-1], value + value, value[1:], []))
        case _:
            near = dict(list(value.items())[: at.random.randrange(len(value) + 1)])
    return f"near {at.put(near)}"


def _raw(at: Place) -> str:
    marker = f"raw-{len(at.raw)}"
    at.raw[marker] = at.random.choice(RAW)
    at.put(marker)
    return f"raw {at.raw[marker][:20]}"


def _removed(at: Place) -> str:
    del at.container[at.key]
    return "removed"


def _added(at: Place) -> str:
    if isinstance(at.container, dict):
        at.container[at.random.choice(TEXTS)] = at.value
    else:
        at.container.insert(at.key, copy.deepcopy(at.value))
    return "added"


def _empty(at: Place) -> str:
    return f"empty {at.put(at.random.choice((None, [], {}, '', True, [[]], [None], {'': {}})))}"


def _moved(at: Place) -> str:
    """The value of another place of the same container."""
    keys = list(at.container) if isinstance(at.container, dict) else range(len(at.container))
    at.put(copy.deepcopy(at.container[at.random.choice(keys)]))
    return "moved"


def _long(at: Place) -> str:
    many = 20 if isinstance(at.value, dict | list) else 2000
    at.put(at.random.choice(([at.value] * many, "x" * 200_000, {str(it): at.value for it in range(many)})))
    return "long"


_CHANGES: tuple[Callable[[Place], str], ...] = (
    *(_number, _number, _number, _text, _text, _near, _near, _near, _near),
    *(_raw, _removed, _removed, _added, _empty, _moved, _moved, _long),
)


def _toml(path: Path, random: Random) -> str:
    """Change a line, its key or its value, or the order of lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    number = random.randrange(len(lines))
    key, equals, _ = lines[number].partition(" = ")
    way = random.randrange(8)
    if way == 0:
        del lines[number]
    elif way == 1:
        lines.insert(number, random.choice(lines))
    elif way == 2:
        random.shuffle(lines)
    elif way == 3:
        lines[number] = f"[{random.choice(TEXTS)}]"
    elif way == 4:
        lines[number] = f'"{random.choice(TEXTS)}" = 1'
    elif way == 5:
        lines[number] = ".".join(["a"] * random.choice((3, 900, 5000))) + " = 1"
    elif equals:
        lines[number] = f"{key} = {_toml_value(random)}"
    else:
        lines[number] = f"{lines[number]}\nnew = {_toml_value(random)}"
    path.write_bytes(("\n".join(lines) + "\n").encode(errors="surrogatepass"))
    return f"line {number}: {lines[min(number, len(lines) - 1)][:60]!r}" if lines else "no lines"


def _toml_value(random: Random) -> str:
    way = random.randrange(4)
    if way == 0:
        return str(random.choice(NUMBERS))
    if way == 1:
        return random.choice(RAW_TOML)
    if way == 2:
        return json.dumps([random.choice((*NUMBERS, *TEXTS)) for _ in range(random.randrange(4))])
    return json.dumps(random.choice(TEXTS))


# --- by bytes, and by kind ----------------------------------------------------------------------------------


def _bytes(path: Path, random: Random) -> str:
    data = bytearray(path.read_bytes())
    place = random.randrange(len(data) + 1)
    way = random.choice(("cut", "flip", "insert", "remove", "repeat", "swap", "other encoding", "no end"))
    match way:
        case "cut":
            del data[place:]
        case "flip":
            data[place % len(data)] ^= 1 << random.randrange(8)
        case "insert":
            data[place:place] = random.choice(
                (b"\0", b"\xff", b"\n", b"\xed\xa0\x80", b"\r\n", b"{", b'"', b"\x1b[2J", b",")
            )
        case "remove":
            del data[place : place + random.choice((1, 2, 100))]
        case "repeat":
            data += data[place:]
        case "swap":
            data = data[place:] + data[:place]
        case "other encoding":
            data = bytearray(random.choice((b"\xef\xbb\xbf" + data, data.decode().encode("utf-16"))))
        case "no end":
            data += b'{"type":"launch","ca'
    path.write_bytes(data)
    return f"{way} at {place}"


def _other_kind(path: Path, random: Random) -> str:
    path.unlink()
    kind = random.choice(("missing", "empty", "folder", "pipe", "loop", "dangling", "zeros", "full", "huge", "locked"))
    match kind:
        case "empty":
            path.touch()
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "loop":
            path.symlink_to(path.name)
        case "dangling":
            path.symlink_to("nowhere")
        case "zeros" | "full":
            path.symlink_to(f"/dev/{'zero' if kind == 'zeros' else 'full'}")
        case "huge":
            with path.open("wb") as file:
                file.truncate(3 * 2**30)
        case "locked":
            path.touch(stat.S_IWUSR)
    return kind
