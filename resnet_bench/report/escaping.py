"""Text of any origin inside Markdown, LaTeX and JSON: shown as it is, never read as markup."""

import html
import re

from resnet_bench.words import plain

_MARKDOWN_SIGNS = re.compile(r"([\\`*_\[\]|~])")
_BEYOND_ASCII = re.compile(r"[^\n -~]+")
_LATEX_SIGNS = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "±": r"$\pm$",
    "▲": r"$\blacktriangle$",
    "▼": r"$\blacktriangledown$",
    "≠": r"$\neq$",
    "…": r"\dots{}",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "·": r"\textperiodcentered{}",
    "“": "``",
    "”": "''",
}


def markdown(text: str) -> str:
    """Return `text` so that Markdown and the HTML inside it show it as it is."""
    return _MARKDOWN_SIGNS.sub(r"\\\1", html.escape(plain(text), quote=False)).replace("@", "&#64;")


def json(text: str) -> str:
    """Return JSON that holds the same and steers no terminal or log: in it such characters stand in strings alone."""
    return _BEYOND_ASCII.sub(lambda found: "".join(map(_escape, found[0])), text.replace("##[", "#\\u0023["))


def _escape(char: str) -> str:
    if plain(char) == char:
        return char
    return "".join(f"\\u{unit:04x}" for unit in memoryview(char.encode("utf-16-le")).cast("H"))


def latex(text: str) -> str:
    """Return `text` so that LaTeX sets it as it is."""
    return "".join(_LATEX_SIGNS.get(sign, sign) for sign in plain(text))
