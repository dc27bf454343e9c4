"""Experiments from Python, without Snakemake: what the stages do, after a check of what is given.

A spec is a dict of blocks of config.yaml, as `Plan.experiments.run` returns it. Each function
raises ConfigError, one line that names what is wrong and what would be valid, before it computes;
the functions behind them, which the stages call on what config.yaml's checks let pass, raise
whatever Python raises there.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from sparsestep import handed, measures, models, problems, registry, training
from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.config import compatibility
from sparsestep.config.blocks import Edge, Snapshots
from sparsestep.errors import ConfigError
from sparsestep.fields import Closed
from sparsestep.mistakes import Mistakes
from sparsestep.schedules.edge import is_relative
from sparsestep.training import edge, starts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["calibrate", "generate", "measure", "train"]


def generate(spec: dict) -> Problem:
    """Everything random about the replicates of an experiment; see `problems.generate`.

    The problem's spec is filled up with defaults, as config.yaml's are: noise and measurements read
    seeds there.
    """
    handed.check_problem(spec)
    block = handed.read("problem", spec["problem"]).model_dump()
    # Where a table lies is no part of what a problem says about itself.
    problem = problems.generate(spec | {"problem": {**block, **spec["problem"]}})
    return replace(problem, spec=spec | {"problem": block})


def calibrate(problem: Problem, spec: dict, threads: int = 1) -> np.ndarray:
    """The edge of every replicate, (R,), for `train`; see `training.edge.calibrate`."""
    _check(problem, spec, threads, "model", "algorithm", "iterations", "edge")
    return edge.calibrate(problem, spec, threads)


def train(
    problem: Problem,
    spec: dict,
    threads: int = 1,
    edges: np.ndarray | None = None,
    other: Trajectory | None = None,
) -> Trajectory:
    """Train every replicate of `problem` by one algorithm and schedule; see `training.train`.

    `edges`, (R,), belong to a schedule whose step size is `{of_edge: f}`, `other` to an algorithm
    with `of`: the trajectory of that run, with its losses. Starts are perturbed where the algorithm
    says so.
    """
    _check(problem, spec, threads, "model", "algorithm", "iterations", "schedule", "snapshots")
    _check_edges(problem, spec, edges)
    _check_other(problem, spec, other)
    return training.train(starts.perturbed(problem, spec), spec, threads, edges, other)


def measure(
    problem: Problem, trajectory: Trajectory, spec: dict, threads: int = 1
) -> "pd.DataFrame":
    """One row per (replicate, iteration), one column per quantity; see `measures.measure`."""
    _check(problem, spec, threads, "model", "measure", "replicates")
    for name, options in spec["measure"].items():
        module = registry.load("measure", name, spec["model"]["kind"])
        _read(f"measure.{name}", module.Spec, options)
        _require(
            trajectory.train_loss is not None or not getattr(module, "NEEDS_LOG", False),
            f"measure.{name}: the trajectory holds no losses; it must be trained with "
            "`algorithm: {kind: sgd, log_loss: true}`",
        )
    first, last = spec["replicates"]
    _require(
        last + 1 - first == len(trajectory.parameters),
        f"replicates: got {spec['replicates']!r}; the trajectory has {len(trajectory.parameters)}",
    )
    return measures.measure(problem, trajectory, spec, threads)


def _check(problem: Problem, spec: dict, threads: int, *keys: str) -> None:
    """What all have in common: the blocks named, each valid by itself and with its problem."""
    missing = [key for key in keys if key not in spec]
    _require(not missing, f"the spec lacks {', '.join(missing)}; it must have {', '.join(keys)}")
    _require(_is_whole(threads, 1), f"threads: got {threads!r}; must be a whole number from 1 on")
    for role in ("model", "algorithm", "schedule"):
        if role in keys:
            handed.read(role, spec[role])
    _check_model(problem, spec["model"])
    for key, block in (("edge", Edge), ("snapshots", Snapshots)):
        if key in keys:
            _read(key, block, spec[key])
    if "algorithm" in keys:
        registry.load("trainer", spec["algorithm"]["kind"], spec["model"]["kind"])
        _check_precision(spec)
    if "iterations" in keys:
        steps = problem.order.shape[1]
        _require(
            _is_whole(spec["iterations"], 1) and spec["iterations"] <= steps,
            f"iterations: got {spec['iterations']!r}; must be a whole number from 1 to {steps}, "
            "for which the problem was generated",
        )


def _check_model(problem: Problem, block: dict) -> None:
    if registry.family("model", block["kind"]) == "images":
        kinds = [
            kind for kind in registry.kinds("model") if registry.family("model", kind) != "images"
        ]
        raise ConfigError(
            f"model: got {block['kind']!r}, of networks on images, which sparsestep.images trains; "
            f"valid here: {', '.join(kinds)}"
        )
    network = models.from_spec(block, problem.x_train.shape[-1])
    needed, given = network.initial_parameters(0).size, problem.theta0.shape[-1]
    _require(
        needed == given,
        f"model: has {needed} parameters, but the problem was generated for one of {given}",
    )
    of_model = registry.load("model", block["kind"])
    if hasattr(of_model, "wrong_label"):
        labels = np.concatenate([problem.y_train.ravel(), problem.y_test.ravel()])
        wrong = of_model.wrong_label(network.spec, labels.tolist())
        _require(wrong is None, f"problem: {'' if wrong is None else wrong[1]}")


def _check_precision(spec: dict) -> None:
    algorithm, model = (handed.read(role, spec[role]) for role in ("algorithm", "model"))
    mistakes = Mistakes()
    compatibility.check_trained(algorithm, model, mistakes.at("algorithm"))
    compatibility.check_precision(algorithm, model, mistakes.at("algorithm"))
    mistakes.refuse()


def _check_edges(problem: Problem, spec: dict, edges: np.ndarray | None) -> None:
    count = len(problem.order)
    if is_relative(spec["schedule"]):
        _require(
            np.shape(edges) == (count,),
            f"edges: got {_shape_of(edges)}; a step size of {spec['schedule']['step_size']} needs "
            f"one of each of the {count} replicates, as `calibrate` returns them",
        )
    else:
        _require(edges is None, "edges: must be absent; the step size is a number")


def _check_other(problem: Problem, spec: dict, other: Trajectory | None) -> None:
    followed = spec["algorithm"].get("of")
    if followed is None:
        _require(other is None, f"other: must be absent; {spec['algorithm']['kind']} follows none")
        return
    losses = None if other is None else other.train_loss
    shape = (len(problem.order), spec["iterations"])
    _require(
        np.shape(losses) == shape,
        f"other: got {'None' if other is None else 'losses of ' + _shape_of(losses)}; must be the "
        f"trajectory of {followed!r}, of the same {shape[0]} replicates and {shape[1]} iterations, "
        "trained with `log_loss: true`",
    )
    kind = other.spec["algorithm"]["kind"]
    _require(
        kind not in registry.extensions("algorithm"),
        f"other: got a trajectory of {kind!r}; must be one of plain SGD, as {followed!r} is",
    )


def _read(key: str, spec: type[Closed], block: Any) -> None:
    try:
        spec.model_validate(block)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join([key, *map(str, first["loc"])])
        valid = ", ".join(spec.model_fields)
        raise ConfigError(
            f"{path}: got {repr(first['input'])[:60]}; {first['msg']}; keys of {key}: {valid}"
        ) from None


def _require(holds: bool, line: str) -> None:
    if not holds:
        raise ConfigError(line)


def _is_whole(number: Any, least: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= least


def _shape_of(array: np.ndarray | None) -> str:
    return "None" if array is None else f"shape {np.shape(array)}"
