"""Identity of a stage's code, so that editing it re-runs the stage, and only that.

The fingerprint is a hash over the syntax trees of the modules a job imports from this package:
those its stage imports, at any depth, and those that the kinds in its spec name (`registry.py`).
Docstrings, comments, formatting and the `description=` texts of fields do not count.
"""

import ast
import functools
import hashlib
from pathlib import Path

from sparsestep import registry

_PACKAGE = "sparsestep"
# The registry only holds names; the modules it leads to are counted instead. The others decide when
# and where a job runs and what its log says, not what it computes.
_NOT_COUNTED = {
    f"{_PACKAGE}.{name}"
    for name in ("registry", "images.compute", "runtime.locking", "images.training.progress")
}


def stage_code(stage: str, spec: dict) -> str:
    """Fingerprint, 16 hex digits, of the code of `stage` for a job with this spec."""
    roots = (f"{_PACKAGE}.stages.{stage}", *modules_of_kinds(stage, spec))
    return _fingerprint(tuple(sorted(set(roots))))


def modules_of_kinds(stage: str, spec: dict) -> list[str]:
    """Modules that a job of `stage` loads by the kinds in its spec."""
    model = spec["model"]["kind"] if "model" in spec else None
    match stage:
        case "prepare":
            wanted = [("dataset", spec["dataset"]["kind"])]
        case "generate":
            wanted = [("problem", spec["problem"]["kind"]), ("model", model)]
        case "calibrate":
            wanted = [(role, spec["algorithm"]["kind"]) for role in ("trainer", "algorithm")]
            wanted += [("model", model)]
        case "train" | "train_images":
            wanted = [
                ("trainer", spec["algorithm"]["kind"]),
                ("algorithm", spec["algorithm"]["kind"]),
                ("schedule", spec["schedule"]["kind"]),
                ("model", model),
            ]
        case "sweep":
            of_run = ("trainer", "algorithm"), ("algorithm", "algorithm"), ("schedule", "schedule")
            wanted = [(role, spec[block]["kind"]) for role, block in of_run]
            wanted += [("model", model), *(("measure", name) for name in spec["measure"])]
        case "measure" | "measure_images":
            wanted = [("model", model), *(("measure", name) for name in spec["measure"])]
        case "simulate":
            wanted = [("simulation", spec["kind"])]
        case "tabulate":
            wanted = [("simulation", spec["kind"]), ("summary", spec["kind"])]
        case "figure":
            runs = [run for shown in spec["experiments"].values() for run in shown["runs"].values()]
            wanted = [("figure", spec["figure"]["kind"])]
            wanted += [("schedule", run["schedule"]["kind"]) for run in runs]
            wanted += spec.get("loads", [])
        case "claims":
            runs = [run for entry in spec["experiments"] for run in entry["runs"].values()]
            wanted = [("schedule", run["schedule"]["kind"]) for run in runs]
        case _:
            wanted = []
    if stage in ("train_images", "measure_images"):
        wanted.append(("network", model))
    of_model = {"trainer": model, "measure": model}
    return [registry.module_name(role, kind, of_model.get(role)) for role, kind in wanted]


def modules_of_stage(stage: str, spec: dict) -> list[str]:
    """Names of all modules of the package that count for a job of `stage`."""
    return _closure((f"{_PACKAGE}.stages.{stage}", *modules_of_kinds(stage, spec)))


@functools.cache
def _fingerprint(roots: tuple[str, ...]) -> str:
    total = hashlib.sha256()
    for module in _closure(roots):
        total.update(f"{module}\n{_tree(module)[0]}\n".encode())
    return total.hexdigest()[:16]


def _closure(roots: tuple[str, ...]) -> list[str]:
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module in found or module in _NOT_COUNTED:
            continue
        found.add(module)
        waiting += _tree(module)[1]
        # Importing a.b.c runs a and a.b first.
        if "." in module:
            waiting.append(module.rpartition(".")[0])
    return sorted(found)


@functools.cache
def _tree(module: str) -> tuple[str, list[str]]:
    """The module's code as text that ignores comments and docstrings, and what it imports."""
    source = _source(module)
    tree = ast.parse(source.read_text(encoding="utf-8"), filename=str(source))
    imports = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # Relative imports are not used in this package (ruff's TID252 forbids them).
            imports.append(node.module)
            imports += [f"{node.module}.{alias.name}" for alias in node.names]
    ours = [name for name in imports if name.split(".")[0] == _PACKAGE and _source(name)]
    return ast.dump(_WithoutWords().visit(tree)), ours


@functools.cache
def _source(module: str) -> Path | None:
    """File of a module of the package; None for a name inside a module.

    Looked up by path: asking Python's import system would import the module's parents.
    """
    path = Path(__file__).parents[1].joinpath(*module.split(".")[1:])
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


class _WithoutWords(ast.NodeTransformer):
    """Drops what only a human reads: docstrings and the descriptions of fields."""

    def _drop_docstring(self, node):
        self.generic_visit(node)
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node

    visit_Module = visit_ClassDef = visit_FunctionDef = visit_AsyncFunctionDef = _drop_docstring

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "Field":
            node.keywords = [word for word in node.keywords if word.arg != "description"]
        return node
