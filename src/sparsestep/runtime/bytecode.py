"""Bytecode of the package, checked before anything of it is imported.

Python writes bytecode while it imports, and where the disk fills up meanwhile it may leave a part
of a file, over which every later command falls (`EOFError: marshal data too short`); a byte that
changed on disk may also run. So the Snakemake that a user starts compiles the package as a whole,
keeps checksums of what was written, and makes anew what does not agree with them: jobs find all
bytecode there, and write none.

`workflow/rules/config.smk` runs this module from its text. It imports nothing of the package.
"""

import contextlib
import errno
import hashlib
import importlib.util
import json
import marshal
import os
import sys
from pathlib import Path

_HEADER = 16
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def check(package: Path) -> str | None:
    """Make the bytecode of all modules in `package` sound; what must be done by hand, or None.

    Where it cannot be written, because the sources are another user's or the disk is full, what is
    damaged is deleted at least, and Python compiles the module whenever it is imported.
    """
    record = Path(_place(package / "__init__.py")).with_name(
        f"checked.{sys.implementation.cache_tag}{sys.flags.optimize or ''}.json"
    )
    known, checked = _known(record), {}
    able = not sys.dont_write_bytecode
    for source in sorted(package.rglob("*.py")):
        name, place = str(source.relative_to(package)), Path(_place(source))
        header, content = _header(source), _content(place)
        if content[:_HEADER] == header and _checksum(content) == known.get(name):
            checked[name] = known[name]
            continue
        if able and (made := _compiled(source, header)):
            able = _write(place, made)
            if able:
                checked[name] = _checksum(made)
                continue
        if content and (message := _delete(place, content, header)):
            return message
    if able and checked != known:
        _write(record, json.dumps(checked).encode())
    return None


def _place(source: Path) -> str:
    return importlib.util.cache_from_source(str(source))


def _known(record: Path) -> dict[str, str]:
    """Checksums by module; empty where they cannot be read, so that all bytecode is made anew."""
    try:
        known = json.loads(_content(record))
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _content(path: Path) -> bytes:
    """What the file holds; nothing where there is none, or none that can be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _header(source: Path) -> bytes:
    """What Python puts in front of bytecode and compares with the source."""
    status = source.stat()
    fields = (0, int(status.st_mtime), status.st_size)
    words = (int.to_bytes(field & 0xFFFFFFFF, 4, "little") for field in fields)
    return b"".join((importlib.util.MAGIC_NUMBER, *words))


def _compiled(source: Path, header: bytes) -> bytes | None:
    """A file of bytecode; None for a module with a mistake, which importing it will tell."""
    try:
        code = compile(source.read_bytes(), str(source), "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    return header + marshal.dumps(code)


def _write(path: Path, content: bytes) -> bool:
    """Whether it could be written as a whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:
        if error.errno in _FULL:
            # Neither here nor in the jobs does Python try what it would not do as a whole.
            sys.dont_write_bytecode = True
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        return False
    return True


def _delete(path: Path, content: bytes, header: bytes) -> str | None:
    """A line about bytecode that is damaged and stays, or None."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        if content[:_HEADER] == header and not _is_readable(content):
            return f"{path}: damaged, and cannot be replaced ({error.strerror}); delete it"
    return None


def _is_readable(content: bytes) -> bool:
    try:
        marshal.loads(content[_HEADER:])
    except (EOFError, ValueError, TypeError):
        return False
    return True
