"""What stands before Slurm's commands, with commands that answer as a Slurm which is away does."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sparsestep.runtime import slurm

ROOT = Path(__file__).resolve().parents[3]
AWAY = "sbatch: error: Batch job submission failed: Unable to contact slurm controller"
LOST = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
NO_ACCOUNT = "sbatch: error: Batch job submission failed: Invalid account"
ACCOUNTING_AWAY = "sacctmgr: error: Sending PersistInit msg: Connection refused"
SUBMIT = ("--parsable", "--comment", "group_runs", "--wrap", "true")
STATES = ("-X", "--format=JobIdRaw,State", "--name", "run")


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Slurm's commands, as shell scripts by name; each writes its arguments into `called`."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/before:{folder}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(slurm, "PAUSE", 0.0)

    def write(**scripts):
        for name, script in scripts.items():
            path = folder / name
            path.write_text(f'#!/bin/sh\necho {name} "$@" >>called\n{script}\n')
            path.chmod(0o755)

    return write


def fail(message):
    return f"echo '{message}' >&2; exit 1"


def called(name):
    return [line for line in Path("called").read_text().splitlines() if line.split()[0] == name]


def call(name, *arguments):
    return slurm.main(f"{os.getcwd()}/before/{name}", *arguments)


def test_sbatch_submits_when_the_controller_is_back(commands, capfd):
    commands(sbatch=f"[ -e tried ] && echo 7 || {{ touch tried; {fail(AWAY)}; }}", squeue="")
    assert call("sbatch", *SUBMIT) == 0
    assert capfd.readouterr().out == "7\n"
    assert len(called("sbatch")) == 2
    # The controller may still be busy with the first.
    assert len(called("squeue")) == 2


@pytest.mark.parametrize(
    ("parsable", "printed"), [(True, "12\n"), (False, "Submitted batch job 12\n")]
)
def test_sbatch_does_not_submit_what_slurm_has_got(commands, capfd, parsable, printed):
    take = f'while [ "$1" != --comment ]; do shift; done; echo "$2" >got; {fail(LOST)}'
    commands(
        # A second time it is taken at once: who does not know the first would go on for ever.
        sbatch=f"[ -e got ] && echo 13 && exit; {take}",
        # Of another job, and of this one.
        squeue='echo "11|group_runs sparsestep-0"; echo "12|$(cat got)"',
    )
    assert call("sbatch", *SUBMIT[not parsable :]) == 0
    assert capfd.readouterr().out == printed
    assert len(called("sbatch")) == 1


def test_sbatch_passes_on_what_is_final(commands, capfd):
    commands(sbatch=fail(NO_ACCOUNT))
    assert call("sbatch", *SUBMIT) == 1
    assert capfd.readouterr().err == f"{NO_ACCOUNT}\n"
    assert len(called("sbatch")) == 1


def test_every_submission_has_a_mark_of_its_own():
    (first, one), (second, other) = slurm.marked(list(SUBMIT)), slurm.marked(["job.sh"])
    assert one == ["--parsable", "--comment", f"group_runs {first}", "--wrap", "true"]
    assert other == ["--comment", second, "job.sh"]
    assert first != second


@pytest.mark.parametrize(
    ("accounting", "controller", "printed"),
    [
        ("echo '1|COMPLETED'", "exit 1", ["1|COMPLETED"]),
        ("exit 1", "echo '1|RUNNING'", ["1|RUNNING"]),
        ("echo '1|CANCELLED by 1000'", "", ["1|CANCELLED"]),
        # The last one counts. 1 is requeued, 2 is forgotten, 3 still ends.
        (
            "echo '1|NODE_FAIL'; echo '2|COMPLETED'; echo '3|COMPLETED'",
            "echo '1|PENDING'; echo '3|COMPLETING'; echo '4|COMPLETING'",
            ["1|NODE_FAIL", "2|COMPLETED", "3|COMPLETED", "1|PENDING", "4|COMPLETING"],
        ),
    ],
)
def test_sacct_is_told_by_accounting_or_the_controller(
    commands, capfd, accounting, controller, printed
):
    commands(sacct=accounting, squeue=controller)
    assert call("sacct", *STATES) == 0
    assert capfd.readouterr().out.splitlines() == printed


def test_sacct_needs_no_accounting(commands, capfd, monkeypatch, tmp_path):
    # Not of the Slurm that may be installed here.
    for name in ("false", "sh"):
        (tmp_path / "slurm" / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", f"{tmp_path}/before:{tmp_path}/slurm")
    commands(squeue="echo '1|RUNNING'")
    assert call("sacct", *STATES) == 0
    assert capfd.readouterr().out == "1|RUNNING\n"
    assert call("sacct", "--jobs", "1") == 127


def test_sacct_fails_where_nobody_answers(commands, capfd, monkeypatch):
    monkeypatch.setattr(slurm, "PATIENCE", 0.2)
    commands(sacct="exit 1", squeue="exec sleep 60")
    assert call("sacct", *STATES) == 1
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("accounting", "controller", "lost"),
    [
        ("", "", ["7|CANCELLED"]),
        ("echo '7|RUNNING'", "", ["7|RUNNING", "7|CANCELLED"]),
        ("echo '7|RUNNING'", "echo '7|RUNNING'", ["7|RUNNING", "7|RUNNING"]),
        *(
            (f"echo '7|{state}'", "", [f"7|{state}", "7|CANCELLED"])
            for state in ("PENDING", "REQUEUED", "RESIZING", "SUSPENDED")
        ),
        *(
            (f"echo '7|{state}'", "", [f"7|{state}"])
            for state in ("COMPLETED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL")
        ),
        # Who does not answer may know.
        ("exit 1", "", []),
        ("", "exit 1", []),
    ],
)
def test_a_job_that_slurm_has_lost_counts_as_failed(
    commands, capfd, monkeypatch, tmp_path, accounting, controller, lost
):
    monkeypatch.setenv(slurm.VARIABLE, str(tmp_path / "said"))
    commands(sbatch="echo 7", sacct=accounting, squeue=controller, scancel="")
    assert call("sbatch", "--job-name", "run", *SUBMIT) == 0
    capfd.readouterr()
    # Not at once: accounting may lag behind.
    assert call("sacct", *STATES) == 0
    assert "CANCELLED" not in capfd.readouterr().out
    monkeypatch.setattr(slurm, "LOST", -1.0)
    assert call("sacct", *STATES) == 0
    assert capfd.readouterr().out.splitlines() == lost
    assert bool(called("scancel")) == ("7|CANCELLED" in lost)


def test_a_job_that_has_ended_is_not_lost_when_it_is_forgotten(
    commands, capfd, monkeypatch, tmp_path
):
    monkeypatch.setenv(slurm.VARIABLE, str(tmp_path / "said"))
    monkeypatch.setattr(slurm, "LOST", -1.0)
    commands(sbatch="echo 7", sacct="[ -e old ] || echo '7|COMPLETED'; touch old", squeue="")
    assert call("sbatch", "--job-name", "run", *SUBMIT) == 0
    for _ in range(3):
        capfd.readouterr()
        assert call("sacct", *STATES) == 0
    assert capfd.readouterr().out == ""


ASSOCIATIONS = """\
ClusterName=c Account=other UserName=someone(1) Partition=
ClusterName=c Account=root UserName= Partition=
ClusterName=c Account=lab UserName={user}(0) Partition=
"""


def test_sacctmgr_asks_the_controller_where_accounting_is_away(commands, capfd, monkeypatch):
    monkeypatch.setenv("LOGNAME", "her")
    commands(sacctmgr=fail(ACCOUNTING_AWAY), scontrol=f"echo '{ASSOCIATIONS.format(user='her')}'")
    assert call("sacctmgr", "-n", "list", "user", "her") == 0
    assert capfd.readouterr().out == "lab\n"


def test_sacctmgr_passes_on_what_is_final(commands, capfd):
    commands(sacctmgr=fail("sacctmgr: error: Access denied"))
    assert call("sacctmgr", "-n", "list", "user", "her") == 1
    assert capfd.readouterr().err == "sacctmgr: error: Access denied\n"


NO_STEP = "srun: error: Unable to confirm allocation for job 3: Unable to contact slurm controller"


def test_srun_starts_the_step_when_the_controller_is_back(commands, capfd):
    commands(srun=f"[ -e tried ] && echo done || {{ touch tried; {fail(NO_STEP)}; }}")
    assert call("srun", "-n1", "true") == 0
    printed = capfd.readouterr()
    assert printed.out == "done\n"
    assert printed.err == f"{NO_STEP}\nsparsestep: trying again until Slurm is back\n"


@pytest.mark.parametrize(
    "message",
    [
        "srun: error: Unable to create step for job 3: Invalid account",
        # The job's own words; and a step that was started.
        "job: Unable to create step: Unable to contact slurm controller",
        "srun: error: gpu1: task 0: Unable to contact slurm controller",
    ],
)
def test_srun_runs_no_step_twice(commands, capfd, message):
    commands(srun=f"echo '{message}' >&2; exit 3")
    assert call("srun", "-n1", "true") == 3
    assert capfd.readouterr().err == f"{message}\n"
    assert len(called("srun")) == 1


def test_a_command_that_is_not_there(capfd, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert slurm.main(f"{tmp_path}/before/sbatch") == 127
    assert capfd.readouterr().err == "sbatch: command not found\n"


SNAKEMAKE = """
import subprocess, sys
from pathlib import Path
from sparsestep.runtime import outages, slurm
outages.expect_outages(Path(sys.argv[1]), main=True)
for _ in range(2):
    assert subprocess.run(["sacct", "--name", "run"], capture_output=True).returncode == 1
slurm.tell("another line")
sys.stdin.read()
"""


def test_snakemake_prints_once_what_they_say(commands):
    """The scripts themselves, found on the PATH, by a process that keeps their output."""
    commands(srun="", squeue="exit 1", sacct="exit 1")
    # As `environment.prepare` leaves it: the scripts' python is the one that Snakemake runs with.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PATH": path}
    command = [sys.executable, "-c", SNAKEMAKE, str(ROOT / "workflow" / "slurm")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        # A line that does not come would be waited for in vain.
        limit = threading.Timer(60, process.kill)
        limit.start()
        told = [process.stderr.readline() for _ in range(2)]
        limit.cancel()
        process.stdin.close()
    assert told == [
        "sparsestep: Slurm does not say how its jobs are; asking again until it does\n",
        "sparsestep: another line\n",
    ]
    assert len(called("sacct")) == 2
