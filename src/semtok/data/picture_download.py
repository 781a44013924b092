"""Pictures by http and https, one at a time, within limits that no server can stretch."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ReadTimeoutError

from semtok.config.data import Images
from semtok.data.picture import (
    BROKEN,
    MISSING,
    REFUSED,
    TIMEOUT,
    TOO_LARGE,
    TRUNCATED,
    UNREACHABLE,
    NoPictureError,
)

log = logging.getLogger(__name__)

SCHEMES = ("http", "https")
MAX_REDIRECTS = 5
GIVE_UP_AFTER = 20
"""Pictures in a row that a host fails to give before it is asked no more."""
CHUNK_BYTES = 1 << 14
HEADERS = {
    "User-Agent": "semtok (reproduction of papers on recommendation)",
    "Accept": "image/*",
    "Accept-Encoding": "identity",
}
MAY_PASS = (UNREACHABLE, TIMEOUT, TRUNCATED)
"""Failures after which another attempt makes sense."""
STATUSES: dict[type[Exception], str] = {
    TimeoutError: TIMEOUT,
    requests.Timeout: TIMEOUT,
    requests.exceptions.ChunkedEncodingError: TRUNCATED,
    requests.exceptions.ContentDecodingError: BROKEN,
    requests.ConnectionError: UNREACHABLE,
}
"""What failures mean; the first that fits counts. What is left is an address that no connection can be made of."""


class Downloader:
    """Fetches pictures for several threads at once."""

    def __init__(self, limits: Images, pause: float = 1.0) -> None:
        """`pause`: seconds before the second attempt at a picture; doubled before each further one."""
        self.limits, self.pause = limits, pause
        self.session = requests.Session()
        self.session.headers.update(HEADERS)
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in SCHEMES:
            self.session.mount(f"{scheme}://", HTTPAdapter(pool_maxsize=limits.connections))
        self._lock = threading.Lock()
        self._next_start = 0.0
        self._failures: Counter[str] = Counter()

    def fetch(self, address: str) -> bytes:
        """The bytes behind an address. Raises NoPictureError if they cannot be had."""
        try:
            host = urlsplit(address).netloc
        except ValueError as error:
            raise _failure(error) from error
        for attempt in range(self.limits.attempts):
            if self._failures[host] >= GIVE_UP_AFTER:
                raise NoPictureError(UNREACHABLE, f"{host} was given up after {GIVE_UP_AFTER} failures in a row")
            if attempt:
                time.sleep(self.pause * 2 ** (attempt - 1))
            self._wait_for_turn()
            try:
                content = _within(self.limits.time_limit, partial(self._get, address))
            except (OSError, ValueError, NoPictureError) as error:
                failure = error if isinstance(error, NoPictureError) else _failure(error)
                if failure.status not in MAY_PASS:
                    break
            else:
                self._count(host, failed=False)
                return content
        self._count(host, failed=failure.status in MAY_PASS)
        raise failure

    def _get(self, address: str) -> bytes:
        deadline = time.monotonic() + self.limits.time_limit
        timeout = (self.limits.connect_timeout, self.limits.read_timeout)
        for _ in range(MAX_REDIRECTS + 1):
            # Redirects are followed here, since requests would read the whole body of each.
            with self.session.get(address, stream=True, timeout=timeout, allow_redirects=False) as response:
                if not response.is_redirect:
                    _check_status(response)
                    return self._body(response, deadline)
                address = urljoin(address, response.headers["Location"])
            if urlsplit(address).scheme not in SCHEMES:
                raise NoPictureError(REFUSED, f"redirected to {address}")
        raise NoPictureError(REFUSED, f"more than {MAX_REDIRECTS} redirects")

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        announced = response.headers.get("Content-Length", "")
        expected = int(announced) if announced.isdecimal() and len(announced) < 20 else 0
        too_large = NoPictureError(TOO_LARGE, f"more than {self.limits.max_bytes} bytes")
        if expected > self.limits.max_bytes:
            raise too_large
        content = bytearray()
        # A body shorter than announced is an error of urllib3's.
        for piece in response.iter_content(CHUNK_BYTES):
            content += piece
            if len(content) > self.limits.max_bytes:
                raise too_large
            if time.monotonic() > deadline:
                raise TimeoutError
        return bytes(content)

    def _wait_for_turn(self) -> None:
        with self._lock:
            start = max(time.monotonic(), self._next_start)
            self._next_start = start + 1 / self.limits.requests_per_second
        time.sleep(max(0.0, start - time.monotonic()))

    def _count(self, host: str, failed: bool) -> None:
        with self._lock:
            self._failures[host] = self._failures[host] + 1 if failed else 0
            if self._failures[host] == GIVE_UP_AFTER:
                log.warning("%s fails to answer and is asked no more; run the job again for its pictures", host)


def _failure(error: Exception) -> NoPictureError:
    # A read that takes too long is a ConnectionError to requests.
    status = TIMEOUT if any(isinstance(cause, ReadTimeoutError) for cause in error.args) else None
    status = status or next((found for kind, found in STATUSES.items() if isinstance(error, kind)), REFUSED)
    return NoPictureError(status, f"{type(error).__name__}: {error}")


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status == requests.codes.ok:
        return
    kind = REFUSED
    if status in (404, 410):
        kind = MISSING
    elif status >= 500 or status in (408, 425, 429):
        kind = UNREACHABLE
    raise NoPictureError(kind, f"the server answers {status} {response.reason}")


def _within(seconds: float, function: Callable[[], bytes]) -> bytes:
    """The function's result, or TimeoutError.

    Timeouts of sockets begin anew with every byte, and looking up a name has none. So the function gets a thread of its
    own, which is left behind if it does not come back; it holds no more than one picture and writes nothing.
    """
    future: Future[bytes] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return future.result(timeout=seconds)
    except TimeoutError as error:
        raise TimeoutError(f"not done after {seconds} s") from error
