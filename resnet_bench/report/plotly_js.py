"""The part of plotly.js that a page draws with, compressed into it: its core and four kinds of trace.

`plotly_bundle/` makes it from the npm package (`make plotly-bundle`), the same bytes each time, and the result is kept
here, so that nobody who installs this needs Node. Its version is the one that the Python package plotly speaks.
"""

import base64
import gzip
import hashlib
import re
from functools import cache
from importlib import resources

TRACES = frozenset({"bar", "box", "treemap"})  # scatter is always there
_FOLDER = "resnet_bench.report.templates"
_FILE = "plotly.min.js"
_VERSION = re.compile(r"plotly\.js v([0-9.]+)")


@cache
def packed() -> tuple[str, str]:
    """Return plotly.js compressed as text, and the hash by which a policy lets it run."""
    content = source()
    return pack(content), source_hash(content)


def source() -> bytes:
    """Return the script itself, its licence above it."""
    return resources.files(_FOLDER).joinpath(_FILE).read_bytes()


def version() -> str:
    """Return which version of plotly.js it is, as its first lines say."""
    found = _VERSION.search(source()[:400].decode())
    return found[1] if found else ""


def pack(content: bytes) -> str:
    """Return bytes as base85 of gzip (RFC 1924's alphabet, a comma for "<"): 6 % less text than base64.

    mtime=0: the same content gives the same text.
    """
    return base64.b85encode(gzip.compress(content, compresslevel=9, mtime=0)).decode("ascii").replace("<", ",")


def source_hash(content: bytes) -> str:
    """Return the source expression of a content security policy that allows exactly this script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode("ascii")
