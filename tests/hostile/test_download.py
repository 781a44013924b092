"""A server that wants to fill the disk, and a file of checksums that holds something else."""

import http.server
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from semtok.data.download import check_checksum, download
from semtok.errors import DataError


class Endless(http.server.BaseHTTPRequestHandler):
    """Sends zeros until the other side hangs up; its headers say what the path says."""

    def do_GET(self):
        self.send_response(200)
        claimed = {"/announced": str(10**15), "/odd": "1e3", "/many": "9" * 5000}.get(self.path)
        if claimed:
            self.send_header("Content-Length", claimed)
        self.send_header("ETag", '"a\x07b"')
        self.end_headers()
        with suppress(OSError):
            for _ in range(2000):
                self.wfile.write(bytes(1 << 16))

    def log_message(self, *arguments):
        pass


@contextmanager
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{serving.server_port}"
        finally:
            serving.shutdown()
            thread.join()


@pytest.mark.parametrize("path", ["/silent", "/announced", "/odd", "/many"])
def test_an_endless_file_is_refused_and_removed(path, tmp_path):
    with server() as url, pytest.raises(DataError, match="bytes") as caught:
        download(f"{url}{path}", tmp_path / "x.gz", tmp_path / "sums.yaml", max_bytes=3 << 20, attempts=1, pause=0)
    assert f"{url}{path}" in str(caught.value)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 100


@pytest.mark.parametrize(
    "content", ["- 1", "a: 1", "a: {bytes: 1}", "a: !!python/object/apply:os.getcwd []", "[" * 2000, "a: [", "\x00"]
)
def test_checksums_of_another_form_are_refused(content, tmp_path):
    sums = tmp_path / "sums.yaml"
    sums.write_text(content)
    Path(tmp_path / "x").touch()
    with pytest.raises(DataError, match=r"sums.yaml: "):
        check_checksum(tmp_path / "x", "http://host/x", sums)
    assert sums.read_text() == content
