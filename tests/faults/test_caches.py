"""Bytecode and compiled kernels that are damaged, or cannot be written, stop nothing."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from survived import record

from conftest import ROOT
from faults.damage import KINDS, caches, damage
from faults.disks import new_disk  # noqa: F401
from faults.everything import artefacts, without_caches
from faults.test_full_disk import stage_commands

KERNEL = """
import numba

@numba.njit(cache=True)
def kernel(x):
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i] * x[i]
    return total
"""
# Imports what a stage imports, then the kernel's module as one of the package.
STARTED = """
import importlib.util, sys
import sparsestep.training
assert "numba" not in sys.modules
spec = importlib.util.spec_from_file_location("sparsestep.kernels", sys.argv[1])
module = sys.modules["sparsestep.kernels"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
import numpy as np
print(module.kernel(np.arange(4.0)), sum(module.kernel.stats.cache_hits.values()))
"""
AT_ONCE = 8


@pytest.fixture(scope="module")
def counted():
    """Files of bytecode that were damaged."""
    return []


@pytest.mark.parametrize("kind", KINDS)
def test_bytecode(reference, tmp_path, counted, kind):
    # Bytecode says where it was made: what is made anew in a copy is not the same.
    workflow = without_caches(reference.workflow, tmp_path / "bytecode")
    workflow.run("-n")
    files = {path: path.read_bytes() for path in caches(workflow, ".pyc")}
    assert len(files) > 200
    draw = random.Random(kind)
    for path in files:
        damage(path, kind, draw)
    assert workflow.planned()
    assert {path: path.read_bytes() for path in caches(workflow, ".pyc")} == files
    counted.extend(files)
    record(
        "all bytecode is empty, cut, or has a byte flipped in each file",
        f"{len(counted)} files: made anew when Snakemake starts",
    )


def test_many_processes_compile_the_same_at_once(tmp_path):
    source = tmp_path / "kernels.py"
    source.write_text(KERNEL)
    command = [sys.executable, "-c", STARTED, source]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    surroundings.pop("NUMBA_CACHE_DIR", None)
    started = [
        subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, text=True)
        for _ in range(AT_ONCE)
    ]
    assert {each.communicate()[0].split()[0] for each in started} == {"14.0"}
    assert len(list(tmp_path.rglob("*.nbc"))) == 1
    assert not list(tmp_path.rglob("*.tmp"))
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["14.0", "1"]


def test_files_cannot_grow_while_python_compiles(reference, tmp_path):
    workflow = without_caches(reference.workflow, tmp_path / "short")
    command = ["bash", "-c", 'ulimit -f 8; exec "$@"', "-", *workflow.command("-n")]
    subprocess.run(command, cwd=workflow.folder, capture_output=True, check=False)
    # What Python itself wrote in such a moment ended every later command.
    assert workflow.planned()


def test_neither_sources_nor_home_can_be_written(reference, tmp_path, new_disk):  # noqa: F811
    workflow = reference.workflow.copy(tmp_path / "read_only")
    command = stage_commands(workflow)["train"]
    shutil.move(workflow.folder / "src", tmp_path / "src")
    disk = new_disk(workflow.folder / "src", 16_000)
    ignored = shutil.ignore_patterns("__pycache__")
    sources = shutil.copytree(
        tmp_path / "src", workflow.folder / "src", dirs_exist_ok=True, ignore=ignored
    )
    disk.read_only()
    own = {name: value for name, value in os.environ.items() if name != "XDG_CACHE_HOME"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    surroundings = {**own, "HOME": "/dev/null", "PYTHONPATH": str(sources), "PATH": path}
    done = subprocess.run(["bash", "-c", command], cwd=workflow.folder, env=surroundings)
    log = workflow.folder / command.rpartition("2>")[2]
    assert done.returncode == 0, log.read_text()
    assert artefacts(workflow) == reference.files
    record(
        "a stage starts where neither its sources nor a home can be written",
        "it compiles its kernels each time; the same file",
    )
