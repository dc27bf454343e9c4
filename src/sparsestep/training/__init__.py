"""Training: a run's trajectory as a pure function of its problem and spec."""

import numpy as np

from sparsestep import registry, schedules
from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.schedules.edge import is_relative
from sparsestep.training import loss_log


def train(
    problem: Problem,
    spec: dict,
    threads: int = 1,
    edges: np.ndarray | None = None,
    other: Trajectory | None = None,
) -> Trajectory:
    """Train every replicate of `problem` by one algorithm and schedule.

    `spec` holds `model`, `algorithm`, `schedule`, `snapshots` (blocks of config.yaml) and
    `iterations` (T). `edges`, (R,), is each replicate's edge, for a schedule in units of it;
    `other` the run that this one is `of`, if its algorithm says so. The result does not depend on
    `threads`. A replicate that diverges is a result: its snapshots are NaN from there on.
    """
    iterations = spec["iterations"]
    trainer = registry.load("trainer", spec["algorithm"]["kind"], spec["model"]["kind"])
    snapshots = snapshot_iterations(iterations, spec["snapshots"])
    step_sizes = schedules.from_spec(spec["schedule"]).step_sizes(iterations)
    if is_relative(spec["schedule"]):
        step_sizes = edges[:, None] * step_sizes
    # One row a replicate, without a copy where they are the same.
    step_sizes = np.broadcast_to(step_sizes, (len(problem.order), iterations))
    arguments = (problem, spec, step_sizes, snapshots, threads)
    train_loss = None
    if spec["algorithm"].get("log_loss"):
        parameters, diverged_at, train_loss = loss_log.train(trainer, *arguments)
    elif other is not None:
        parameters, diverged_at = trainer.train(*arguments, other.train_loss)
    else:
        parameters, diverged_at = trainer.train(*arguments)
    # The kernels stop at the residual that explodes, so that the snapshot before that update is
    # still a finite, exploding one.
    diverged = (diverged_at[:, None] >= 0) & (snapshots >= diverged_at[:, None])
    parameters[diverged] = np.nan
    step_sizes = step_sizes[:, snapshots]
    return Trajectory(snapshots, parameters, step_sizes, diverged_at, spec, train_loss)


def snapshot_iterations(iterations: int, spec: dict) -> np.ndarray:
    """Iterations before whose update the parameters are kept, sorted, int64.

    Every iteration below `first`, and those of the `evenly_spaced` points
    round(k T / (evenly_spaced - 1)), k = 0, 1, ..., that are below T. This is the published grid:
    its last point, about T - T / evenly_spaced, is what the published end values belong to. Where
    the block `snapshots:` has `last`, also T, after the last update.
    """
    spread = np.round(np.linspace(0, iterations, spec["evenly_spaced"])).astype(np.int64)
    wanted = np.concatenate([np.arange(min(spec["first"], iterations)), spread])
    end = iterations + 1 if spec.get("last") else iterations
    return np.unique(wanted[wanted < end]).astype(np.int64)
