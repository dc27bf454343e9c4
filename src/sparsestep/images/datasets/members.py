"""Members of tar.gz and zip archives, read into memory one at a time; nothing is unpacked to disk.

A member that could leave its folder, that is larger than it can be, or that is there twice is
refused, although the checksum of the archive should leave none.
"""

import contextlib
import gzip
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from sparsestep.images.datasets.download import unusable

# For headers, and for small members that nobody asks for.
_OTHERS = 2**24
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,  # encrypted, or headers nested too deep
    ValueError,  # a header with something else where a number belongs
)


def read_tar(path: Path, largest: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the members named in `largest`, in the archive's order.

    `largest` maps their names to the number of bytes that they can have. Raises DataError when
    the archive is damaged, lacks one of them, or is larger in all than these can be.
    """
    missing = set(largest)
    limit = sum(largest.values()) + _OTHERS
    # A stream: members come in the order in which they lie, and no more is decompressed.
    with (
        _readable(path),
        gzip.open(path) as plain,
        tarfile.open(fileobj=_Limited(plain, limit, path), mode="r|") as archive,
    ):
        for member in archive:
            _check_name(path, member.name)
            if member.name not in largest:
                continue
            if member.name not in missing:
                raise unusable(path, f"holds {member.name} twice")
            if not member.isreg():
                raise unusable(path, f"{member.name} is not a plain file")
            _check_size(path, member.name, member.size, largest[member.name])
            missing.remove(member.name)
            yield member.name, archive.extractfile(member).read()
    if missing:
        raise unusable(path, f"lacks {', '.join(sorted(missing))}")


@contextlib.contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, after the names of all members are checked."""
    with _readable(path):
        archive = zipfile.ZipFile(path)
    with archive:
        seen = set()
        for name in archive.namelist():
            _check_name(path, name)
            if name in seen:
                raise unusable(path, f"holds {name} twice")
            seen.add(name)
        yield archive


def read_zip(path: Path, archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """Content of a member of at most `largest` bytes; DataError when it is missing or damaged."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise unusable(path, f"lacks {name}") from None
    _check_size(path, name, info.file_size, largest)
    with _readable(path):
        return archive.read(info)


class _Limited:
    """Raises instead of reading more than `limit` bytes in all: small files can inflate to any."""

    def __init__(self, file: IO[bytes], limit: int, path: Path):
        self._file, self._left, self._path = file, limit, path

    def read(self, count: int) -> bytes:
        content = self._file.read(count)
        self._left -= len(content)
        if self._left < 0:
            raise unusable(self._path, "inflates to more than it can hold")
        return content


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise unusable(path, f"truncated or damaged ({type(error).__name__})") from None


def _check_name(path: Path, name: str) -> None:
    parts = re.split(r"[/\\]", name)
    if not parts[0] or ".." in parts or ":" in parts[0]:
        raise unusable(path, f"the path of member {name!r} leaves its folder")


def _check_size(path: Path, name: str, size: int, largest: int) -> None:
    if size > largest:
        raise unusable(path, f"{name} has {size} bytes, more than {largest}")
