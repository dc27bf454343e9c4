"""Caches that a disk has damaged."""

import os
import random
from pathlib import Path

from workflow.runner import Workflow

KINDS = ("empty", "cut", "flipped")


def caches(workflow: Workflow, suffix: str) -> list[Path]:
    """Files of bytecode (.pyc) or compiled kernels (.nbc)."""
    return sorted((workflow.folder / "src").rglob(f"__pycache__/*{suffix}"))


def damage(path: Path, kind: str, draw: random.Random) -> None:
    """Change what a file holds, and not its time: what a disk does."""
    data, times = bytearray(path.read_bytes()), path.stat()
    if kind == "flipped":
        data[draw.randrange(len(data))] ^= draw.randrange(1, 256)
    else:
        del data[0 if kind == "empty" else min(1000, len(data) - 1) :]
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
