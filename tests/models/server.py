"""A server on this machine for files that are fetched: as it should be, or stalling, dripping, cutting off, lying."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Served:
    """What is served, how, and what was asked for.

    `then` says what comes after the first `stop_after` bytes of an answer: stall, drip or close.
    """

    content: bytes = b""
    version: str = '"one"'
    stop_after: int | None = None
    then: str = "stall"
    ranges: bool = True
    redirect: str = ""
    status: int = 200
    asked: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    url: str = ""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Served

    def do_GET(self) -> None:
        served = self.served
        served.asked.append(self.headers.get("Range", ""))
        start, whole = self.start(), len(served.content)
        if served.redirect:
            self.head(302, 0, Location=served.redirect)
        elif start and start >= whole:
            self.head(416, 0, **{"Content-Range": f"bytes */{whole}"})
        else:
            span = {"Content-Range": f"bytes {start}-{whole - 1}/{whole}"} if start else {}
            self.head(206 if start else served.status, whole - start, ETag=served.version, **span)
            self.body(served.content[start:])

    def start(self) -> int:
        wanted = self.headers.get("Range", "")
        same = self.headers.get("If-Range", self.served.version) == self.served.version
        return int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.served.ranges and same else 0

    def head(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(length), "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True

    def body(self, content: bytes) -> None:
        served = self.served
        self.wfile.write(content[: served.stop_after])
        self.wfile.flush()
        if served.stop_after is None or served.then == "close":
            return
        if served.then == "stall":
            served.released.wait(60)
        for byte in content[served.stop_after :]:
            if served.released.wait(0.05):
                return
            self.wfile.write(bytes([byte]))

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    handler = type("HandlerOfThis", (Handler,), {"served": served})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        served.released.set()
        server.shutdown()
        server.server_close()
