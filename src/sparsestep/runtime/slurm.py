"""Slurm's commands, for a Slurm that is away for a while.

The executor plugin takes a command's failure for an answer: a job that Slurm does not take has
failed, three times within a moment, and jobs whose states it is not told it forgets. The scripts in
`workflow/slurm` stand before Slurm's commands on Snakemake's PATH (`outages.py`), and call this:

- `sbatch` tries again while Slurm takes no jobs, and does not submit what Slurm has already got;
- `sacct` also asks the controller: one of the two may be away. Jobs that neither knows, which would
  be waited for for ever, have failed;
- `sacctmgr`, which the plugin asks for accounts, asks the controller where accounting is away;
- `srun`, which starts each rule of a group in the job that they share, tries again while the
  controller is away: else the job fails, and what it has trained is trained again.
"""

import contextlib
import getpass
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from sparsestep.runtime.orphans import end_with_parent
from sparsestep.runtime.outages import VARIABLE

# Seconds between two tries.
PAUSE = 10.0
# Of a command that asks; the plugin waits a minute.
PATIENCE = 45.0
# Until a job that nobody knows counts as failed.
LOST = 600.0
NOT_ENDED = {"PENDING", "RUNNING", "REQUEUED", "RESIZING", "SUSPENDED"}
# What Slurm says where it is away, or takes no jobs for now. Other refusals are final.
AWAY = re.compile(
    r"unable to contact slurm|socket timed out|zero bytes were transmitted|communications? "
    r"(connection|send|receive|shutdown)|connect(ion)? (failure|refused|timed out|reset)|"
    r"no route to host|network is unreachable|unexpected message received|standby mode|"
    r"temporarily unavailable|presently disabled|unable to create job record|"
    r"authentication (credential|error)|munge|persist_?(conn|init)|talking to the database|"
    r"database connection|partition not available",
    re.IGNORECASE,
)

# What srun says when it has started nothing.
NOT_STARTED = re.compile(
    rb"srun: error: .*unable to (confirm allocation|create step)", re.IGNORECASE
)


def sbatch(real: str, arguments: list[str]) -> int:
    """Submit one job, whatever it takes; its exit status."""
    script = sys.stdin.buffer.read() if "/dev/stdin" in arguments else None
    mark, arguments = marked(arguments)
    while True:
        done = subprocess.run([real, *arguments], input=script, capture_output=True, check=False)
        refusal = done.stderr.decode(errors="replace").strip()
        if done.returncode == 0 or not AWAY.search(refusal):
            if done.returncode == 0:
                _note(done.stdout.decode(errors="replace").strip(), arguments)
            return _pass_on(done)
        reason = refusal.splitlines()[-1]
        tell(f"Slurm takes no jobs now ({reason}); trying again until it does")
        # The answer may have been lost, not the job.
        if number := _submitted(mark, arguments):
            _note(number, arguments)
            print(number if "--parsable" in arguments else f"Submitted batch job {number}")
            return 0


def marked(arguments: list[str]) -> tuple[str, list[str]]:
    """A word that no other job has, and the arguments with it at the end of the comment."""
    mark = f"sparsestep-{uuid.uuid4().hex[:12]}"
    if "--comment" not in arguments[:-1]:
        return mark, ["--comment", mark, *arguments]
    place = arguments.index("--comment") + 1
    return mark, [*arguments[:place], f"{arguments[place]} {mark}", *arguments[place + 1 :]]


def _submitted(mark: str, arguments: list[str]) -> str | None:
    """The number of the job with this mark, or None where the controller says that there is none.

    It is asked twice: it may still be busy with what it was asked before.
    """
    question = ["squeue", "--noheader", "--states=all", f"--user={os.getuid()}", "--format=%i|%k"]
    if "--clusters" in arguments[:-1]:
        question.append(f"--clusters={arguments[arguments.index('--clusters') + 1]}")
    for _ in range(2):
        time.sleep(PAUSE)
        while (jobs := ask(question)[0]) is None:
            time.sleep(PAUSE)
        for job in jobs:
            number, _, comment = job.partition("|")
            if mark in comment.split():
                return number
    return None


def sacct(real: str | None, arguments: list[str]) -> int:
    """States of a run's jobs, as accounting and the controller know them; the exit status.

    0 when one of the two answers. The controller comes second, so that it is believed: accounting
    may lag behind. It forgets jobs that ended some minutes ago.
    """
    # The plugin asks for a job, too, with --jobs: why it failed.
    if "--name" not in arguments[:-1]:
        os.execv(real, [real, *arguments])
    name = arguments[arguments.index("--name") + 1]
    queue = ["squeue", "--noheader", "--states=all", "--format=%i|%T", "--name", name]
    # There are sites without accounting.
    recorded, queued = ask([real or "false", *arguments], queue)
    if recorded is None and queued is None:
        tell("Slurm does not say how its jobs are; asking again until it does")
        return 1
    if recorded is not None and queued is not None:
        recorded += [f"{number}|CANCELLED" for number in _lost(name, recorded, queued)]
    known = {line.split("|")[0] for line in recorded or ()}
    for line in [*(recorded or ()), *(queued or ())]:
        number, _, state = line.partition("|")
        # The plugin takes "CANCELLED by 1000" for a job that still runs.
        state = state.partition(" ")[0]
        # It has ended, accounting says how; its node still cleans up.
        if not (state == "COMPLETING" and number in known):
            print(f"{number}|{state}")
    return 0


def _note(number: str, arguments: list[str]) -> None:
    """Let `_lost` know of a job; of another cluster's it could not ask the controller here."""
    unlike = {"--clusters", "--array"}.intersection(arguments)
    if (
        VARIABLE in os.environ
        and "--job-name" in arguments[:-1]
        and number.isdigit()
        and not unlike
    ):
        folder = _notes(arguments[arguments.index("--job-name") + 1])
        with contextlib.suppress(OSError):
            folder.mkdir(exist_ok=True)
            (folder / number).touch()


def _notes(name: str) -> Path:
    return Path(os.environ[VARIABLE]).parent / f"jobs-{name}"


def _lost(name: str, recorded: list[str], queued: list[str]) -> Iterator[str]:
    """Noted jobs that for LOST seconds the controller has not known, nor accounting how they ended.

    A controller that is killed, or starts without its state, forgets jobs that it had taken.
    """
    if VARIABLE not in os.environ:
        return
    states = dict(line.split("|", 1) for line in recorded)
    waiting = {line.split("|")[0] for line in queued}
    for note in _notes(name).glob("*"):
        if states.get(note.name, "PENDING") not in NOT_ENDED:
            # The plugin asks about the last two days.
            note.unlink()
        elif note.name in waiting:
            note.write_text("")
        elif not (missed := note.read_text()):
            note.write_text(str(time.time()))
        elif time.time() - float(missed) > LOST:
            tell(f"Slurm has lost job {note.name}; it counts as failed")
            # Should it come back.
            ask(["scancel", note.name])
            yield note.name


def sacctmgr(real: str, arguments: list[str]) -> int:
    """The user's accounts; the exit status.

    The plugin refuses an account that it is not told, also where nobody could tell.
    """
    while True:
        done = subprocess.run([real, *arguments], capture_output=True, check=False)
        refusal = done.stderr.decode(errors="replace")
        if done.returncode == 0 or "list" not in arguments or not AWAY.search(refusal):
            return _pass_on(done)
        user = getpass.getuser()
        (answer,) = ask(["scontrol", "show", "assoc_mgr", f"users={user}", "flags=assoc"])
        pattern = rf"Account=(\S+) UserName={re.escape(user)}\b"
        if accounts := re.findall(pattern, "\n".join(answer or ())):
            print(*accounts, sep="\n")
            return 0
        tell(f"Slurm does not say which accounts {user} has; asking again until it does")
        time.sleep(PAUSE)


def srun(real: str, arguments: list[str]) -> int:
    """Run a step of this job, whatever it takes to start it; its exit status."""
    while True:
        refusals = []
        with subprocess.Popen([real, *arguments], stderr=subprocess.PIPE) as process:
            for line in process.stderr:
                sys.stderr.buffer.write(line)
                sys.stderr.flush()
                if NOT_STARTED.match(line):
                    refusals.append(line.decode(errors="replace"))
        if process.returncode == 0 or not any(AWAY.search(each) for each in refusals):
            return process.returncode
        print("sparsestep: trying again until Slurm is back", file=sys.stderr, flush=True)
        time.sleep(PAUSE)


def ask(*commands: list[str]) -> list[list[str] | None]:
    """The lines that each command prints, all asked at once; None for one that fails."""
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for command in commands
    ]
    deadline = time.monotonic() + PATIENCE
    return [_lines(process, deadline) for process in started]


def _lines(process: subprocess.Popen, deadline: float) -> list[str] | None:
    try:
        output, _ = process.communicate(timeout=max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    return output.splitlines() if process.returncode == 0 else None


def tell(text: str) -> None:
    """Let Snakemake print it (`outages.py`); nothing where no Snakemake listens."""
    with contextlib.suppress(OSError, KeyError):
        pipe = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(pipe, f"sparsestep: {text}\n".encode())
        finally:
            os.close(pipe)


def _pass_on(done: subprocess.CompletedProcess) -> int:
    sys.stdout.buffer.write(done.stdout)
    sys.stderr.buffer.write(done.stderr)
    return done.returncode


COMMANDS: dict[str, Callable[[str, list[str]], int]] = {
    "sbatch": sbatch,
    "sacct": sacct,
    "sacctmgr": sacctmgr,
    "srun": srun,
}


def main(script: str, *arguments: str) -> int:
    """Do what stands before the command that `script` is called like; the exit status."""
    end_with_parent()
    folder, name = os.path.split(script)
    entries = os.environ["PATH"].split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join(entry for entry in entries if entry != folder)
    real = shutil.which(name)
    if real is None and not (name == "sacct" and "--name" in arguments):
        print(f"{name}: command not found", file=sys.stderr)
        return 127
    try:
        return COMMANDS[name](real, list(arguments))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
