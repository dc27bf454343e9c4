"""Slurm's daemons go away while the workflow runs: it goes on by itself, and nothing runs twice."""

import re
import subprocess
import time
from pathlib import Path

import pytest

from conftest import TINY
from slurm.cluster import PARTITION, run
from slurm.test_slurm import AT_ONCE, create, readme_options
from workflow.runner import Workflow, kill_everything

# The plugin's words (--verbose) whenever it begins to ask.
ASKED = "Checking the status of"
# A job for each of the two runs, and the second one not before the first has ended.
ONE_BY_ONE = ("--group-components", "runs=1", "--jobs", "1")


class Running:
    """A Snakemake whose problems, trainings and measurements wait for a word each."""

    def __init__(self, workflow: Workflow, log: Path, *options: str):
        self.workflow = workflow
        self.folder = workflow.folder
        self.log = log
        for stage in ("generate", "train", "measure"):
            command = f"python -m sparsestep.stages.{stage} "
            begins = f"echo x${{{{SLURM_JOB_ID:-}}}} >>{stage}"
            waits = f"until [ -e may-{stage} ]; do sleep 0.1; done"
            workflow.edit(f"workflow/rules/{stage}.smk", command, f"{begins}; {waits}; {command}")
        with log.open("w") as output:
            self.process = workflow.start(
                *("measurements", *readme_options(), *AT_ONCE, "--verbose", *options),
                output=output,
            )

    def begun(self, stage: str) -> list[str]:
        """For each job of a stage that has begun, the Slurm job that it belongs to."""
        path = self.folder / stage
        return path.read_text().split() if path.exists() else []

    def let(self, *stages: str) -> None:
        """Their jobs need not wait any longer."""
        for stage in stages:
            (self.folder / f"may-{stage}").touch()

    def until(self, condition, seconds: float = 240) -> None:
        """Returns when it holds; raises with the output when it does not come about."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"ended ({self.process.poll()}) or stuck:\n{self.tail()}")
            time.sleep(0.2)

    def until_said(self, words: str) -> None:
        """Until its output has them."""
        self.until(lambda: words in self.log.read_text())

    def until_asked(self) -> None:
        """Until it has begun to ask twice more, so that it has asked once more."""
        before = self.log.read_text().count(ASKED)
        self.until(lambda: self.log.read_text().count(ASKED) >= before + 2)

    def finish(self) -> None:
        """It ends well."""
        try:
            assert self.process.wait(timeout=300) == 0, self.tail()
        except subprocess.TimeoutExpired:
            raise AssertionError(f"waits for ever:\n{self.tail()}") from None

    def tail(self) -> str:
        """The end of its output."""
        return self.log.read_text()[-6000:]

    def log_of_jobs(self) -> str:
        """What Slurm keeps of its jobs' output."""
        logs = (self.folder / ".snakemake" / "slurm_logs").rglob("*.log")
        return "".join(log.read_text() for log in logs)

    def jobs(self) -> dict[str, str]:
        """All that Slurm has got from it: number and state."""
        (name,) = set(re.findall(r"SLURM run ID: (\S+)", self.log.read_text()))
        lines = run("squeue", "-h", "--states=all", f"--name={name}", "--format=%i %T")
        return dict(line.split() for line in lines.splitlines())


@pytest.fixture
def begin(cluster, local, tmp_path):
    """Start Snakemake with some options more; it is killed in the end."""
    begun = []

    def start(*options: str) -> Running:
        workflow = create(local, tmp_path / "workflow", TINY)
        begun.append(Running(workflow, tmp_path / "log", *options))
        return begun[-1]

    yield start
    for running in begun:
        if running.process.poll() is None:
            kill_everything(running.process)


def same_files(running: Running, local: Workflow) -> str:
    """As without Slurm, byte by byte; a phrase that says how many."""
    made = running.workflow.contents("problems/**/*", "runs/**/*")
    expected = local.contents("problems/**/*", "runs/**/*")
    assert len(made) == 5
    assert made == {name: expected[name] for name in made}
    return f"{len(made)} files the same"


def check(running: Running, local: Workflow, jobs: int) -> str:
    """Each run was trained once, in so many jobs, to the same bytes; a phrase that says so."""
    submitted = running.jobs()
    assert len(submitted) == jobs
    # Its node may still clean up.
    assert set(submitted.values()) <= {"COMPLETED", "COMPLETING"}
    trained = running.begun("train")
    assert len(trained) == 2
    assert {job.removeprefix("x") for job in trained} == set(submitted)
    return f"{jobs} job{'s' * (jobs > 1)}, each run trained once, {same_files(running, local)}"


def test_accounting_is_away(cluster, local, begin, figure):
    """From the first job's training on; the second job is submitted meanwhile."""
    running = begin(*ONE_BY_ONE)
    running.let("generate")
    running.until(lambda: running.begun("train"))
    cluster.stop_daemon("slurmdbd")
    try:
        running.until_asked()
        running.let("train", "measure")
        running.finish()
    finally:
        cluster.start_accounting()
    figure(f"accounting away while jobs run and are submitted: {check(running, local, jobs=2)}")


def test_controller_is_away(cluster, local, begin, figure):
    """From training to measurement, which is a step of its own and cannot start meanwhile."""
    running = begin()
    running.let("generate")
    running.until(lambda: running.begun("train"))
    cluster.stop_daemon("slurmctld")
    try:
        running.let("train", "measure")
        running.until(lambda: "trying again until Slurm is back" in running.log_of_jobs())
    finally:
        cluster.start_controller()
    running.finish()
    figure(f"controller away while a job runs: {check(running, local, jobs=1)}")


def test_controller_and_accounting_are_away(cluster, local, begin, figure):
    """While a job ends: nobody says so until both are back."""
    running = begin()
    running.let("generate", "train")
    running.until(lambda: running.begun("measure"))
    cluster.stop_daemon("slurmctld")
    cluster.stop_daemon("slurmdbd")
    try:
        running.let("measure")
        running.until_said("does not say how its jobs are")
    finally:
        cluster.start_accounting()
        cluster.start_controller()
    running.finish()
    figure(f"controller and accounting away while it ends: {check(running, local, jobs=1)}")


def test_job_is_taken_but_the_answer_is_lost(cluster, local, begin, figure):
    """`sbatch` fails, and yet the job is submitted when the controller goes on."""
    running = begin()
    running.until(lambda: running.begun("generate"))
    with cluster.hanging("slurmctld"):
        running.let("generate", "train", "measure")
        running.until_said("takes no jobs now")
    running.finish()
    figure(f"answer to sbatch lost: {check(running, local, jobs=1)}")


def test_jobs_are_refused_for_a_while(cluster, local, begin, figure):
    """As before a maintenance."""
    running = begin()
    running.until(lambda: running.begun("generate"))
    run("scontrol", "update", f"partitionname={PARTITION}", "state=drain")
    try:
        running.let("generate", "train", "measure")
        running.until_said("takes no jobs now")
    finally:
        run("scontrol", "update", f"partitionname={PARTITION}", "state=up")
    running.finish()
    figure(f"jobs refused for a while: {check(running, local, jobs=1)}")


def test_a_job_is_cancelled(cluster, local, begin, figure):
    """By hand, or by a controller that has lost it: accounting says by whom."""
    running = begin()
    running.let("generate", "measure")
    running.until(lambda: running.begun("train"))
    (cancelled,) = running.jobs()
    run("scancel", cancelled)
    running.until(lambda: len(running.jobs()) == 2)
    running.let("train")
    running.finish()
    jobs = running.jobs()
    assert jobs.pop(cancelled) == "CANCELLED"
    assert set(jobs.values()) <= {"COMPLETED", "COMPLETING"}
    figure(f"job cancelled: submitted again, {same_files(running, local)}")
