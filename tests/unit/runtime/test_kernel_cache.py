"""Compiled kernels on disk: read when they are this user's and whole, else made anew."""

import errno
import importlib.util
import os
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from numba.core.caching import FunctionCache
from numba.core.compiler import CompileResult

from sparsestep.arithmetic import vectors
from sparsestep.runtime import kernel_cache
from sparsestep.runtime.kernel_cache import KernelCache

SOURCE = """
import numba

@numba.njit(cache=True, error_model="numpy")
def twice(x):
    return 2.0 * x
"""


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A module with a kernel; what lies at home lies in a folder of the test's."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    (tmp_path / "code").mkdir()
    path = tmp_path / "code" / "kernels.py"
    path.write_text(SOURCE)
    return path


def start(source, name="sparsestep.kernels_of_a_test"):
    """What a process finds that has just imported the module."""
    kernel_cache._digest.cache_clear()
    spec = importlib.util.spec_from_file_location(name, source)
    module = importlib.util.module_from_spec(spec)
    # Numba looks the function up when it reads it from a file.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module.twice


def read_from_disk(source, factor=2.0):
    """Whether a process that starts now need not compile; the kernel is right in any case."""
    kernel = start(source)
    assert kernel(3.0) == factor * 3.0
    return sum(kernel.stats.cache_hits.values()) == 1


def files_of(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")


@pytest.fixture
def kept(source):
    """The file in which the kernel is kept."""
    assert not read_from_disk(source)
    (path,) = files_of(source.parent / "__pycache__")
    return path


def test_kept(source, kept):
    assert read_from_disk(source)


def test_what_kernels_are_written_in_was_edited(source, tmp_path, monkeypatch):
    source.write_text(
        "from sparsestep.arithmetic.vectors import any_beyond, jit, load\n"
        "@jit\ndef twice(x):\n    return 2.0 * x if any_beyond(load(SPACE, 0), 1.0) else 2.0 * x\n"
        "import numpy as np\nSPACE = np.zeros(8)\n"
    )
    assert not read_from_disk(source)
    assert read_from_disk(source)
    edited = tmp_path / "vectors.py"
    edited.write_text(Path(vectors.__file__).read_text() + "# edited\n")
    monkeypatch.setattr(vectors, "__file__", str(edited))
    assert not read_from_disk(source)
    assert read_from_disk(source)


CALLED = """
import numba

@numba.njit(cache=True)
def product(a, b):
    return a * b
"""
CALLER = """
import numba
from sparsestep.called_by_a_test import product
from sparsestep.constants_of_a_test import FACTOR

@numba.njit(cache=True)
def twice(x):
    return product(FACTOR, x)
"""


def install(name, path, text):
    """A module of the package, from this text."""
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


def test_a_kernel_that_it_calls_or_a_constant_of_another_module_was_edited(source, tmp_path):
    def installed(called, factor):
        kernel_cache._digest.cache_clear()
        install("sparsestep.called_by_a_test", tmp_path / "called.py", called)
        install("sparsestep.constants_of_a_test", tmp_path / "constants.py", f"FACTOR = {factor}")

    source.write_text(CALLER)
    installed(CALLED, 2.0)
    assert not read_from_disk(source)
    assert read_from_disk(source)
    installed(CALLED.replace("a * b", "a * b + 0.0 * a + 1.0 - 1.0"), 2.0)
    assert not read_from_disk(source)
    assert read_from_disk(source)
    installed(CALLED.replace("a * b", "a * b + 0.0 * a + 1.0 - 1.0"), 3.0)
    assert not read_from_disk(source, 3.0)
    assert read_from_disk(source, 3.0)


@pytest.mark.parametrize(
    "header",
    ["from sparsestep.arithmetic.vectors import jit", "from sparsestep.arithmetic import vectors"],
)
def test_kernels_of_a_user_s_module_are_trusted_no_more(source, header):
    decorator = header.rpartition(" ")[2].replace("vectors", "vectors.jit")
    source.write_text(f"{header}\n@{decorator}\ndef twice(x):\n    return 2.0 * x\n")
    assert isinstance(start(source, "kernels_of_a_user")._cache, KernelCache)


@pytest.mark.parametrize("size", [0, 20, 1000, -1])
def test_cut(source, kept, size):
    kept.write_bytes(kept.read_bytes()[:size])
    assert not read_from_disk(source)
    assert read_from_disk(source)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.999])
def test_flipped(source, kept, share):
    content = bytearray(kept.read_bytes())
    content[int(share * len(content))] ^= 16
    kept.write_bytes(content)
    assert not read_from_disk(source)
    assert read_from_disk(source)


class Told:
    """Leaves a file behind where its pickle is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickle_is_not_read(source, kept, tmp_path):
    kept.write_bytes(pickle.dumps(Told(tmp_path / "executed")))
    assert not read_from_disk(source)
    assert not (tmp_path / "executed").exists()


def test_what_others_may_write_is_not_read(source, kept):
    kept.chmod(0o664)
    assert not read_from_disk(source)
    assert read_from_disk(source)
    assert kept.stat().st_mode & 0o022 == 0


def test_another_user_s_is_not_read(source, kept, monkeypatch):
    fstat = os.fstat

    def of_another(handle):
        status = fstat(handle)
        return SimpleNamespace(st_mode=status.st_mode, st_uid=status.st_uid + 1)

    with monkeypatch.context() as patched:
        patched.setattr(kernel_cache.os, "fstat", of_another)
        assert not read_from_disk(source)
    assert read_from_disk(source)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to another user: as root")
def test_a_file_that_was_given_away_is_not_read(source, kept):
    os.chown(kept, 12345, -1)
    assert not read_from_disk(source)
    assert kept.stat().st_uid == 0
    assert read_from_disk(source)


def test_a_link_is_not_followed(source, kept):
    elsewhere = kept.rename(source.parent / "elsewhere")
    kept.symlink_to(elsewhere)
    assert not read_from_disk(source)


def test_an_edited_source(source, kept):
    source.write_text(SOURCE.replace("2.0 * x", "4.0 * x"))
    assert not read_from_disk(source, factor=4.0)
    assert read_from_disk(source, factor=4.0)
    # In the place of what nobody asks for any more.
    assert files_of(source.parent / "__pycache__") == [kept]


def test_a_file_for_other_types(source, kept):
    kernel = start(source)
    assert kernel(3) == 6.0
    (other,) = set(files_of(source.parent / "__pycache__")) - {kept}
    kept.write_bytes(other.read_bytes())
    assert not read_from_disk(source)


def test_a_folder_that_cannot_be_made(source, tmp_path):
    (source.parent / "__pycache__").write_text("a file")
    assert not read_from_disk(source)
    assert read_from_disk(source)
    assert len(files_of(tmp_path / "caches")) == 1


def test_no_folder_at_all(source, monkeypatch):
    (source.parent / "__pycache__").write_text("a file")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/dev/null")
    assert not read_from_disk(source)
    assert not read_from_disk(source)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_is_full_or_read_only(source, tmp_path, monkeypatch, code):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(kernel_cache.os, "replace", fail)
        assert not read_from_disk(source)
        assert files_of(tmp_path) == [source]
    assert not read_from_disk(source)
    assert read_from_disk(source)


def test_the_user_s_folder(source, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "wanted"))
    assert not read_from_disk(source)
    assert read_from_disk(source)
    assert len(files_of(tmp_path / "wanted")) == 1
    assert not files_of(source.parent / "__pycache__")


@pytest.mark.parametrize("method", ["_reduce", "_rebuild"])
def test_a_numba_that_lacks_something(source, kept, monkeypatch, method):
    monkeypatch.delattr(CompileResult, method)
    if method == "_reduce":
        kept.unlink()
    assert not read_from_disk(source)


def test_a_kernel_that_is_flushed_or_does_without(source, kept):
    kernel = start(source)
    kernel._cache.disable()
    assert kernel(3.0) == 6.0
    assert not kernel.stats.cache_hits
    kernel._cache.flush()
    assert not kept.exists()


def test_other_packages_keep_numba_s_cache(source):
    assert type(start(source, "package_of_others")._cache) is FunctionCache
