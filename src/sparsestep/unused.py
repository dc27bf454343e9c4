"""Files in results/ that no longer follow from config.yaml, and their removal.

    python -m sparsestep.unused              list it, with sizes
    python -m sparsestep.unused --delete     list it, ask, delete it

A changed step size gives a run a new folder and leaves the old one, to be found again when it is
changed back. Only what this workflow writes is ever listed: files in its own folders, named as it
names them, figures and tables by their logs. Downloaded archives and files of yours are not.
"""

import argparse
import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import yaml
from snakemake.utils import update_config

from sparsestep.config import text
from sparsestep.errors import ConfigError
from sparsestep.plan import ID_PATTERN, Plan, paths
from sparsestep.runtime.locking import alone

# Paths in results/ that a rule writes, without suffix; logs and benchmarks mirror them.
_OURS = re.compile(
    "|".join(
        paths.pattern(template.rpartition(".")[0].removeprefix("results/"), groups=False)
        for template in (*paths.PER_JOB, *paths.NAMED)
    )
)
_SUFFIXES = (".safetensors", ".parquet", ".csv", ".svg", ".png", ".pdf", ".gif", ".log", ".tsv")
_RESUME = re.compile(paths.pattern(paths.RESUME.removeprefix("results/")) + "/.*")


class Unused(NamedTuple):
    """A file, or a folder all of whose files are unused, and their size in bytes."""

    path: Path
    size: int


def unused(plan: Plan, results: Path) -> list[Unused]:
    """Everything in `results` that this workflow wrote and that no target of `plan` leads to.

    Also what belongs to experiments on demand is kept. Nothing is read but names and sizes.
    """
    kept = {key for path in plan.output_paths() if (key := _key(PurePosixPath(path)))}
    sizes: dict[Path, int] = {}
    others: set[Path] = set()
    for folder, _, names in os.walk(results):
        for path in (Path(folder) / name for name in names):
            key = _key(PurePosixPath("results", path.relative_to(results).as_posix()))
            if key is None or key in kept or not _made_by_a_rule(key, results):
                others.update(path.parents)
            else:
                sizes[path] = path.lstat().st_size
    found: dict[Path, int] = {}
    for path, size in sizes.items():
        # The outermost folder with nothing else in it, below runs/, figures/, logs/runs/ and so on.
        inside = [p for p in path.parents if p not in others and _is_below_a_stage(p, results)]
        top = inside[-1] if inside else path
        found[top] = found.get(top, 0) + size
    return [Unused(path, size) for path, size in sorted(found.items())]


def delete(found: list[Unused]) -> None:
    """Delete these files and folders."""
    for path, _ in found:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _key(path: PurePosixPath) -> str | None:
    """What a file in results/ belongs to, by the output's path without suffix; None: not ours."""
    _, *parts = path.parts
    inside = "/".join(parts)
    if checkpoint := _RESUME.fullmatch(inside):
        trajectory = paths.TRAJECTORY.format(**checkpoint.groupdict())
        return trajectory.removeprefix("results/").rpartition(".")[0]
    if parts and parts[0] in ("logs", "benchmarks"):
        inside = "/".join(parts[1:])
    # A checksum goes with its file: figures/.curves.svg.sha256.
    inside = re.sub(r"(^|/)\.([^/]+)\.sha256$", r"\1\2", inside)
    stem, dot, suffix = inside.rpartition(".")
    return stem if dot + suffix in _SUFFIXES and _OURS.fullmatch(stem) else None


def _made_by_a_rule(key: str, results: Path) -> bool:
    """Whether names with an id, which nobody else makes up; of the others, those with a log."""
    return (
        "/" in key.partition("/")[2]
        or bool(re.search(rf"-{ID_PATTERN}$", key))
        or (results / "logs" / f"{key}.log").exists()
    )


def _is_below_a_stage(folder: Path, results: Path) -> bool:
    """Whether a folder lies inside results/runs, results/logs/runs and the like."""
    if results not in folder.parents:
        return False
    parts = folder.relative_to(results).parts
    return len(parts) > (2 if parts[0] in ("logs", "benchmarks") else 1)


def main() -> None:
    """List, and delete if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--configfile", nargs="+", default=[], help="as for snakemake: what is put over config.yaml"
    )
    parser.add_argument("--delete", action="store_true", help="delete it, after asking")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args()
    try:
        plan = read_plan(options.configfile)
        with while_read(), alone(Path(".snakemake")):
            _run(unused(plan, Path("results")), options)
    except ConfigError as error:
        sys.exit(f"sparsestep: {error}")


@contextlib.contextmanager
def while_read() -> Iterator[None]:
    """End without a word where nobody reads what is printed any more, as in `... | head`."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer would be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def read_plan(further: list[str]) -> Plan:
    """The plan of config.yaml with these files put over it; raises ConfigError."""
    merged: dict = {}
    for path in ("config.yaml", *further):
        text.check(path)
        with open(path, encoding="utf-8") as file:
            update_config(merged, yaml.safe_load(file))
    return Plan(merged)


def _run(found: list[Unused], options: argparse.Namespace) -> None:
    for path, size in found:
        print(f"{_megabytes(size):>12}  {path}")
    total = _megabytes(sum(size for _, size in found))
    files = " and ".join(["config.yaml", *options.configfile])
    print(f"{total:>12}  in all, no longer following from {files}: {len(found)}")
    if not found or not options.delete:
        return
    if options.yes or _agreed():
        delete(found)
        print("deleted")
    else:
        print("nothing was deleted")


def _agreed() -> bool:
    try:
        return input("Delete them? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"


if __name__ == "__main__":
    main()
