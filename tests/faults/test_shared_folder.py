"""Two Snakemakes in a folder, and a folder that cannot be written."""

import shutil
import time

import pytest
from survived import record

from faults.disks import new_disk  # noqa: F401
from faults.everything import artefacts, emptied, volume
from workflow.runner import Workflow, kill_everything

COMMAND = ("--cores", "2")
LOCKED = "Directory cannot be locked"


# Without start_one_by_one (runtime/locking.py), both worked in one of three pairs.
PAIRS = 6


def test_two_at_once(reference, tmp_path):
    # Also where Snakemake has never run before, so that its own folder is not there yet.
    workflow = emptied(reference.workflow, tmp_path / "shared")
    for pair in range(PAIRS):
        workflow.forget()
        working = the_other_of_two(workflow, tmp_path)
        if pair < PAIRS - 1:
            kill_everything(working)
    assert working.wait() == 0
    assert artefacts(workflow) == reference.files
    assert workflow.planned() == {}
    record(
        "two commands at the same moment in one folder",
        f"{PAIRS} pairs: one is told so, the other one's {volume(reference.files)} are identical",
    )


def the_other_of_two(workflow, logs):
    """Start two; when one was told that it is not alone, the one that is still running."""
    started = []
    for name in ("one", "two"):
        with open(logs / name, "wb") as output:
            started.append(workflow.start(*COMMAND, output=output))
    # At most as long as computing everything takes.
    deadline = time.monotonic() + 120
    while all(each.poll() is None for each in started) and time.monotonic() < deadline:
        time.sleep(0.05)
    codes = [each.poll() for each in started]
    if set(codes) != {1, None}:
        for each in started:
            if each.poll() is None:
                kill_everything(each)
        pytest.fail(f"of two, one must be told so and the other work; exit codes: {codes}")
    told, working = codes.index(1), codes.index(None)
    said = (logs / ("one", "two")[told]).read_text()
    assert LOCKED in said
    assert "Traceback" not in said
    return started[working]


LOOKS = ("-n", "--summary", "--detailed-summary", "--dag", "--rulegraph", "--list-rules")
LOOKS += ("--list-changes code", "--list-untracked", "--report {away}/report.html")


@pytest.mark.parametrize("edit", [False, True])
def test_looking_at_a_folder_of_a_colleague(reference, tmp_path, new_disk, edit):  # noqa: F811
    disk = new_disk(tmp_path / "disk", 60_000)
    shutil.copytree(reference.workflow.folder, disk.folder, dirs_exist_ok=True)
    if edit:
        Workflow(disk.folder).edit("config.yaml", "divide_by: 2.0", "divide_by: 2.5")
    # As a finished run leaves it.
    shutil.rmtree(disk.folder / ".snakemake" / "locks", ignore_errors=True)
    disk.read_only()
    workflow = Workflow(disk.folder)
    for look in (LOOKS[0], LOOKS[1]) if edit else (*LOOKS, "--cores 1"):
        workflow.run(*look.format(away=tmp_path).split())
    assert edit or (tmp_path / "report.html").stat().st_size > 100_000
    for other in ("--unlock", "--cores 1 --forceall results/summary.csv"):
        done = workflow.snakemake(*other.split())
        assert done.returncode == 1
        assert "Traceback" not in done.stdout, done.stdout
        assert "cannot be written" in done.stdout, done.stdout
    assert artefacts(workflow) == reference.files
    record("a look at a read-only folder", f"{len(LOOKS)} commands: none fails, none writes")


@pytest.mark.parametrize("what", ["results", "everything"])
def test_read_only(reference, tmp_path, new_disk, what):  # noqa: F811
    copy = reference.workflow.copy(tmp_path / "copy")
    # Something to do.
    copy.edit("config.yaml", "divide_by: 2.0", "divide_by: 2.5")
    part = "." if what == "everything" else "results"
    disk = new_disk(tmp_path / "disk", 60_000)
    shutil.copytree(copy.folder / part, disk.folder, dirs_exist_ok=True)
    disk.read_only()
    workflow = copy if part == "results" else Workflow(disk.folder)
    if part == "results":
        shutil.rmtree(copy.folder / "results")
        (copy.folder / "results").symlink_to(disk.folder)
    done = workflow.snakemake(*COMMAND)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout, done.stdout
    said = "results cannot be written: read-only file system at"
    assert said in done.stdout, done.stdout
    assert "rule" not in done.stdout.replace("workflow/rules", "")
    assert artefacts(workflow) == reference.files
    record(
        f"{'results/' if what == 'results' else 'the whole folder'} read-only",
        f"one line before any job: `{said} ...`",
    )
