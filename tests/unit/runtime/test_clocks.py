"""Sources that are dated ahead are read from copies, whose names follow their content."""

import os
import time
from pathlib import Path

import pytest

from sparsestep.errors import ConfigError
from sparsestep.runtime.clocks import not_ahead


def dated(path, text, seconds):
    path.write_text(text)
    os.utime(path, (time.time() + seconds,) * 2)
    return str(path)


def test_copies_of_what_is_ahead(tmp_path, capfd):
    paths = [dated(tmp_path / "old.rst", "a", -3600), dated(tmp_path / "new.rst", "b", 86400)]
    folder = tmp_path / "copies"
    old, new = not_ahead(paths, folder).values()
    assert old == paths[0]
    assert Path(new).parent.parent == folder
    assert (Path(new).name, Path(new).read_text()) == ("new.rst", "b")
    assert os.stat(new).st_mtime <= time.time()
    assert "new.rst: dated ahead of this machine's clock" in capfd.readouterr().err
    # Asked again, it is the same file, untouched.
    before = os.stat(new).st_mtime_ns
    assert not_ahead(paths, folder, tell=False) == dict(zip(paths, (old, new), strict=True))
    assert os.stat(new).st_mtime_ns == before
    assert capfd.readouterr().err == ""
    # Edited where the clock is still ahead.
    dated(tmp_path / "new.rst", "c", 86400)
    _, edited = not_ahead(paths, folder).values()
    assert edited != new
    assert Path(edited).read_text() == "c"
    # Its time has come.
    dated(tmp_path / "new.rst", "c", -1)
    assert not_ahead(paths, folder) == dict(zip(paths, paths, strict=True))


@pytest.mark.parametrize(("count", "told"), [(1, "0.rst: dated"), (3, "0.rst and 2 more: dated")])
def test_how_many_are_ahead(tmp_path, capfd, count, told):
    paths = [dated(tmp_path / f"{n}.rst", "a", 86400) for n in range(count)]
    not_ahead(paths, tmp_path / "copies")
    assert told in capfd.readouterr().err


def test_missing_files_are_left_to_others(tmp_path):
    missing = str(tmp_path / "none")
    assert not_ahead([missing], tmp_path) == {missing: missing}


def test_no_room_for_a_copy(tmp_path):
    path = dated(tmp_path / "new.rst", "b", 86400)
    (tmp_path / "file").write_text("")
    with pytest.raises(
        ConfigError, match=r"new\.rst: dated ahead of .* \(Not a directory: .*touch"
    ):
        not_ahead([path], tmp_path / "file")
