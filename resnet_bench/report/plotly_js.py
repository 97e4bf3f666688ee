"""plotly.js from the installed plotly, made quick to start: a page draws four kinds of trace, not its forty-nine.

Two edits to the text of the bundle, each left out where another version of plotly looks different: it works as it is,
only slower. Registering the other kinds would run their modules, maps and WebGL among them, before the first figure.
"""

import base64
import gzip
import hashlib
import importlib.util
import re
from functools import cache
from pathlib import Path

TRACES = frozenset({"bar", "box", "treemap"})  # scatter is always there
_FILE = ("package_data", "plotly.min.js")
_REGISTERED = re.compile(r"\.register\(\[((?:[\w$]+\(\),)+[\w$]+\(\))\]\)")
_EXPORTS = r"[\w$]+\(\([^)]*\)=>\{\"use strict\";[\w$]+\.exports="
_AGAIN = re.compile(_EXPORTS + r"([\w$]+)\(\)\}\)")
_TRACE = re.compile(_EXPORTS + r"\{.{0,2000}?moduleType:\"trace\",name:\"(\w+)\"")


@cache
def packed() -> tuple[str, str]:
    """Return plotly.js compressed as text, and the hash by which a policy lets it run.

    Found without importing plotly.

    Raises:
        ModuleNotFoundError: plotly is not installed.
    """
    found = importlib.util.find_spec("plotly")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("plotly")
    bundle = Path(found.origin).parent.joinpath(*_FILE).read_text(encoding="utf-8")
    content = eager(slim(bundle)).encode()
    return pack(content), source_hash(content)


def slim(bundle: str) -> str:
    """Return the bundle that registers `TRACES` alone, or as it is where they cannot be told apart."""
    registered = _REGISTERED.search(bundle)
    if registered is None:
        return bundle
    calls = registered[1].split(",")
    kept = [call for call in calls if _trace(bundle, call.removesuffix("()")) in TRACES]
    if len(kept) != len(TRACES):
        return bundle
    start, end = registered.span(1)
    return bundle[:start] + ",".join(kept) + bundle[end:]


def _trace(bundle: str, module: str) -> str | None:
    """Return the kind of trace that a module of the bundle exports, through one that exports it again."""
    again = _AGAIN.match(bundle, _definition(bundle, module))
    found = _TRACE.match(bundle, _definition(bundle, again[1] if again else module))
    return found[1] if found else None


def _definition(bundle: str, module: str) -> int:
    start = f"var {module}="
    return bundle.find(start) + len(start)


def eager(bundle: str) -> str:
    """Put the bundle's outer function in parentheses: V8 then parses its 5 MB once instead of twice."""
    before, opening, body = bundle.partition(", () => {\n")
    if not opening or not body.endswith("}));"):
        return bundle
    return before + ", (() => {\n" + body.removesuffix("}));") + "})));"


def pack(content: bytes) -> str:
    """Return bytes as base85 of gzip (RFC 1924's alphabet, a comma for "<"): 6 % less text than base64.

    mtime=0: the same content gives the same text.
    """
    return base64.b85encode(gzip.compress(content, compresslevel=9, mtime=0)).decode("ascii").replace("<", ",")


def source_hash(content: bytes) -> str:
    """Return the source expression of a content security policy that allows exactly this script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode("ascii")
