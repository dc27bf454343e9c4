"""Small disks that can be filled, enlarged and made read-only."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


class Disk:
    """A tmpfs on a folder."""

    def __init__(self, folder: Path, kilobytes: int):
        self.folder = folder
        self._mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs")

    def resize(self, kilobytes: int) -> None:
        """Another size; what is on it stays."""
        self._mount("-o", f"remount,size={kilobytes}k")

    def read_only(self) -> None:
        """From now on nobody can write, root neither."""
        self._mount("-o", "remount,ro")

    def fill(self) -> None:
        """Leave no byte free."""
        with open(self._filler, "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                return

    def make_room(self) -> None:
        """Delete what filled it."""
        self._filler.unlink()

    def unmount(self) -> None:
        """Give it back, and all that is on it."""
        subprocess.run(["umount", "-l", self.folder], check=True)

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"

    def _mount(self, *options: str) -> None:
        subprocess.run(["mount", *options, self.folder], check=True, capture_output=True)


@pytest.fixture
def new_disk(tmp_path):
    """A function (folder, kilobytes) that mounts a disk until the test ends; or the test skips."""
    disks = []
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounts small disks: as root on Linux, or as `unshare -rm make test-faults`")

    def mount(folder: Path, kilobytes: int) -> Disk:
        folder.mkdir(exist_ok=True)
        try:
            disks.append(Disk(folder, kilobytes))
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no disk can be mounted here: {error.stderr.decode().strip()}")
        return disks[-1]

    yield mount
    for disk in disks:
        disk.unmount()
