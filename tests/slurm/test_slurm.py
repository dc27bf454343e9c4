"""The workflow on a real Slurm, with the users' profile: the same bytes, whatever is killed."""

import copy
import itertools
import re
import shlex
import subprocess
import time
from dataclasses import dataclass

import psutil
import pytest

from conftest import ROOT, TINY
from slurm.cluster import ACCOUNT, NODES, PARTITION, run
from slurm.conftest import empty_copy
from workflow.runner import ARTEFACTS

# A site's queues are long, the profile's patience too; here nothing waits.
ALL = ("all", "use_gpus")
AT_ONCE = ("--slurm-init-seconds-before-status-checks", "1")


def readme_options():
    """What README tells a user to type on a cluster."""
    (command,) = re.findall(
        r"^(snakemake .*profiles/slurm.*)", (ROOT / "README.md").read_text(), re.M
    )
    return tuple(shlex.split(command, comments=True)[1:])


@dataclass
class Job:
    """A line of `sacct`."""

    number: str
    state: str
    node: str
    resources: dict[str, str]
    start: str
    end: str

    @property
    def gpus(self):
        return int(self.resources.get("gres/gpu", 0))


def sacct(output):
    """All jobs of the Snakemake that printed this, each with all its attempts."""
    (name,) = re.findall(r"SLURM run ID: (\S+)", output)
    columns = "JobID,State,NodeList,AllocTRES,Start,End"
    lines = run("sacct", "-XnPD", f"--name={name}", f"--format={columns}").splitlines()
    jobs = []
    for line in lines:
        number, state, node, resources, start, end = line.split("|")
        granted = dict(part.split("=") for part in resources.split(",") if part)
        jobs.append(Job(number, state.split()[0], node, granted, start, end))
    return jobs


def create(local, folder, config):
    """The workflow with the profile filled in as README says."""
    workflow = empty_copy(local, folder, config)
    workflow.edit("profiles/slurm/config.yaml", "your_account", ACCOUNT)
    workflow.edit("profiles/slurm/config.yaml", "your_partition", PARTITION)
    return workflow


def compare(workflow, local):
    """The same files, byte by byte, as without Slurm; a phrase that says how many."""
    expected = local.contents(*ARTEFACTS)
    assert workflow.contents(*ARTEFACTS) == expected
    assert len(expected) >= 3
    return f"{len(expected)} files ({sum(map(len, expected.values()))} bytes) as without Slurm"


@pytest.fixture(scope="module")
def submitted(cluster, local, tmp_path_factory):
    """Ten runs and three jobs that need a GPU."""
    workflow = create(local, tmp_path_factory.mktemp("submitted") / "workflow", local.config)
    with (workflow.folder / "Snakefile").open("a") as snakefile:
        snakefile.write(f'\n\ninclude: "{ROOT / "tests" / "slurm" / "gpu.smk"}"\n')
    workflow.output = workflow.run(*readme_options(), *AT_ONCE, *ALL)
    return workflow


def test_jobs_land_on_both_nodes(submitted, figure):
    jobs = sacct(submitted.output)
    assert {job.state for job in jobs} == {"COMPLETED"}
    computing = [job for job in jobs if not job.gpus]
    assert {job.node for job in computing} == set(NODES)
    # Eight runs, and two, with their measurements; figures and the like are not submitted.
    assert sorted(job.resources["cpu"] for job in computing) == ["2", "4"]
    rules = re.findall(r"Finished jobid: \d+ \(Rule: (\w+)\)", submitted.output)
    assert rules.count("train_run") == rules.count("measure_run") == 10
    figure(f"20 steps of training and measurement in {len(computing)} jobs on {len(NODES)} nodes")


def test_gpu_jobs_have_a_gpu_each(submitted, figure):
    jobs = [job for job in sacct(submitted.output) if job.gpus]
    assert len(jobs) == 3
    assert {(job.gpus, job.resources["cpu"]) for job in jobs} == {(1, "2")}
    assert {job.node for job in jobs} == set(NODES)
    for one, other in itertools.combinations(jobs, 2):
        assert one.node != other.node or one.end <= other.start or other.end <= one.start
    for path in (submitted.folder / "gpu").glob("*.txt"):
        assert path.read_text() == "1\n"
    figure(f"{len(jobs)} GPU jobs, one a GPU, on {len({job.node for job in jobs})} GPUs")


def test_same_bytes_as_without_slurm(submitted, local, figure):
    figure(compare(submitted, local))
    # Jobs read the Snakefile again; they neither kept nor took away Snakemake's lock.
    assert not list((submitted.folder / ".snakemake").glob("locks/*"))


def training(other_than=None, seconds=120):
    """A process that has trained for a second, its Slurm job and its node."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for process in psutil.process_iter():
            try:
                command, environment = process.cmdline(), process.environ()
            except psutil.Error:
                continue
            job = environment.get("SLURM_JOB_ID", other_than)
            if command[1:3] == ["-m", "sparsestep.stages.train"] and job != other_than:
                time.sleep(1.0)
                assert process.is_running(), "training is too short to be killed"
                return process, job, environment["SLURMD_NODENAME"]
        time.sleep(0.1)
    raise AssertionError("no training job started")


def test_a_training_job_and_then_its_node_are_killed(cluster, local, tmp_path, figure):
    config = copy.deepcopy(TINY)
    first = config["experiments"]["first"]
    first |= {"iterations": 1_500_000, "replicates": 16}
    del first["runs"]["decay-50"], first["claims"]
    first["problem"] |= {"dimension": 1000, "n_train": 40}
    workflow = create(local, tmp_path / "workflow", config)
    with (tmp_path / "log").open("w") as log:
        started = subprocess.Popen(
            workflow.command("measurements", *readme_options(), *AT_ONCE),
            cwd=workflow.folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            process, first_job, _ = training()
            process.kill()
            _, second_job, node = training(other_than=first_job)
            cluster.kill_node(node)
            # Meanwhile.
            undisturbed = empty_copy(local, tmp_path / "undisturbed", config)
            undisturbed.run("measurements", "--cores", "2")
            assert started.wait(timeout=240) == 0, (tmp_path / "log").read_text()
        finally:
            started.kill()
            started.wait()
    jobs = sacct((tmp_path / "log").read_text())
    failed = [job for job in jobs if job.number == first_job]
    assert [job.state for job in failed] == ["FAILED"]
    # Snakemake's second attempt, which asks for more; then Slurm's, of the same job.
    lost, requeued = [job for job in jobs if job.number == second_job]
    assert (lost.node, lost.state) == (node, "NODE_FAIL")
    assert requeued.state == "COMPLETED"
    assert requeued.node != node
    assert requeued.resources["mem"] == "4000M" != failed[0].resources["mem"]
    assert len(jobs) == 3
    figure(f"a training job killed, then its slurmd: {compare(workflow, undisturbed)}")
