"""Another workflow, in a folder of its own, uses this one as a module."""

import copy
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from survived import record

from conftest import TINY
from faults.everything import artefacts, emptied, everything, volume
from workflow.runner import Workflow

# As `snakedeploy deploy-workflow` writes it.
IMPORTING = """
configfile: "config.yaml"

module sparsestep:
    snakefile: {snakefile}
    config: config

use rule * from sparsestep
"""
# Its rules are called otherwise, one gets a resource, its files go below a folder, its config is a
# part of another one; the importing workflow has a target and an experiment's name of its own.
PREFIXED = """
configfile: "config.yaml"

rule first:
    "Nothing of sparsestep's."
    default_target: True
    input: "made/results/report.html"

module sparsestep:
    snakefile: "sparsestep/Snakefile"
    config: config["sparse"]
    prefix: "made"

use rule * from sparsestep as sparse_*

use rule write_report from sparsestep as sparse_write_report with:
    threads: 2
"""


@pytest.fixture
def environment(tmp_path):
    """Where another sparsestep is installed, which no process may import."""
    package = tmp_path / "installed" / "sparsestep"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('the installed sparsestep')\n")
    return {**os.environ, "PYTHONPATH": str(package.parent)}


@pytest.fixture
def sources(reference, tmp_path):
    """The workflow's files in a folder, kernels compiled."""
    workflow = emptied(reference.workflow, tmp_path / "sparsestep's")
    # With a config that would fail: the importing workflow brings one.
    workflow.write_config({"experiments": "none"})
    return workflow.folder


def importing(folder, snakefile, config):
    folder.mkdir()
    workflow = Workflow(folder)
    (folder / "Snakefile").write_text(snakefile)
    workflow.write_config(config)
    return workflow


def run(workflow, environment, *options):
    command = [sys.executable, "-P", "-m", "snakemake", *options]
    done = subprocess.run(
        command, cwd=workflow.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_in_a_folder(reference, sources, environment, tmp_path):
    snakefile = IMPORTING.format(snakefile=repr(str(sources / "Snakefile")))
    workflow = importing(tmp_path / "importing", snakefile, everything())
    run(workflow, environment, "--cores", "2")
    assert artefacts(workflow) == reference.files
    assert "Nothing to be done" in run(workflow, environment, "-n")
    record(
        "another workflow, in another folder, uses this one as a module; another sparsestep is "
        "installed",
        f"{volume(reference.files)} identical",
    )


def test_with_a_prefix_and_other_names(sources, environment, tmp_path):
    workflow = importing(tmp_path / "importing", PREFIXED, {"sparse": TINY, "other": 1})
    # Beside the importing Snakefile, as a git submodule is.
    shutil.copytree(sources, workflow.folder / "sparsestep")
    output = run(workflow, environment, "--cores", "2")
    assert "rule sparse_write_report" in output
    made = workflow.folder / "made" / "results"
    wanted = {"report.html", "summary.csv", "divergence.csv", "claims.csv", "published.csv"}
    assert wanted <= {p.name for p in made.iterdir()}
    assert not (workflow.folder / "results").exists()
    assert "Nothing to be done" in run(workflow, environment, "-n")
    # Captions of Snakemake's own report read the experiments.
    run(workflow, environment, "--report", "report.zip")
    with zipfile.ZipFile(workflow.folder / "report.zip") as report:
        page = b"".join(report.read(name) for name in report.namelist()).decode("utf-8", "replace")
    assert "Each panel shows one quantity" in page


def committed(folder):
    """The name of the commit that holds these files."""
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y", "-C", str(folder)]
    ignored = "results\n.snakemake\n__pycache__\n"
    (folder / ".gitignore").write_text(ignored)
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *command], check=True)
    done = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_in_a_repository(sources, environment, tmp_path):
    commit = committed(sources)
    # Where Snakemake would clone it to.
    cache = tmp_path / "cache" / "snakemake" / "snakemake" / "source-cache" / "snakemake-git-cache"
    clone = cache / "github.com" / "owner" / "sparsestep"
    subprocess.run(["git", "clone", "-q", "--bare", str(sources), str(clone)], check=True)
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    config = copy.deepcopy(TINY)
    del config["experiments"]["first"]["runs"]["small"], config["figures"]["ends"]
    snakefile = f'github("owner/sparsestep", path="Snakefile", commit="{commit}")'
    workflow = importing(tmp_path / "importing", IMPORTING.format(snakefile=snakefile), config)
    run(workflow, environment, "--cores", "2")
    assert (workflow.folder / "results" / "report.html").is_file()
    assert "Nothing to be done" in run(workflow, environment, "-n")
    (unpacked,) = (workflow.folder / ".snakemake" / "sparsestep").iterdir()
    assert unpacked.name == commit
