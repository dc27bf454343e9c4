"""Compiled kernels on disk, trusted no more than any other file: else they are compiled anew.

Numba's own cache unpickles and executes what its files hold: an empty one, which a power cut
leaves, stops every later job with a traceback, a flipped byte ends it without a word, and a file
that somebody else wrote is his code. Here a file is read if it belongs to this user and nobody else
may write to it, and unpickled if the checksum in front is that of what it holds and what it is for.
A folder that cannot be written costs time, not the job.
"""

import contextlib
import errno
import functools
import hashlib
import importlib.util
import os
import stat
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

_PACKAGE = "sparsestep"
# The module of Numba's where a compiled function is told to use a cache.
_DISPATCHER = "numba.core.dispatcher"
# What kernels of other modules are written in.
_VECTORS = "sparsestep.arithmetic.vectors"
# What a user may tell Numba, and modules of kernels do, that makes other machine code.
_OPTIONS = ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK")
_CHECKSUM = hashlib.sha256().digest_size
# Another folder is not filled because this one is full.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def guard() -> None:
    """From now on kernels that say `cache=True` get a `KernelCache`: this package's and its users'.

    Numba is slow to import, and most commands do without it: it is changed when it is imported.
    """
    if module := sys.modules.get(_DISPATCHER):
        _change(module)
    elif not any(isinstance(finder, _WhenImported) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WhenImported())


class _WhenImported:
    """Finder of modules that waits until Numba is imported, and is then gone."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != _DISPATCHER:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def execute_and_change(module: ModuleType) -> None:
            execute(module)
            _change(module)

        spec.loader.exec_module = execute_and_change
        return spec


def _change(dispatcher: ModuleType) -> None:
    """Let `cache=True` ask `KernelCache`; what is not ours keeps Numba's."""
    original = getattr(getattr(dispatcher, "Dispatcher", None), "enable_caching", None)
    if original is None:
        # A Numba to come, which keeps its own cache.
        return

    @functools.wraps(original)
    def enable_caching(self: Any) -> None:
        if _is_ours(self.py_func):
            self._cache = KernelCache(self.py_func)
        else:
            original(self)

    dispatcher.Dispatcher.enable_caching = enable_caching


class KernelCache:
    """What is kept of one kernel; the methods are those of Numba's `FunctionCache`.

    Whatever goes wrong here, in files or in what another version of Numba does not have, the kernel
    is compiled and used.
    """

    def __init__(self, kernel: Callable):
        self._kernel = kernel
        self._source = Path(kernel.__code__.co_filename)
        self._folders = list(_folders(self._source))
        self._enabled = True

    @property
    def cache_path(self) -> str:
        """The folder that is asked first."""
        return str(self._folders[0])

    def enable(self) -> None:
        """Read and write files, as at the beginning."""
        self._enabled = True

    def disable(self) -> None:
        """Read and write none."""
        self._enabled = False

    def flush(self) -> None:
        """Delete the kernel's files, whatever types and processors they are for."""
        for folder in self._folders:
            with contextlib.suppress(OSError):
                for path in folder.glob(f"{self._name}-*.nbc"):
                    path.unlink(missing_ok=True)

    def load_overload(self, types: Any, context: Any) -> Any:
        """What was compiled for arguments of these types; None where it must be compiled."""
        context.refresh()
        with contextlib.suppress(Exception):
            from numba.core.compiler import CompileResult
            from numba.core.serialize import loads

            name, purpose = self._entry(types, context)
            for folder in self._folders if self._enabled else ():
                body = _read(folder / name, purpose)
                if body is not None:
                    return CompileResult._rebuild(context, *loads(body))
        return None

    def save_overload(self, types: Any, compiled: Any) -> None:
        """Keep what was just compiled, where it can be kept."""
        with contextlib.suppress(Exception):
            from numba.core.serialize import dumps

            if not self._enabled or not _can_be_kept(types, compiled):
                return
            name, purpose = self._entry(types, compiled.target_context)
            _write(self._folders, name, purpose, dumps(compiled._reduce()))

    @property
    def _name(self) -> str:
        kernel = self._kernel.__qualname__.replace("<", "").replace(">", "")
        # Each user's own: one could not read the other's, and would replace it.
        return f"{self._source.stem}.{kernel}.{sys.implementation.cache_tag}.{os.geteuid()}"

    def _entry(self, types: Any, context: Any) -> tuple[str, bytes]:
        """Name of the file, and a digest of what its content must be for.

        The name has what may alternate in one folder, and not the source and versions: what is
        compiled after a change takes the place of what nobody asks for any more.
        """
        import llvmlite
        import numba
        from numba.core.serialize import dumps

        cells = self._kernel.__closure__ or ()
        options = [str(getattr(numba.config, option, None)) for option in _OPTIONS]
        varying = repr((types, context.codegen().magic_tuple(), options)).encode()
        varying += dumps(tuple(cell.cell_contents for cell in cells)) if cells else b""
        name = f"{self._name}-{hashlib.sha256(varying).hexdigest()[:16]}.nbc"
        versions = f"{sys.version}\n{numba.__version__}\n{llvmlite.__version__}\n{name}\n".encode()
        # Numba compares the kernel's own file alone, and would keep what another one changed.
        sources = "\n".join(sorted(set(_compiled_in(self._kernel, set())))).encode()
        return name, hashlib.sha256(sources + versions + varying).digest()


def _is_ours(function: Callable) -> bool:
    """Whether it is of this package, or of a module that takes something of its vectors."""
    if function.__module__.partition(".")[0] == _PACKAGE:
        return True
    jit = getattr(sys.modules.get(_VECTORS), "jit", None)
    values = [value for value in function.__globals__.values() if value is not None]
    return any(value is jit or _module_of(value) == _VECTORS for value in values)


def _compiled_in(function: Callable, seen: set[Callable]) -> Iterator[str]:
    """What a kernel is compiled from: sources, also of kernels that it calls, and constants."""
    seen.add(function)
    yield _digest(Path(function.__code__.co_filename))
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        called = getattr(value, "py_func", None)
        if called is not None:
            yield from () if called in seen else _compiled_in(called, seen)
        elif isinstance(value, bool | int | float | str | tuple):
            yield f"{name} = {value!r}"
        elif (module := _module_of(value)).partition(".")[0] == _PACKAGE:
            yield _digest(Path(sys.modules[module].__file__))


def _module_of(value: Any) -> str:
    """The name of the module that a value is of, or is; empty where it is of none."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return name if isinstance(name, str) else ""


@functools.cache
def _digest(source: Path) -> str:
    return hashlib.sha256(source.read_bytes()).hexdigest()


def _can_be_kept(types: Any, compiled: Any) -> bool:
    """Whether it holds in another process too; where types have addresses, they are not known."""
    lifted = all(loop.can_cache for loop in compiled.lifted)
    return lifted and not compiled.library.has_dynamic_globals and " at 0x" not in repr(types)


def _folders(source: Path) -> Iterator[Path]:
    """Where a module's kernels may lie: where the user wants, else beside it, else at home."""
    own = f"{source.parent.name}-{hashlib.sha256(str(source.parent).encode()).hexdigest()[:16]}"
    if wanted := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(wanted).absolute() / own
        return
    yield source.parent / "__pycache__"
    caches = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    if caches.is_absolute():
        yield caches / _PACKAGE / own


def _read(path: Path, purpose: bytes) -> bytes | None:
    """What `_write` wrote there for this purpose; None where there is anything else."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with open(handle, "rb") as file:
        if not _is_own(file.fileno()):
            return None
        content = file.read()
    body = content[_CHECKSUM:]
    return body if content[:_CHECKSUM] == hashlib.sha256(purpose + body).digest() else None


def _is_own(handle: int) -> bool:
    """Whether nobody else can have written the file; who may write to its folder does not matter.

    Others could only move files there that this user once wrote.
    """
    status = os.fstat(handle)
    writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not writable


def _write(folders: list[Path], name: str, purpose: bytes, body: bytes) -> None:
    """Write it into the first folder that takes it, by renaming; or nowhere."""
    content = hashlib.sha256(purpose + body).digest() + body
    for folder in folders:
        temporary = folder / f".{name}.{os.urandom(8).hex()}.tmp"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Whatever the umask, nobody else can write.
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            with open(handle, "wb") as file:
                file.write(content)
                # Some file systems know no owners: it would never be read from there.
                own = _is_own(handle)
            if own:
                os.replace(temporary, folder / name)
                return
        except OSError as error:
            if error.errno in _FULL:
                return
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
