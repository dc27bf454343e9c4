"""The package beside this workflow, found before any that is installed.

INPUTS: none. OUTPUTS: `ROOT`, the folder with config.yaml, src/ and workflow/, also where another
workflow uses this one as a module; `SOURCES`, its src/, first on the path.
"""

import io
import os
import runpy
import sys
import tarfile
import tempfile
from pathlib import Path

from snakemake.exceptions import WorkflowError


def unpacked(repository, ref):
    """Folder with all files of a commit; unpacked into Snakemake's own folder, and kept there.

    Of a workflow in a repository, `github(...)` and the like, Snakemake reads file by file what it
    includes, and keeps the repository bare.
    """
    commit = repository.commit(ref).hexsha
    folder = Path(".snakemake", "sparsestep", commit).absolute()
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        content = io.BytesIO()
        repository.archive(content, treeish=commit)
        content.seek(0)
        # Under its name when it is whole; another Snakemake may do the same.
        temporary = Path(tempfile.mkdtemp(prefix=f".{commit}.", dir=folder.parent))
        with tarfile.open(fileobj=content) as archive:
            archive.extractall(temporary, filter="data")
        temporary.chmod(0o755)
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    return folder


def folder_of_this_workflow():
    """Where the files of this workflow are; the importing workflow's are `workflow.basedir`."""
    here = workflow.current_basedir
    if isinstance(here, os.PathLike):
        return Path(here).parents[1]
    if hasattr(here, "hosted_repo"):
        return unpacked(here.hosted_repo.repo, here.ref)
    raise WorkflowError(
        f"sparsestep needs all its files, and from {here} Snakemake gets one at a time; valid: a "
        "folder, github(...), gitlab(...)"
    )


ROOT = folder_of_this_workflow()
SOURCES = ROOT / "src"
sys.path.insert(0, str(SOURCES))

# From its text, because its own bytecode may be damaged as any. Jobs find what this has made.
if workflow.is_main_process:
    bytecode = runpy.run_path(str(SOURCES / "sparsestep" / "runtime" / "bytecode.py"))
    if by_hand := bytecode["check"](SOURCES / "sparsestep"):
        raise WorkflowError(by_hand)

import sparsestep

if SOURCES.resolve() not in map(Path.resolve, Path(sparsestep.__file__).parents):
    raise WorkflowError(
        f"sparsestep from {Path(sparsestep.__file__).parent} is in use already, and this workflow "
        f"needs that from {SOURCES}; one workflow can use one of them"
    )
