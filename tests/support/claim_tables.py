"""Tables whose verdicts are known: a few runs, and what their replicates end with."""

import numpy as np
import pandas as pd

from sparsestep.claims.verdicts import COLUMNS, judge

T = 100


NO_CLAIMS = {"stabilises": None, "better": [], "sparser": []}


def constant(step_size):
    return {"schedule": {"kind": "constant", "step_size": step_size}, "otherwise": "sgd"}


def decay(step_size, at, **others):
    schedule = {
        "kind": "step_decay",
        "step_size": step_size,
        "decay_at": at,
        "divide_by": 4,
        "boundary": "excluded",
    }
    return {"schedule": schedule, "otherwise": "sgd", **others}


RUNS = {"small": constant(0.1), "long": decay(1.0, 0.5), "short": decay(1.0, 0.2)}


TWO = {name: RUNS[name] for name in ("small", "long")}


EIGHT = np.arange(8.0)


def table_of(ends, diverged=()):
    """Two snapshots of each run; `ends` holds a run's values at the last one."""
    rows = []
    for run, values in ends.items():
        for replicate, value in enumerate(values):
            # Some where they begin.
            at = 7 * (replicate % 2) if (run, replicate) in diverged else -1
            for iteration, level in ((0, 1.0), (90, value)):
                rows.append((run, replicate, iteration, at, level, replicate))
    names = ["run", "replicate", "iteration", "diverged_at", "l0", "other"]
    return pd.DataFrame(rows, columns=names)


def judged(table, runs=RUNS, **claims):
    """Verdicts; `stabilises` may be a metric alone, as in config.yaml."""
    if isinstance(claims.get("stabilises"), str):
        claims["stabilises"] = {"metric": claims["stabilises"], "against": None}
    entry = {"name": "one", "iterations": T, "claims": {**NO_CLAIMS, **claims}, "runs": runs}
    found = judge({"one": table}, {"experiments": [entry]})
    assert tuple(found.columns) == COLUMNS
    return found


def between(found, a, b):
    (row,) = found[(found["run_a"] == a) & (found["run_b"] == b)].to_dict("records")
    return row


def levels(slope, end, snapshots=range(0, T, 2), replicates=8):
    """A loss 10^(-1 + slope t) until the decay at 50, then `end`."""
    return pd.DataFrame(
        [
            ("long", r, t, -1, 10 ** (-1 + slope * t) * (1 + r / 100) if t < 50 else end)
            for r in range(replicates)
            for t in snapshots
        ],
        columns=["run", "replicate", "iteration", "diverged_at", "train_loss"],
    )
