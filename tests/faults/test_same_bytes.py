"""The same bytes whatever surrounds the run."""

import os
import random
import shutil
import subprocess

import pytest
from survived import record

from faults.damage import KINDS, caches, damage
from faults.everything import (
    ARTEFACTS,
    artefacts,
    emptied,
    order_of_jobs,
    volume,
)
from workflow.runner import Workflow

# Beside the Snakefile: the same workflow, its jobs in another order.
SHUFFLED = """
import random

draw = random.Random({seed})

include: "Snakefile"

for each in workflow.rules:
    if each.name != "all":
        each.priority = lambda wildcards: draw.randrange(1000)
"""


def environment(**changes):
    """This one, without its own locale, with these changes."""
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))
    }
    return {**own, **changes}


@pytest.fixture(scope="session")
def german(tmp_path_factory):
    """What makes a locale with decimal commas, where this can be had."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef"):
        command = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(folder / "de_DE.UTF-8")]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode == 0:
            return {"LOCPATH": str(folder), "LC_ALL": "de_DE.UTF-8"}
    installed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    names = [name for name in installed.split() if name.startswith(("de_", "fr_", "es_"))]
    return {"LC_ALL": names[0] if names else "C.UTF-8"}


def test_four_cores_damaged_kernels_another_order_and_locale(reference, tmp_path, german):
    workflow = emptied(reference.workflow, tmp_path / "cold")
    kernels = caches(workflow, ".nbc")
    assert len(kernels) > 10
    for number, path in enumerate(kernels):
        damage(path, KINDS[number % len(KINDS)], random.Random(number))
    damaged = {path: path.read_bytes() for path in kernels}
    seed = random.SystemRandom().randrange(10**6)
    (workflow.folder / "Shuffled").write_text(SHUFFLED.format(seed=seed))
    surroundings = environment(**german, TZ="Pacific/Kiritimati", PYTHONHASHSEED="random")
    output = workflow.run("--cores", "4", "-s", "Shuffled", "all", env=surroundings)
    assert artefacts(workflow) == reference.files
    assert not any(damaged[path] == path.read_bytes() for path in kernels)
    assert caches(workflow, ".nbc") == kernels
    assert sorted(order_of_jobs(output)) == sorted(reference.jobs)
    assert order_of_jobs(output) != reference.jobs
    record(
        "4 cores, compiled kernels that are empty, cut, or have a byte flipped, jobs in random "
        f"order of priority, locale {german['LC_ALL']}, time zone +14, random hash seed",
        f"{len(kernels)} kernels compiled anew; {volume(reference.files)} identical",
    )


def test_one_core_from_elsewhere(reference, tmp_path):
    """Warm kernels; another working directory, and config.yaml somewhere else."""
    workflow = emptied(reference.workflow, tmp_path / "sources")
    elsewhere = Workflow(tmp_path / "elsewhere")
    elsewhere.folder.mkdir()
    shutil.move(workflow.folder / "config.yaml", elsewhere.folder / "mine.yaml")
    shutil.copy2(reference.workflow.folder / "config.yaml", workflow.folder)
    snakefile, config = workflow.folder / "Snakefile", elsewhere.folder / "mine.yaml"
    options = ("-s", str(snakefile), "--directory", str(elsewhere.folder), "--configfile")
    options += (str(config), "--cores", "1")
    surroundings = environment(LC_ALL="C", TZ="America/St_Johns", PYTHONHASHSEED="1")
    Workflow(tmp_path).run(*options, env=surroundings)
    assert artefacts(elsewhere) == reference.files
    assert not (workflow.folder / "results").exists()
    record(
        "1 core, compiled kernels, another working directory and configfile, LC_ALL=C, "
        "time zone -3:30, another hash seed",
        f"{volume(reference.files)} identical",
    )


def test_targets_one_by_one_in_random_order(reference, tmp_path):
    workflow = emptied(reference.workflow, tmp_path / "shuffled")
    draw = random.Random(random.SystemRandom().randrange(10**6))
    targets = [name for name in reference.files if not name.endswith(".sha256")]
    chosen = [f"results/{name}" for name in draw.sample(targets, 3)]
    surroundings = environment(PYTHONHASHSEED="2")
    surroundings.pop("TZ", None)
    for target in chosen:
        workflow.run("--cores", "2", target, env=surroundings)
    workflow.run("--cores", "2", env=surroundings)
    assert artefacts(workflow) == reference.files
    assert workflow.planned() == {}
    record(
        f"{len(chosen)} random targets one by one, then the rest; no locale, no time zone",
        f"{volume(reference.files)} identical",
    )


def test_every_file_is_compared(reference):
    """But logs, benchmarks, and what is there to be read by nobody."""
    results = reference.workflow.folder / "results"
    all_files = {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()}
    others = {name for name in all_files if name.startswith(("logs/", "benchmarks/"))}
    assert all_files - others == set(reference.files), ARTEFACTS
