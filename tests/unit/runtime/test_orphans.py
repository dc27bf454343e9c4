"""A job ends with the Snakemake that started it, a training on images with a checkpoint."""

import subprocess
import sys

JOB = """
import signal, sys, time
from sparsestep.runtime.orphans import end_with_parent
end_with_parent()
if "handler" in sys.argv:
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(number))
print("started", flush=True)
try:
    time.sleep(60)
finally:
    print("ended in order", flush=True)
"""
# The job's parent is a shell, as in a rule.
PARENT = f"""
import subprocess, sys
from sparsestep.runtime.orphans import name_parent
name_parent()
shell = ["sh", "-c", 'true; "$0" -c "$1" $2; true', sys.executable, {JOB!r}, sys.argv[1]]
subprocess.Popen(shell).wait()
"""


def end_of_job(handler):
    """What a job says whose grandparent is killed; the pipe closes when it has ended."""
    command = [sys.executable, "-c", PARENT, handler]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as parent:
        assert parent.stdout.readline() == "started\n"
        parent.kill()
        return parent.communicate(timeout=30)


def test_it_ends_and_says_why():
    said, why = end_of_job("none")
    assert said == ""
    assert "the Snakemake that started this job is gone" in why


def test_it_may_end_in_order():
    assert end_of_job("handler")[0] == "ended in order\n"


def test_a_command_that_no_snakemake_started_goes_on(monkeypatch):
    # Somebody else's process id, too.
    monkeypatch.setenv("SPARSESTEP_SNAKEMAKE", "2000000000")
    code = "import threading; from sparsestep.runtime.orphans import *; end_with_parent();"
    code += "print(threading.active_count())"
    assert subprocess.check_output([sys.executable, "-c", code]) == b"1\n"
