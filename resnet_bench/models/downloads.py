"""Weights from the web, in torch's cache: a stalled server ends after its time, and what came is kept to go on from."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlparse

import torch
from filelock import FileLock
from rich.console import Console
from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

from resnet_bench import __version__, units
from resnet_bench.errors import ModelError, in_words
from resnet_bench.models.weights_file import expected_hash
from resnet_bench.storage import files, reading

STALLED_S = 30.0
SLOW_WINDOW_S = 60.0
_SLOW_BYTES = 60_000  # in that window: a server that drips has stalled too
_CHUNK_BYTES = 2**18
_MOST_BYTES, _LONGEST_VERSION = 2**36, 2**12
_OK, _PARTIAL, _NOT_SATISFIABLE = 200, 206, 416


def fetch(url: str) -> Path:
    """Return the file of torch's cache that holds what `url` names, fetched where it is not there yet.

    Raises:
        ModelError: it cannot be had; what was received is kept, and the next call goes on from there.
    """
    try:
        target = _place(url)
    except ValueError as error:
        raise ModelError(f"weights {url} cannot be fetched: {in_words(error)}.") from error
    part = target.with_name(f"{target.name}.part")
    try:
        if target.is_file():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{part}.lock"):  # one process fetches, others wait for it
            if not target.is_file():
                _receive(url, part)
                part.replace(target)
                part.with_name(f"{part.name}.version").unlink(missing_ok=True)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ModelError(f"weights {url} cannot be fetched: {_reason(error)}{_kept(part)}.") from error
    return target


def _place(url: str) -> Path:
    """Return where a URL's file is kept: torch's own place by a name that holds a hash, else one for this URL alone."""
    name = files.name_of(unquote(Path(urlparse(url).path).name) or "weights")
    checkpoints = Path(torch.hub.get_dir()) / "checkpoints"
    return checkpoints / name if expected_hash(name) else checkpoints / sha256(url.encode()).hexdigest()[:16] / name


class _Response(NamedTuple):
    """An open answer: where in the file it begins; how long the whole is, and of which version, where that is said."""

    stream: http.client.HTTPResponse
    start: int
    whole: int | None
    version: str


def _receive(url: str, part: Path) -> None:
    """Append to `part` what is missing of it."""
    have = part.stat().st_size if part.exists() else 0
    tag = part.with_name(f"{part.name}.version")
    with _asked(url, have, _version(tag)) as response:
        if response is None:  # there is nothing after what we have
            return
        tag.unlink(missing_ok=True)  # whatever it is
        tag.write_text(response.version)
        with part.open("r+b" if part.exists() else "wb") as file:
            file.truncate(response.start)
            file.seek(response.start)
            for chunk in _chunks(response):
                file.write(chunk)
            received = file.tell()
    if response.whole is not None and received < response.whole:
        raise OSError(f"the connection ended after {received:,} of {response.whole:,} bytes")


def _version(tag: Path) -> str:
    """Return what the server called the version of the part that is there; "" where that cannot be read."""
    try:
        return reading.content(tag, at_most=_LONGEST_VERSION).decode()
    except (OSError, ValueError):
        return ""


@contextmanager
def _asked(url: str, have: int, version: str) -> Iterator[_Response | None]:
    """Ask for what follows the first `have` bytes, or for all of it where the file is of another version now."""
    headers = {"User-Agent": f"resnet-bench/{__version__}"} | ({"Range": f"bytes={have}-"} if have else {})
    headers |= {"If-Range": version} if have and version else {}
    try:
        stream = _opener().open(urllib.request.Request(url, headers=headers), timeout=STALLED_S)  # noqa: S310 - http and https alone
    except urllib.error.HTTPError as error:
        whole = _number(error.headers.get("Content-Range", "").rpartition("/")[2])
        if error.code != _NOT_SATISFIABLE or not have:
            raise
        if whole == have:
            yield None
            return
        with _asked(url, 0, "") as again:
            yield again
        return
    with stream:
        length = _number(stream.headers.get("Content-Length"))
        unit, _, span = stream.headers.get("Content-Range", "").partition(" ")
        resumed = stream.status == _PARTIAL and unit == "bytes" and span.startswith(f"{have}-")
        start = have if resumed else 0
        if stream.status != (_PARTIAL if resumed else _OK):
            raise OSError(f"the server answered {stream.status} {stream.reason}")
        version = stream.headers.get("ETag") or stream.headers.get("Last-Modified") or ""
        yield _Response(stream, start, None if length is None else start + length, version)


def _opener() -> urllib.request.OpenerDirector:
    """Return what opens http and https, and follows redirections to nothing else."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _chunks(response: _Response) -> Iterator[bytes]:
    """Yield what comes, and show how far it is; a server that all but stops ends it."""
    columns = (*Progress.get_default_columns(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("weights", total=response.whole, completed=response.start)
        began, in_window, total = time.monotonic(), 0, response.start
        while chunk := response.stream.read1(_CHUNK_BYTES):
            yield chunk
            progress.advance(task, len(chunk))
            in_window, total = in_window + len(chunk), total + len(chunk)
            if total > _MOST_BYTES:
                raise OSError(f"it is longer than {units.byte_size(_MOST_BYTES)}")
            if time.monotonic() - began > SLOW_WINDOW_S:
                if in_window < _SLOW_BYTES:
                    raise TimeoutError
                began, in_window = time.monotonic(), 0


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) and isinstance(error.reason, OSError) else error
    if isinstance(cause, TimeoutError):
        return f"the server sent nothing, or next to nothing, for {STALLED_S:g} s"
    if isinstance(cause, urllib.error.HTTPError):
        return f"the server answered {cause.code} {cause.reason}"
    return getattr(cause, "strerror", None) or in_words(cause).removeprefix("OSError: ")


def _kept(part: Path) -> str:
    try:
        size = part.stat().st_size
    except OSError:
        return ""
    return f"; {size:,} bytes are kept in {part}, the same command goes on from there" if size else ""
