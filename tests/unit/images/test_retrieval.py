"""Downloads from servers that break off, stall, refuse, and answer with something else."""

import errno
import hashlib
import http.server
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from sparsestep.errors import DataError
from sparsestep.images.compute import Compute
from sparsestep.images.datasets import retrieval
from sparsestep.images.datasets.download import Archive
from sparsestep.images.datasets.retrieval import bring, obtain

CONTENT = os.urandom(200_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


class Site:
    """A local web server: what it does with one request after the other, the last for ever."""

    def __init__(self, *answers):
        self.answers, self.asked, self.ended = list(answers), [], threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def _handler(self):
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append((self.path, self.headers.get("Range")))
                answer = site.answers.pop(0) if len(site.answers) > 1 else site.answers[0]
                answer(self, site)

            def log_message(self, *arguments):
                pass

        return Handler


def starts_at(request):
    return int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))


def send(request, status, body=b"", length=None, **headers):
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    if length != "none":
        request.send_header("Content-Length", str(len(body) if length is None else length))
    request.end_headers()
    request.wfile.write(body)


def serve(content=CONTENT, share=1.0, with_length=True, with_range=True, stalls=False):
    """Send the rest, or as much of it as makes this share of the whole; then break off or stall."""

    def answer(request, site):
        start = starts_at(request) if with_range else 0
        if start >= len(content) > 0:
            send(request, 416)
            return
        body = content[start : max(int(share * len(content)), start)]
        length = len(content) - start if with_length else "none"
        of = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        send(request, 206 if start else 200, body, length, **of)
        if stalls:
            request.wfile.flush()
            site.ended.wait()

    return answer


def status(code, **headers):
    return lambda request, site: send(request, code, b"<html>no</html>", **headers)


@pytest.fixture
def sites(monkeypatch):
    """Starts local servers; no pause is waited for, but all are noted."""
    pauses, started = [], []
    monkeypatch.setattr(retrieval, "time", SimpleNamespace(sleep=pauses.append))
    monkeypatch.setattr(retrieval, "CHUNK", 1000)
    monkeypatch.setenv("NO_PROXY", "*")

    def start(*answers):
        site = Site(*answers)
        site.pauses = pauses
        thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((site, thread))
        return site

    yield start
    for site, thread in started:
        site.ended.set()
        site.server.shutdown()
        thread.join()
        site.server.server_close()


def archive_of(site, md5=MD5):
    return Archive("a.zip", f"{site.url}/a.zip", md5)


def ranges(site):
    return [asked for _, asked in site.asked]


BROKEN_OFF = {
    "without-a-length": (
        [serve(share=0.5, with_length=False), serve(with_length=False)],
        [None] * 2,
    ),
    "at-30-and-99-percent": ([serve(share=0.3), serve(share=0.99), serve()], [None, 60000, 198000]),
    "at-99-percent-without-ranges": (
        [serve(share=0.99), serve(with_range=False)],
        [None, 198000],
    ),
    "another-file-before": (
        [serve(os.urandom(150_000), 0.5), serve(), serve()],
        [None, 75000, None],
    ),
    "a-longer-file-before": (
        [serve(os.urandom(500_000), 0.9), serve(), serve()],
        [None, 450000, None],
    ),
}


@pytest.mark.parametrize(("answers", "asked"), BROKEN_OFF.values(), ids=BROKEN_OFF)
def test_it_goes_on_where_it_broke_off(sites, tmp_path, answers, asked):
    site = sites(*answers)
    path = obtain(archive_of(site), tmp_path / "new")
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["a.zip"]
    assert ranges(site) == [start and f"bytes={start}-" for start in asked]
    # It is there now, and nobody is asked.
    assert obtain(archive_of(site), path.parent) == path
    assert len(site.asked) == len(asked)


def test_a_stall(sites, tmp_path, monkeypatch):
    monkeypatch.setattr(retrieval, "TIMEOUT", 0.5)
    site = sites(serve(share=0.5, stalls=True), serve())
    assert obtain(archive_of(site), tmp_path).read_bytes() == CONTENT
    assert ranges(site)[:2] == [None, "bytes=100000-"]


def test_a_server_that_asks_to_wait(sites, tmp_path, capfd):
    for code in (429, 503):
        site = sites(status(code, Retry_After="7"), status(code, Retry_After="4000"), serve())
        assert obtain(archive_of(site), tmp_path / str(code)).read_bytes() == CONTENT
        assert site.pauses == [7.0, retrieval.LONGEST_PAUSE]
        said = capfd.readouterr().err
        assert f"downloads {tmp_path / str(code) / 'a.zip'} from {site.url}/a.zip" in said
        assert f"HTTP status {code}; again in 7 s" in said
        site.pauses.clear()


def test_tries_end(sites, tmp_path):
    site = sites(status(503))
    with pytest.raises(DataError) as caught:
        obtain(archive_of(site), tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / 'a.zip'}: cannot be downloaded from {site.url}/a.zip (HTTP status 503); try "
        f"again, name a mirror in compute.mirrors, or put the file there yourself, md5 {MD5}"
    )
    assert len(site.asked) == retrieval.TRIES
    assert site.pauses == [1, 2, 4, 8]
    assert list(tmp_path.iterdir()) == []


def test_a_connection_that_always_breaks_is_kept_for_the_next_command(sites, tmp_path):
    site = sites(serve(share=0.99))
    with pytest.raises(
        DataError, match=r"\(the connection broke at 99 %\); what came is kept, the"
    ):
        obtain(archive_of(site), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".a.zip.part"]
    site.answers[:] = [serve()]
    site.asked.clear()
    assert obtain(archive_of(site), tmp_path).read_bytes() == CONTENT
    assert ranges(site) == ["bytes=198000-"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_tries_that_bring_something_do_not_count(sites, tmp_path):
    steps = [serve(share=share / 20) for share in range(1, 20)]
    site = sites(*steps, serve())
    assert obtain(archive_of(site), tmp_path).read_bytes() == CONTENT
    assert len(site.asked) == 20


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (status(404), "HTTP status 404"),
        (status(403), "HTTP status 403"),
        (status(200), "what came has another checksum"),
        (serve(b""), "what came has another checksum"),
        (serve(CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])), "what came has another checksum"),
        (status(302, Location="/a.zip"), "TooManyRedirects"),
    ],
)
def test_a_source_without_the_file_is_not_asked_again(sites, tmp_path, answer, why):
    bad, good = sites(answer), sites(serve())
    with pytest.raises(DataError) as caught:
        obtain(archive_of(bad), tmp_path)
    assert f"({why}); try again" in str(caught.value)
    assert bad.pauses == []
    assert list(tmp_path.iterdir()) == []
    # A mirror that is no mirror, and one that is.
    for mirrors, publisher in (([f"{bad.url}/x/"], good), ([f"{good.url}/x"], bad)):
        folder = tmp_path / str(len(good.asked))
        assert obtain(archive_of(publisher), folder, mirrors).read_bytes() == CONTENT
    assert [path for path, _ in good.asked] == ["/a.zip", "/x/a.zip"]


def test_a_mirror_goes_on_with_what_another_source_began(sites, tmp_path):
    first, second = sites(serve(share=0.5), status(503)), sites(serve())
    obtain(archive_of(second), tmp_path, [first.url])
    assert ranges(second) == ["bytes=100000-"]


def test_nobody_there(sites, tmp_path):
    site = Site(serve())
    site.server.server_close()
    sites(serve())
    with pytest.raises(DataError, match=r"\(no connection\); try again"):
        obtain(archive_of(site), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(sites, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"a\.zip: cannot be written: No space left on device$"):
        obtain(archive_of(sites(serve())), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_two_at_a_time(sites, tmp_path):
    site = sites(serve())
    with (
        retrieval._locked(tmp_path / ".a.zip.part"),
        pytest.raises(DataError, match="another process downloads it"),
    ):
        obtain(archive_of(site), tmp_path)
    assert obtain(archive_of(site), tmp_path).read_bytes() == CONTENT


def test_where_the_stage_looks(monkeypatch, tmp_path):
    found = []
    monkeypatch.setattr(retrieval, "obtain", lambda *arguments: found.append(arguments))
    mirrors = ["https://mirror.example/data"]
    bring("digits", Compute())
    bring("cifar10", Compute(data_dir=str(tmp_path / "mistyped")))
    assert found == []
    bring("cifar10", Compute(data_dir=str(tmp_path), mirrors=mirrors))
    ((archive, folder, asked),) = found
    assert (archive.name, folder, asked) == ("cifar-10-binary.tar.gz", tmp_path, mirrors)
    # Without a folder of the user's, that which the download makes.
    monkeypatch.chdir(tmp_path)
    bring("cifar10", Compute())
    assert found[-1][1] == Path("results/data")
