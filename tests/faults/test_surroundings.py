"""Files beside a workflow, and its user's settings, change and break nothing."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from survived import record

from faults.everything import artefacts, emptied, volume

# Scripts that a user may well have, named as modules that jobs import.
SCRIPTS = ("random", "queue", "numbers", "statistics", "secrets", "seaborn", "yaml", "sparsestep")
MATPLOTLIBRC = """
text.usetex: True
savefig.bbox: tight
svg.fonttype: path
font.family: serif
axes.prop_cycle: cycler('color', ['k'])
figure.constrained_layout.use: True
"""


def run(workflow, environment):
    """Start it as a user does: `python -m` would itself look into the working directory."""
    command = [Path(sys.executable).parent / "snakemake", "--cores", "2"]
    done = subprocess.run(
        command, cwd=workflow.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("place", ["folder", "home"])
def test_a_user_s_scripts_and_matplotlibrc(reference, tmp_path, place):
    workflow = emptied(reference.workflow, tmp_path / "beside")
    home = tmp_path / "home"
    settings = workflow.folder if place == "folder" else home / ".config" / "matplotlib"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "matplotlibrc").write_text(MATPLOTLIBRC)
    for name in SCRIPTS if place == "folder" else ():
        (workflow.folder / f"{name}.py").write_text("raise SystemExit('mine')\n")
    environment = {**os.environ, "HOME": str(home)} if place == "home" else dict(os.environ)
    environment.pop("XDG_CONFIG_HOME", None)
    run(workflow, environment)
    assert artefacts(workflow) == reference.files
    record(
        "scripts in the folder that are called like Python's modules; a matplotlibrc there or at "
        "home, with LaTeX, other fonts, cropped pages",
        f"{len(SCRIPTS)} scripts, 2 places; {volume(reference.files)} identical",
    )


def test_sources_dated_ahead(reference, tmp_path):
    """A checkout made where the clock is ahead: Snakemake would refuse every report as too old."""
    edited = reference.workflow.copy(tmp_path / "ahead")
    pages = edited.folder / "workflow" / "report"

    def date_ahead():
        for path in pages.rglob("*.*"):
            os.utime(path, (time.time() + 86400,) * 2)

    date_ahead()
    (edited.folder / "results" / "report.html").unlink()
    assert "dated ahead of this machine's clock" in edited.run("--cores", "2")
    assert edited.planned() == {}
    # An edit is noticed, by a clock that is right and by one that is ahead.
    for word in ("Every point", "All points"):
        path = pages / "training_curves.rst"
        path.write_text(f"{path.read_text()}\n{word}.\n")
        if word == "All points":
            date_ahead()
        assert edited.planned() == {"write_report": 1}
        edited.run("--cores", "2")
        assert word in (edited.folder / "results" / "report.html").read_text()
        assert edited.planned() == {}
    record(
        "captions and the page's template dated a day ahead of the clock, and edited there",
        "the report is made, nothing is left to do, edits are noticed",
    )
