"""Mutation tests of chosen modules, for `make mutants`: which one-line mistakes do tests not see?

Cosmic Ray changes an operator, a number, a comparison, ... of a module in a copy of the sources;
the tests of its folder run until one fails. A module has hundreds of such mutants, so that a sample
of each is tried, the same one every time. Some survivors behave as the original does, such as `>=`
for `>` where both sides are never equal: whoever reads the list decides which need a test.
"""

import argparse
import ast
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkResult

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("src/sparsestep")
# Nothing that tests of a module read.
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", ".snakemake", "results", "__pycache__", ".*_cache"
)
# A mutant that loops for ever is found after this many times what the tests take without one.
PATIENCE = 5


def main() -> None:
    """Try the mutants of the modules that the command line names, and print what survived."""
    arguments = _arguments()
    tests = arguments.tests or sorted(
        {test for path in arguments.modules for test in tests_of(path)}
    )
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        os.chdir(copy)
        os.environ["PYTHONPATH"] = str(copy / "src")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        seconds = _seconds_without(command)
        print(f"{' '.join(tests)}: {seconds:.0f} s without a mutant", flush=True)
        sampled = [
            mutation
            for path in arguments.modules
            for mutation in sample(mutations_of(path, Path(folder)), arguments.most)
        ]
        tried, caught = Counter(), Counter()
        try:
            for mutation in sampled:
                result = mutate_and_test([mutation], shlex.join(command), PATIENCE * seconds + 30)
                tried[mutation.module_path] += 1
                if result.test_outcome == TestOutcome.SURVIVED:
                    print(survivor(mutation, result), flush=True)
                else:
                    caught[mutation.module_path] += 1
        except KeyboardInterrupt:
            print(f"interrupted: {tried.total()} of {len(sampled)} tried")
    print(table(tried, caught))


def tests_of(module: Path) -> list[str]:
    """Where the tests of a module stand: in the folder of tests/unit that has its folder's name."""
    folder = Path("tests/unit").joinpath(*module.relative_to(PACKAGE).parent.parts[:1])
    if folder == Path("tests/unit"):
        folder = folder / f"test_{module.stem}.py"
    return [str(folder if (ROOT / folder).exists() else Path("tests/unit"))]


def mutations_of(module: Path, folder: Path) -> list[MutationSpec]:
    """Every mutation that Cosmic Ray knows for a module, but those of annotations, in order."""
    with use_db(str(folder / "session.sqlite")) as session:
        init([module], session, {})
        mutations = [item.mutations[0] for item in session.pending_work_items]
    spans = _annotations(ast.parse(module.read_text(encoding="utf-8")))
    running = [m for m in mutations if not any(a <= m.start_pos < b for a, b in spans)]
    return sorted(running, key=lambda m: (m.start_pos, m.operator_name, m.occurrence))


def sample(mutations: list[MutationSpec], most: int) -> list[MutationSpec]:
    """At most so many of them, drawn evenly, the same every time."""
    chosen = random.Random(0).sample(range(len(mutations)), min(most, len(mutations)))
    return [mutations[index] for index in sorted(chosen)]


def survivor(mutation: MutationSpec, result: WorkResult) -> str:
    """Where it was, and the lines before and after."""
    changed = [
        line
        for line in (result.diff or "").splitlines()
        if line[:1] in ("-", "+") and not line.startswith(("---", "+++"))
    ]
    return "\n".join([f"survived: {mutation.module_path}:{mutation.start_pos[0]}", *changed])


def table(tried: Counter, caught: Counter) -> str:
    """A line a module, and one of all."""
    lines = [f"{'module':<60} tried  caught"]
    for path, count in tried.items():
        lines.append(f"{path.relative_to(PACKAGE)!s:<60} {count:>5}  {caught[path]:>6}")
    return "\n".join([*lines, f"{'all':<60} {tried.total():>5}  {caught.total():>6}"])


def _annotations(tree: ast.Module) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """From where to where types stand, which do not run: (line, column) each."""
    found = [getattr(node, "annotation", None) for node in ast.walk(tree)]
    found += [getattr(node, "returns", None) for node in ast.walk(tree)]
    return [
        ((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0))
        for node in found
        if node is not None
    ]


def _seconds_without(command: list[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"the tests fail without a mutant:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - start


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="+", type=_module, help="files below src/sparsestep")
    parser.add_argument(
        "--tests", nargs="+", help="files or folders of tests; default: the folder's"
    )
    parser.add_argument("--most", type=int, default=40, help="mutants of a module (default: 40)")
    return parser.parse_args()


def _module(text: str) -> Path:
    path = (ROOT / text).resolve()
    if not path.is_file() or not path.is_relative_to(ROOT / PACKAGE):
        raise argparse.ArgumentTypeError(f"got {text!r}; must be a file below {PACKAGE}")
    return path.relative_to(ROOT)


if __name__ == "__main__":
    main()
