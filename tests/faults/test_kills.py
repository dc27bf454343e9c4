"""Killed at random instants, and started again by the same command."""

import contextlib
import random
import subprocess
import time

import psutil
from survived import record

from faults.everything import artefacts, emptied, volume
from workflow.runner import kill_everything

INSTANTS = 20
COMMAND = ("--cores", "2")
# What a user would have to do something about.
MANUAL = ("cannot be locked", "--unlock", "IncompleteFilesException", "--rerun-incomplete")


def killed_after(workflow, seconds, log):
    """Start and kill the command; the stages of its jobs, or None where it had ended by then."""
    with open(log, "wb") as output:
        started = workflow.start(*COMMAND, output=output)
        try:
            assert started.wait(seconds) == 0, log.read_text()
        except subprocess.TimeoutExpired:
            stages = set(stages_below(psutil.Process(started.pid)).values())
            kill_everything(started)
            return stages
    return None


def stages_below(snakemake):
    """The stages that run as jobs of this Snakemake, by process."""
    stages = {}
    for child in snakemake.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            # python -m sparsestep.stages.<stage>
            module = "".join(child.cmdline()[2:3])
            if module.startswith("sparsestep.stages."):
                stages[child] = module.rpartition(".")[2]
    return stages


def assert_whole(workflow, reference):
    assert artefacts(workflow) == reference.files
    assert not list((workflow.folder / "results").rglob("*.tmp"))
    assert not (workflow.folder / "results" / ".resume").exists()
    assert workflow.planned() == {}


def test_everything_killed_at_random_instants(reference, tmp_path):
    seed = random.SystemRandom().randrange(10**6)
    draw = random.Random(seed)
    print(f"seed {seed}")
    workflow = emptied(reference.workflow, tmp_path / "killed")
    # On average an attempt computes part of the whole, so that kills come everywhere in it.
    longest = 2 * (reference.seconds_to_start + reference.seconds / 15)
    log = tmp_path / "log"
    instants, runs, stages = 0, 1, set()
    while instants < INSTANTS:
        killed = killed_after(workflow, draw.uniform(0, longest), log)
        if killed is None:
            assert_whole(workflow, reference)
            workflow.forget()
            runs += 1
        else:
            instants += 1
            stages |= killed
        assert not any(words in log.read_text() for words in MANUAL), log.read_text()
    workflow.run(*COMMAND)
    assert_whole(workflow, reference)
    record(
        "`kill -9` of Snakemake and all its jobs, then the same command",
        f"{INSTANTS} random instants in {runs} runs, jobs of {len(stages)} stages killed; "
        f"{volume(reference.files)} identical to the undisturbed run's",
    )


def test_jobs_end_when_only_snakemake_is_killed(reference, tmp_path):
    workflow = emptied(reference.workflow, tmp_path / "orphans")
    workflow.edit(
        "src/sparsestep/stages/train.py",
        "def main(arguments):\n",
        "def main(arguments):\n    import pathlib, time\n"
        "    time.sleep(0 if pathlib.Path('quick').exists() else 600)\n",
    )
    started = workflow.start(*COMMAND, "measurements")
    orphan = job_of(psutil.Process(started.pid), "train")
    started.kill()
    started.wait()
    (workflow.folder / "quick").touch()
    output = workflow.run(*COMMAND, "measurements")
    assert not any(words in output for words in MANUAL), output
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    record(
        "`kill -9` of Snakemake alone, its jobs go on, then the same command at once",
        "they end by themselves, and the command waits for that",
    )


def job_of(snakemake, wanted):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for job, stage in stages_below(snakemake).items():
            if stage == wanted:
                return job
        time.sleep(0.05)
    raise AssertionError(f"no {wanted} was started")
