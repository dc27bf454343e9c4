"""Steps of SGD as steps on noisy labels, of networks with any activation and the squared loss."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed
from sparsestep.measures import label_noise
from sparsestep.measures.label_noise import Spec, columns, noises

if TYPE_CHECKING:
    from sparsestep.models.general_mlp import Network

__all__ = ["Spec", "columns", "measure", "mistakes"]


def mistakes(options: Spec, problem: Closed, network: "Network") -> dict[tuple, str]:
    """Of other losses a step on one sample is none on all samples with other labels."""
    if network.spec.loss == "squared":
        return {}
    text = f"is for the squared loss, and model.loss is {network.spec.loss}"
    return {("measure", "label_noise"): text}


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """What `label_noise.measure` returns, each (R, S), of the same definitions.

    G^(i) comes from a pass over all samples, for every i, as there; NaN where a replicate has
    diverged.
    """
    values = np.full((*trajectory.parameters.shape[:2], 3), np.nan)
    for row, of_row in enumerate(trajectory.parameters):
        x, y = (problem.of_replicate(name, row) for name in ("x_train", "y_train"))
        with np.errstate(over="ignore", invalid="ignore"):
            for place, theta in enumerate(of_row):
                if np.isfinite(theta).all():
                    values[row, place] = _of_snapshot(network, theta, x, y)
    values[~np.isfinite(values)] = np.nan
    return {name: values[..., column] for column, name in enumerate(columns(options))}


def _of_snapshot(network: "Network", theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple:
    from sparsestep.measures import autograd

    h = network.predict(theta[None], x)[0]
    alone = 2.0 * (h - y)[:, None] * autograd.jacobian(network, theta[None], x)[0]
    copies = np.repeat(theta[None], len(y), axis=0)
    noisy = autograd.gradients(network, copies, x, y + noises(h, y))
    return label_noise._gap(alone, noisy), *label_noise._moments(h, y)
