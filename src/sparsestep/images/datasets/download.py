"""Archives of data sets: found in a folder, else downloaded to it, and checked in either case."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from sparsestep.errors import DataError

FOLDER = "results/data"


@dataclass(frozen=True)
class Archive:
    """A published file: its name, where it is, and the md5 of its bytes."""

    name: str
    url: str
    md5: str


def fetch(archive: Archive, folder: Path, md5: str | None = None) -> Path:
    """Path of the archive in `folder`, downloaded where it is not there yet.

    The network is used only then, in one go; `retrieval.obtain` survives broken connections. A file
    that is there is never replaced. `md5` stands in for the
    published checksum. Raises DataError for another checksum, no network, or a folder that cannot
    be written.
    """
    path = Path(folder) / archive.name
    md5 = md5 or archive.md5
    if not os.path.lexists(path):
        _download(archive, path, md5)
    elif (found := _md5(path)) != md5:
        raise unusable(path, f"has the md5 {found}, expected {md5}")
    return path


def unusable(path: Path, why: str) -> DataError:
    """The error for an archive that is not what it should be, with the way out."""
    return DataError(f"{path}: {why}; delete it, and it will be downloaded again")


def _md5(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None


def _download(archive: Archive, path: Path, md5: str) -> None:
    import pooch

    _make_writable(path.parent)
    try:
        # Into a temporary file beside `path`, which gets its name once its checksum is right.
        pooch.retrieve(
            archive.url,
            known_hash=f"md5:{md5}",
            fname=path.name,
            path=path.parent,
            downloader=pooch.HTTPDownloader(progressbar=True),
        )
    except OSError as error:
        why = _reason(error)
    except ValueError:
        why = "what came has another checksum"
    else:
        return
    raise DataError(
        f"{path}: cannot be downloaded from {archive.url} ({why}); try again, "
        f"or put the file there yourself, md5 {md5}"
    )


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: no folder that can be written: {error.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DataError(f"{folder}: no folder that can be written: no permission")


def _reason(error: OSError) -> str:
    """In a few words; the errors of requests are OSErrors whose texts are long."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return f"HTTP status {status}" if status else error.strerror or type(error).__name__
