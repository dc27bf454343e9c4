"""Archives of data sets over connections that break: resumed, tried again, from several sources.

The workflow brings archives with this before its first job, and the stage's `download.fetch` finds
them in their folder. That one downloads in one go, where no workflow does it before, and stays as
it is: with another `fetch` every data set would have other code, and all networks on images would
be trained again.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sparsestep import registry
from sparsestep.errors import DataError
from sparsestep.images.compute import Compute
from sparsestep.images.datasets.download import FOLDER, Archive

if TYPE_CHECKING:
    import requests

# Tries in a row that bring nothing new, and tries in all.
TRIES, TRIES_IN_ALL = 5, 100
# Seconds: to wait for a byte; the first pause between two tries, which doubles; the longest pause,
# also where a server asks for more; all pauses together.
TIMEOUT, PAUSE, LONGEST_PAUSE, ALL_PAUSES = 30.0, 1.0, 60.0, 300.0
# Bytes that are read at once; so many may be lost where a connection breaks.
CHUNK = 2**13
_AGAIN = (408, 425, 429, 500, 502, 503, 504)


def bring(dataset: str, compute: Compute) -> None:
    """Put the archives of a data set where the stage `prepare` looks for them, if it has any.

    Raises DataError as `obtain` does. A `data_dir` that is not there is the stage's to refuse.
    """
    module = registry.load("dataset", dataset)
    folder = Path(compute.data_dir or FOLDER).expanduser()
    if module.ARCHIVE is None or (compute.data_dir is not None and not folder.is_dir()):
        return
    for archive in (module.ARCHIVE, *getattr(module, "FURTHER", ())):
        obtain(archive, folder, compute.mirrors)


def obtain(archive: Archive, folder: Path, mirrors: Sequence[str] = ()) -> Path:
    """Path of the archive in `folder`, downloaded where it is not there yet.

    `mirrors` are addresses of folders that hold it too, asked before the publisher's. What came
    before a connection broke is kept beside it, also when this process ends, and a next try goes on
    from there where the server can. The file gets its name when its checksum is right. Raises
    DataError in one line when it cannot be had.
    """
    path = Path(folder) / archive.name
    if os.path.lexists(path):
        return path
    urls = [*(f"{mirror.rstrip('/')}/{archive.name}" for mirror in mirrors), archive.url]
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(part) as file:
            print(f"sparsestep: downloads {path} from {urls[0]}", file=sys.stderr, flush=True)
            _Download(path, file, archive.md5, urls).run()
            os.fsync(file)
            os.replace(part, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            part.unlink(missing_ok=True)
        raise DataError(f"{path}: cannot be written: {error.strerror}") from None
    return path


@contextlib.contextmanager
def _locked(part: Path) -> Iterator[IO[bytes]]:
    """The file for what came so far; raises DataError while another process has it."""
    with open(part, "a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"{part}: another process downloads it; wait for that one") from None
        except OSError:
            # A file system without locks.
            pass
        try:
            yield file
        finally:
            if os.fstat(file.fileno()).st_size == 0:
                part.unlink(missing_ok=True)


class _BrokenError(Exception):
    """A try failed, and another one may not: why, and how long the server asks to wait."""

    def __init__(self, why: str, pause: float = 0.0):
        super().__init__(why)
        self.pause = pause


class _UselessError(Exception):
    """This source does not have the file."""


class _Download:
    """Tries, in turn from each source that is left, until the checksum is right."""

    def __init__(self, path: Path, file: IO[bytes], md5: str, urls: list[str]):
        self.path, self.file, self.md5, self.urls = path, file, md5, urls
        self.size = os.fstat(file.fileno()).st_size
        # How long the file is, as far as the last answer said.
        self.expected: int | None = None

    def run(self) -> None:
        """Return when the file is whole; raise DataError, which names what went wrong last."""
        urls, in_vain, paused, why = list(self.urls), 0, 0.0, ""
        for count in range(TRIES_IN_ALL):
            url, before = urls[count % len(urls)], self.size
            try:
                self._try(url)
                return
            except _UselessError as error:
                why = str(error)
                urls.remove(url)
                if not urls:
                    break
                continue
            except _BrokenError as error:
                why = str(error)
                in_vain = 0 if self.size > before else in_vain + 1
                pause = min(max(PAUSE * 2 ** max(in_vain - 1, 0), error.pause), LONGEST_PAUSE)
            if in_vain == TRIES or paused + pause > ALL_PAUSES:
                break
            print(f"sparsestep: {url}: {why}; again in {pause:g} s", file=sys.stderr, flush=True)
            time.sleep(pause)
            paused += pause
        kept = "; what came is kept, the same command goes on from there" if self.size else ""
        raise DataError(
            f"{self.path}: cannot be downloaded from {' or '.join(self.urls)} ({why}){kept}; try "
            "again, name a mirror in compute.mirrors, or put the file there yourself, md5 "
            f"{self.md5}"
        )

    def _try(self, url: str) -> None:
        import requests

        resumed = self.size > 0
        # The bytes as they lie there: parts of a compressed answer could not be joined.
        headers = {"Accept-Encoding": "identity"}
        if resumed:
            headers["Range"] = f"bytes={self.size}-"
        try:
            with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
                self._receive(response)
        except (requests.TooManyRedirects, requests.exceptions.InvalidURL) as error:
            raise _UselessError(type(error).__name__) from None
        except requests.RequestException as error:
            raise _BrokenError(self._what_broke(error)) from None
        if self._md5() != self.md5:
            why = "what came has another checksum"
            # The file may have changed between the parts; without a length it may be cut off.
            again = resumed or self.expected is None
            self._start_anew()
            raise _BrokenError(why) if again else _UselessError(why)

    def _receive(self, response: "requests.Response") -> None:
        status = response.status_code
        if status == 416:
            # Nothing lies behind what there is: whole, or another file's.
            return
        if status in _AGAIN:
            raise _BrokenError(f"HTTP status {status}", _asked_pause(response))
        if status not in (200, 206):
            raise _UselessError(f"HTTP status {status}")
        begins = f"bytes {self.size}-"
        if status == 200 or not response.headers.get("Content-Range", "").startswith(begins):
            self._start_anew()
            if status == 206:
                raise _BrokenError("another part came than was asked for")
        length = response.headers.get("Content-Length", "")
        self.expected = self.size + int(length) if length.isdigit() else None
        with _progress(self.path.name, self.size, self.expected) as advance:
            for chunk in response.iter_content(CHUNK):
                self.file.write(chunk)
                self.file.flush()
                self.size += len(chunk)
                advance(len(chunk))
        if self.expected is not None and self.size < self.expected:
            raise _BrokenError(self._at("the connection broke"))

    def _what_broke(self, error: "requests.RequestException") -> str:
        import requests

        if isinstance(error, requests.ConnectTimeout):
            return "the server does not answer"
        if isinstance(error, requests.Timeout) or "timed out" in str(error):
            return self._at(f"nothing came for {TIMEOUT:g} s")
        if isinstance(error, requests.exceptions.SSLError):
            return "no secure connection"
        if isinstance(error, requests.exceptions.ChunkedEncodingError):
            return self._at("the connection broke")
        return self._at("no connection") if self.size == 0 else self._at("the connection broke")

    def _at(self, what: str) -> str:
        if self.size and self.expected:
            return f"{what} at {int(100 * self.size / self.expected)} %"
        return f"{what} after {self.size / 1e6:.1f} MB" if self.size else what

    def _start_anew(self) -> None:
        self.file.truncate(0)
        self.size, self.expected = 0, None

    def _md5(self) -> str:
        self.file.flush()
        self.file.seek(0)
        found = hashlib.file_digest(self.file, "md5").hexdigest()
        self.file.seek(0, os.SEEK_END)
        return found


def _asked_pause(response: "requests.Response") -> float:
    """Seconds that a server asks to wait; 0 where it does not, or names a date."""
    asked = response.headers.get("Retry-After", "").strip()
    return float(asked) if asked.isdigit() else 0.0


@contextlib.contextmanager
def _progress(name: str, start: int, total: int | None):
    from tqdm import tqdm

    # On a screen alone.
    with tqdm(
        desc=name, initial=start, total=total, unit="B", unit_scale=True, disable=None
    ) as bar:
        yield bar.update
