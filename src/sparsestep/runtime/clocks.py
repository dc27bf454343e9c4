"""Sources dated ahead of this machine's clock, as of a checkout made where the clock is ahead.

Snakemake refuses an output that is older than one of its inputs ("clock skew"), after everything
was computed. A copy of such a source is read instead, under a name that changes with its content:
an edit is noticed although the dates say nothing.
"""

import hashlib
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from sparsestep.errors import ConfigError


def not_ahead(paths: Iterable[str], folder: Path, tell: bool = True) -> dict[str, str]:
    """What to read for each of these paths: itself, or its copy in `folder` if dated ahead of now.

    Copies keep their files' names. `tell`: say so on standard error. Raises ConfigError where a
    copy cannot be made.
    """
    paths = list(paths)
    ahead = [path for path in paths if _is_ahead(Path(path))]
    if ahead and tell:
        more = f" and {len(ahead) - 1} more" if len(ahead) > 1 else ""
        why = "dated ahead of this machine's clock; copies are read"
        print(f"sparsestep: {ahead[0]}{more}: {why}", file=sys.stderr, flush=True)
    return {path: _copied(Path(path), folder) if path in ahead else path for path in paths}


def _is_ahead(path: Path) -> bool:
    return path.is_file() and path.stat().st_mtime > time.time()


def _copied(path: Path, folder: Path) -> str:
    try:
        content = path.read_bytes()
        copy = folder / hashlib.sha256(content).hexdigest()[:12] / path.name
        if not copy.is_file() or copy.read_bytes() != content:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
    except OSError as error:
        raise ConfigError(
            f"{path}: dated ahead of this machine's clock, and no copy can be made "
            f"({error.strerror}: {error.filename}); touch it"
        ) from None
    return str(copy)
