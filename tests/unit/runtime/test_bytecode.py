"""Bytecode on disk: whole and as it was written, made anew, or gone."""

import ast
import errno
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sparsestep.runtime import bytecode

MODULES = {"__init__.py": "", "one.py": "VALUE = 1111\n", "room/two.py": "VALUE = 2\n"}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of three modules whose bytecode was made."""
    # What the disk that is full sets.
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "")
    folder = tmp_path / "package"
    for name, text in MODULES.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text)
    assert bytecode.check(folder) is None
    return folder


def place(package, name="one.py"):
    return Path(importlib.util.cache_from_source(str(package / name)))


def contents(package):
    return {path: path.read_bytes() for path in package.rglob("*.pyc")}


def import_one(package):
    """What a new Python finds."""
    command = "import sys; sys.path.insert(0, '.'); from package import one; print(one.VALUE)"
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=package.parent, capture_output=True, text=True
    )
    return done.stdout.strip() or done.stderr


def test_python_takes_it(package):
    before = contents(package)
    assert len(before) == len(MODULES)
    assert import_one(package) == "1111"
    assert bytecode.check(package) is None
    assert contents(package) == before


@pytest.mark.parametrize("size", [0, 10, 16, 40, -1])
def test_cut(package, size):
    before = contents(package)
    place(package).write_bytes(before[place(package)][:size])
    assert bytecode.check(package) is None
    assert contents(package) == before


def test_flipped_anywhere(package):
    before = contents(package)
    for at in range(len(before[place(package)])):
        content = bytearray(before[place(package)])
        content[at] ^= 16
        place(package).write_bytes(content)
        assert bytecode.check(package) is None
        assert contents(package) == before, at


def test_what_was_not_checked_is_made_anew(package):
    # The source says something else, and is as long and as old.
    wrong = bytes(contents(package)[place(package)]).replace(
        (1111).to_bytes(4, "little"), b"\7" * 4
    )
    place(package).write_bytes(wrong)
    assert import_one(package) == str(0x07070707)
    assert bytecode.check(package) is None
    assert import_one(package) == "1111"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"one.py": 1}'])
def test_a_damaged_record(package, content):
    before = contents(package)
    (record,) = place(package).parent.glob("checked.*")
    kept = record.read_bytes()
    record.write_bytes(content)
    assert bytecode.check(package) is None
    assert contents(package) == before
    assert record.read_bytes() == kept


def test_an_edited_and_a_broken_source(package):
    (package / "one.py").write_text("VALUE = 33333\n")
    (package / "room" / "two.py").write_text("VALUE =\n")
    assert bytecode.check(package) is None
    assert import_one(package) == "33333"
    assert place(package).exists()
    assert not place(package, "room/two.py").exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG])
def test_a_full_disk(package, monkeypatch, code):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    place(package).write_bytes(contents(package)[place(package)][:30])
    with monkeypatch.context() as patched:
        patched.setattr(bytecode.os, "replace", fail)
        assert bytecode.check(package) is None
    # Nobody writes any, where a part of it could be left.
    assert sys.dont_write_bytecode
    assert os.environ["PYTHONDONTWRITEBYTECODE"] == "1"
    assert not place(package).exists()
    assert len(contents(package)) == len(MODULES) - 1
    assert not list(package.rglob("*.tmp"))
    assert import_one(package) == "1111"


def test_a_folder_that_cannot_be_written(package, monkeypatch):
    def fail(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    for name in ("replace", "unlink"):
        monkeypatch.setattr(bytecode.os, name, fail)
    monkeypatch.setattr(bytecode.Path, "unlink", fail)
    place(package).write_bytes(contents(package)[place(package)][:30])
    said = bytecode.check(package)
    assert (
        said == f"{place(package)}: damaged, and cannot be replaced (Permission denied); delete it"
    )
    # An empty one Python itself makes anew.
    place(package).write_bytes(b"")
    assert bytecode.check(package) is None
    assert not sys.dont_write_bytecode


def test_it_imports_nothing_of_the_package():
    tree = ast.parse(Path(bytecode.__file__).read_text())
    nodes = list(ast.walk(tree))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
