"""A job ends when the Snakemake that started it is killed.

Else it would keep the next Snakemake waiting for a result that it must make again anyway: Snakemake
does not trust the output of a job whose end it did not see.
"""

import os
import signal
import sys
import threading
import time

import psutil

_VARIABLE = "SPARSESTEP_SNAKEMAKE"
_SECONDS = 0.5


def name_parent() -> None:
    """Let jobs know this process as the Snakemake that starts them.

    A job on a cluster is started by a Snakemake on its own node, which calls this again: it does
    not depend on the one that submitted it.
    """
    os.environ[_VARIABLE] = str(os.getpid())


def end_with_parent() -> None:
    """From now on, end by SIGTERM when the Snakemake that started this process is gone.

    A thread looks twice a second: kernels release the interpreter's lock. Does nothing in a process
    that no Snakemake started, or one that cannot see it (another name space of processes).
    """
    parent = os.environ.get(_VARIABLE, "")
    if parent.isdigit() and _is_ancestor(int(parent)):
        threading.Thread(target=_watch, args=(int(parent),), daemon=True).start()


def _watch(parent: int) -> None:
    while _is_ancestor(parent):
        time.sleep(_SECONDS)
    print("ended: the Snakemake that started this job is gone", file=sys.stderr, flush=True)
    # Not os._exit: training of networks on images leaves a checkpoint on this signal.
    os.kill(os.getpid(), signal.SIGTERM)


def _is_ancestor(wanted: int) -> bool:
    """Among the parents, of which the shell of the rule is one.

    Not whether it is alive: a killed process that nobody has waited for yet still has an id, and
    the id may belong to another process later.
    """
    process = os.getppid()
    try:
        while process > 1 and process != wanted:
            process = psutil.Process(process).ppid()
    except psutil.Error:
        return False
    return process == wanted
