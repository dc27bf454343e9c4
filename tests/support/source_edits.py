"""Edits of a copy of the sources, by their syntax and not by fragments of their text."""

import ast
import re
from pathlib import Path

_FIELD = '    added_later: int = AddedField(default=7, description="as before")'
_IMPORT = "from sparsestep.fields import AddedField"


def append(path: Path, line: str) -> None:
    """Write a line behind the last one of a module."""
    path.write_text(f"{path.read_text()}\n\n{line}\n")


def add_field_to_every_block(package: Path) -> list[str]:
    """Declare a field more in every block of config.yaml; the modules that now have one."""
    changed = []
    for path in sorted(package.rglob("*.py")):
        text = path.read_text()
        lines = text.split("\n")
        blocks = [
            node
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ClassDef)
            and any(isinstance(base, ast.Name) and base.id == "Closed" for base in node.bases)
        ]
        for block in sorted(blocks, key=lambda node: -node.lineno):
            lines.insert(block.body[0].end_lineno, _FIELD)
        if not blocks:
            continue
        if path.name != "fields.py":
            at = next(n for n, line in enumerate(lines) if line.startswith("from sparsestep."))
            lines.insert(at, _IMPORT)
        path.write_text("\n".join(lines))
        changed.append(path.relative_to(package).as_posix())
    return changed


def rename_module(package: Path, old: str, new: str) -> None:
    """Give a module of the package another dotted name, and mend its imports and attribute uses.

    Both names are relative to the package; a new sub-package gets an `__init__` with a docstring.
    """
    source = package.joinpath(*old.split(".")).with_suffix(".py")
    target = package.joinpath(*new.split(".")).with_suffix(".py")
    target.parent.mkdir(exist_ok=True)
    if not (target.parent / "__init__.py").exists():
        (target.parent / "__init__.py").write_text('"""A new room."""\n')
    source.rename(target)
    (old_parent, _, old_name), (new_parent, _, new_name) = old.rpartition("."), new.rpartition(".")
    for path in package.rglob("*.py"):
        text = path.read_text()
        mended = text.replace(f"sparsestep.{old} import", f"sparsestep.{new} import")
        mended = mended.replace(f'"sparsestep.{old}"', f'"sparsestep.{new}"')
        imported = f"from sparsestep.{old_parent} import {old_name}\n"
        if imported in mended:
            mended = mended.replace(imported, f"from sparsestep.{new_parent} import {new_name}\n")
            mended = re.sub(rf"\b{old_name}\.(?=\w+\()", f"{new_name}.", mended)
        if mended != text:
            path.write_text(mended)
