"""A server of pictures on this machine, which misbehaves as its paths say."""

import http.server
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import BytesIO
from typing import Any

from PIL import Image


def picture(colour: str = "red", size: tuple[int, int] = (20, 10), kind: str = "JPEG") -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


class Site:
    """What was asked for, and the pictures that lie at each path."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.pictures = {"/red.jpg": picture("red"), "/blue.jpg": picture("blue"), "/wide.jpg": picture(size=(300, 2))}
        self.url = ""
        self.closing = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, site: Site, *args: Any) -> None:
        self.site = site
        super().__init__(*args)

    def do_GET(self) -> None:
        self.site.asked[self.path] += 1
        with suppress(ConnectionError):
            getattr(self, "at" + re.split(r"[.?]", self.path)[0].replace("/", "_"), self.at_picture)()

    def answer(self, body: bytes, status: int = 200, announce: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if announce is None else announce))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def at_picture(self) -> None:
        content = self.site.pictures.get(self.path)
        if content is None:
            self.answer(b"<html>", 404)
        else:
            self.answer(content)

    def at_cut(self) -> None:
        self.answer(picture()[:200], announce=len(picture()))

    def at_half(self) -> None:
        self.answer(picture()[:400])

    def at_page(self) -> None:
        self.answer(b"<html>no picture</html>")

    def at_failing(self) -> None:
        self.answer(b"", 503)

    def at_forbidden(self) -> None:
        self.answer(b"", 403)

    def at_second(self) -> None:
        if self.site.asked[self.path] == 1:
            self.answer(b"", 503)
        else:
            self.answer(picture("green"))

    def at_announced(self) -> None:
        self.answer(b"", announce=10**12)

    def at_endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.site.closing.is_set():
            self.wfile.write(b"x" * 10_000)

    def at_silent(self) -> None:
        self.site.closing.wait(30)

    def at_drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "10000")
        self.end_headers()
        while not self.site.closing.is_set():
            self.wfile.write(b"x")
            time.sleep(0.02)

    def at_drip_headers(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Long: ")
        while not self.site.closing.is_set():
            self.wfile.write(b"x")
            time.sleep(0.02)

    def at_moved(self) -> None:
        self.answer(b"", 302, Location="/red.jpg")

    def at_circle(self) -> None:
        self.answer(b"", 302, Location="/circle")

    def at_out(self) -> None:
        self.answer(b"", 302, Location="file:///etc/passwd")

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serve() -> Iterator[Site]:
    site = Site()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, site))
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
