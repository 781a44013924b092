"""Pictures from a server on this machine that is slow, endless, silent or misleading."""

import threading
import time

import pytest

from semtok.config.data import Images
from semtok.data import picture_download
from semtok.data.picture import NoPictureError
from semtok.data.picture_download import Downloader
from support.picture_server import picture, serve

LIMITS = {"requests_per_second": 1000.0, "connect_timeout": 0.5, "read_timeout": 0.3, "time_limit": 0.6, "attempts": 2}


@pytest.fixture
def site():
    with serve() as site:
        yield site


def downloader(**changed) -> Downloader:
    return Downloader(Images(**{**LIMITS, "max_bytes": 50_000, **changed}), pause=0)


def failure(address: str, **changed) -> NoPictureError:
    with pytest.raises(NoPictureError) as caught:
        downloader(**changed).fetch(address)
    return caught.value


def test_a_picture_comes_as_it_is_and_redirects_are_followed(site):
    for name in ("red.jpg", "moved"):
        assert downloader().fetch(f"{site.url}/{name}") == picture("red")


@pytest.mark.parametrize(
    ("path", "status", "asked"),
    [
        ("nowhere.jpg", "missing", 1),
        ("forbidden", "refused", 1),
        ("failing", "unreachable", 2),
        ("cut", "truncated", 2),
        ("announced", "too large", 1),
        ("endless", "too large", 1),
        ("silent", "timeout", 2),
        ("drip", "timeout", 2),
        ("drip_headers", "timeout", 2),
        ("circle", "refused", 6),
        ("out", "refused", 1),
    ],
)
def test_every_failure_ends_in_time_and_is_asked_again_only_where_it_may_pass(site, path, status, asked):
    start = time.monotonic()
    error = failure(f"{site.url}/{path}")
    assert (error.status, site.asked[f"/{path}"]) == (status, asked)
    assert time.monotonic() - start < 2 * LIMITS["time_limit"] + 1


def test_a_failure_that_passes_is_forgotten(site):
    assert downloader().fetch(f"{site.url}/second") == picture("green")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("http://127.0.0.1:9/x.jpg", "unreachable"),
        ("http://[::1", "refused"),
        ("http://", "refused"),
        ("http://a..b/x.jpg", "refused"),
        (f"http://{'a' * 80}.invalid/x", "refused"),
        ("http://127.0.0.1:99999/x", "refused"),
    ],
)
def test_an_address_that_leads_nowhere(address, status):
    assert failure(address).status in (status, "unreachable")


def test_a_host_that_only_fails_is_given_up(site, monkeypatch):
    monkeypatch.setattr(picture_download, "GIVE_UP_AFTER", 3)
    some = downloader(attempts=1)
    for number in range(5):
        with pytest.raises(NoPictureError) as caught:
            some.fetch(f"{site.url}/failing?{number}")
    assert "given up" in caught.value.reason
    assert site.asked.total() == 3


def test_an_answer_in_between_keeps_a_host(site, monkeypatch):
    monkeypatch.setattr(picture_download, "GIVE_UP_AFTER", 3)
    some = downloader(attempts=1)
    for name in ("failing", "failing", "nowhere.jpg", "failing", "failing"):
        with pytest.raises(NoPictureError):
            some.fetch(f"{site.url}/{name}")
    assert some.fetch(f"{site.url}/red.jpg") == picture("red")


def test_the_rate_holds_over_all_threads(site):
    some = downloader(requests_per_second=20.0, time_limit=5.0)
    threads = [threading.Thread(target=some.fetch, args=[f"{site.url}/red.jpg"]) for _ in range(7)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - start > 0.29
