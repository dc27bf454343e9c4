"""A disk that is full while something is written."""

import re
import shutil
import subprocess

from survived import record

from faults.disks import new_disk  # noqa: F401
from faults.everything import STAGES, artefacts, volume, without_caches
from workflow.runner import Workflow

FULL = "No space left on device"


def stage_commands(workflow):
    """A shell command of every stage, as Snakemake would run it."""
    output = workflow.run("-n", "-p", "--forceall", "--cores", "1")
    commands = re.findall(r"Shell command: *\n(.*?2>\S+)\n", output, flags=re.DOTALL)
    return {re.search(r"sparsestep\.stages\.(\w+)", each)[1]: each for each in commands}


def test_every_stage_on_a_full_disk(reference, tmp_path, new_disk):  # noqa: F811
    workflow = reference.workflow.copy(tmp_path / "stages")
    shutil.move(workflow.folder / "results", tmp_path / "results")
    disk = new_disk(workflow.folder / "results", 16_000)
    shutil.copytree(tmp_path / "results", workflow.folder / "results", dirs_exist_ok=True)
    commands = stage_commands(workflow)
    assert set(commands) == set(STAGES)
    for stage, command in commands.items():
        log = workflow.folder / command.rpartition("2>")[2]
        # It would be emptied, and leave room for the message.
        log.write_bytes(b"")
        disk.fill()
        done = subprocess.run(
            ["bash", "-c", command], cwd=workflow.folder, capture_output=True, text=True
        )
        said = done.stdout + log.read_text()
        assert done.returncode == 1, (stage, said)
        pattern = rf"^sparsestep {stage}: results/\S+: cannot be written: {FULL}$"
        assert re.search(pattern, said, flags=re.MULTILINE), said
        assert "Traceback" not in said
        disk.make_room()
        assert artefacts(workflow) == reference.files
        assert not list((workflow.folder / "results").rglob("*.tmp"))
    record(
        "the disk is full when a stage writes",
        f"each of the {len(commands)} stages: one line with the file and `{FULL}`; "
        f"{volume(reference.files)} as before",
    )


def test_the_whole_folder_on_a_disk_that_grows(reference, tmp_path, new_disk):  # noqa: F811
    # Neither compiled: where the disk fills up, it fills up while that is written too.
    empty = without_caches(reference.workflow, tmp_path / "empty")
    base = sum(path.stat().st_size // 1024 + 8 for path in empty.folder.rglob("*"))
    disk = new_disk(tmp_path / "disk", base)
    shutil.copytree(empty.folder, disk.folder, dirs_exist_ok=True)
    workflow = Workflow(disk.folder)
    disk.resize(used := int(subprocess.check_output(["du", "-sk", disk.folder]).split()[0]))
    attempts, room = 0, 32
    while (done := workflow.snakemake("--cores", "2")).returncode != 0:
        attempts += 1
        assert room < 30_000, done.stdout
        assert FULL in done.stdout, done.stdout
        assert "src/sparsestep/" not in done.stdout, f"a traceback of ours: {done.stdout}"
        assert artefacts(workflow).items() <= reference.files.items()
        room *= 2
        disk.resize(used + room)
    assert artefacts(workflow) == reference.files
    assert workflow.planned() == {}
    record(
        "the disk of the whole folder, with nothing compiled, is full, grows a little, is full "
        "again, ...",
        f"the same command {attempts} times to no avail, nothing half-written; then once more: "
        f"{volume(reference.files)} identical",
    )
