"""Digests of this package's modules by content: a module's name and place do not count.

The text of a module is its syntax tree without what changes no result: docstrings, comments, the
`description=` of fields, fields declared with `AddedField`, annotations outside of class bodies,
imports for annotations alone (`typing`, `collections.abc`, `if TYPE_CHECKING:`). An import of a
module of this package stands there as the digest of that module, so that a renamed or moved module
changes no digest; imports that stand together are sorted.
"""

import ast
import functools
import hashlib
import re
from pathlib import Path

import sparsestep

_PACKAGE = "sparsestep"
_ROOT = Path(sparsestep.__path__[0])
# The registry only holds names; the modules it leads to are counted instead. The others decide when
# and where a job runs and what its log says, not what it computes.
NOT_COUNTED = frozenset(
    f"{_PACKAGE}.{name}"
    for name in ("registry", "images.compute", "runtime.locking", "images.training.progress")
)
# Modules whose names serve annotations.
_OF_ANNOTATIONS = ("typing", "collections.abc", "__future__")
# Declares a field that leaves ids and code as they were (`fields.py`).
_ADDED = "AddedField"
# So many imports deep, a module's own text tells which modules it imports. What lies deeper counts
# as a member of the closure.
_ROUNDS = 3
_REFERENCE = re.compile(r"<<([\w.]+)>>")


def digest_of(roots: tuple[str, ...]) -> str:
    """Digest, 64 hex digits, of these modules and of all that they import, at any depth."""
    digests = {_digest(module, _ROUNDS) for module in closure(roots) if _skeleton(module).counts}
    starts = [_digest(module, _ROUNDS) for module in roots]
    return _hash(*sorted(starts), "", *sorted(digests))


def closure(roots: tuple[str, ...]) -> list[str]:
    """Names of these modules and of all of this package that they import, at any depth."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module in found or module in NOT_COUNTED:
            continue
        found.add(module)
        waiting += _skeleton(module).imported
        # Importing a.b.c runs a and a.b first.
        if "." in module:
            waiting.append(module.rpartition(".")[0])
    return sorted(found)


@functools.cache
def source_of(module: str) -> Path | None:
    """File of a module of the package; None for a name inside a module.

    Looked up by path: asking Python's import system would import the module's parents.
    """
    path = _ROOT.joinpath(*module.split(".")[1:])
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


class _Skeleton:
    """A module's text with a reference, `<<name>>`, where another module's digest belongs."""

    def __init__(self, module: str):
        source = source_of(module)
        tree = ast.parse(source.read_text(encoding="utf-8"), filename=str(source))
        reduced = _Reduced()
        self.text = ast.dump(reduced.visit(tree))
        # Of every body, its imports, one text each.
        self.imports = reduced.bodies
        found = _REFERENCE.findall("\n".join(text for body in self.imports for text in body))
        self.imported = sorted(set(found))
        self.counts = bool(tree.body)


_skeleton = functools.cache(_Skeleton)


@functools.cache
def _digest(module: str, rounds: int) -> str:
    def content(reference: re.Match) -> str:
        if rounds == 0 or reference[1] in NOT_COUNTED:
            return ""
        return _digest(reference[1], rounds - 1)

    skeleton = _skeleton(module)
    # Sorted by content: the names of the modules do not count.
    bodies = (sorted(_REFERENCE.sub(content, text) for text in body) for body in skeleton.imports)
    return _hash(_REFERENCE.sub(content, skeleton.text), *("\n".join(body) for body in bodies))


def _hash(*parts: str) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(f"{len(part)}\n{part}\n".encode())
    return total.hexdigest()


class _Reduced(ast.NodeTransformer):
    """Drops what changes no result, and takes the imports out of every body."""

    def __init__(self):
        self.bodies: list[list[str]] = []
        # Reference to the module that a name of this one stands for.
        self.renamed: dict[str, str] = {}

    def visit_Module(self, node: ast.Module) -> ast.AST:
        for child in ast.walk(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                self.renamed |= dict(_modules_bound(child))
        return self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if _has_docstring(node):
            node.body = node.body[1:]
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                setattr(node, name, self._without_imports(body))
        return super().generic_visit(node)

    def _without_imports(self, body: list[ast.stmt]) -> list[ast.stmt]:
        texts, rest = [], []
        for statement in body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                texts += _import_texts(statement)
            elif not _is_for_annotations(statement):
                rest.append(statement)
        if not texts:
            return rest
        self.bodies.append(sorted(set(texts)))
        return [ast.Expr(ast.Constant(f"imports {len(self.bodies)}")), *rest]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = [field for field in node.body if not _is_added_field(field)]
        for field in filter(_is_annotated, node.body):
            # In a class body, annotations say what fields there are.
            field.in_class = True
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if getattr(node, "in_class", False):
            return self.generic_visit(node)
        if node.value is None:
            return None
        return self.generic_visit(ast.Assign([node.target], node.value))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "Field":
            node.keywords = [word for word in node.keywords if word.arg != "description"]
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.renamed.get(node.id, node.id)
        return node


_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _has_docstring(node: ast.AST) -> bool:
    return isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None


def _is_annotated(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.AnnAssign)


def _is_added_field(statement: ast.stmt) -> bool:
    value = getattr(statement, "value", None)
    return (
        _is_annotated(statement)
        and isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id == _ADDED
    )


def _is_for_annotations(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Name)
        and statement.test.id == "TYPE_CHECKING"
        and not statement.orelse
    )


def _is_ours(name: str) -> bool:
    return name.split(".")[0] == _PACKAGE


def _modules_bound(node: ast.Import | ast.ImportFrom) -> list[tuple[str, str]]:
    """(name, reference) of what an import binds to a module of this package."""
    if isinstance(node, ast.Import):
        return [(a.asname, f"<<{a.name}>>") for a in node.names if a.asname and _is_ours(a.name)]
    # Relative imports are not used in this package (ruff's TID252 forbids them).
    named = ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
    return [(name, f"<<{full}>>") for name, full in named if _is_ours(full) and source_of(full)]


def _import_texts(node: ast.Import | ast.ImportFrom) -> list[str]:
    """An import as texts, one a name, with references to modules of this package."""
    if isinstance(node, ast.Import):
        return [
            f"module <<{a.name}>>" if _is_ours(a.name) else f"import {a.name} {a.asname}"
            for a in node.names
        ]
    if node.module in _OF_ANNOTATIONS:
        return []
    if not _is_ours(node.module):
        return [f"from {node.module} {a.name} {a.asname}" for a in node.names]
    bound = dict(_modules_bound(node))
    return [
        f"module {reference}"
        if (reference := bound.get(a.asname or a.name))
        else f"from <<{node.module}>> {a.name} {a.asname}"
        for a in node.names
        if a.name != _ADDED
    ]
