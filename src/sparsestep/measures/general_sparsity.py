"""Sparsity and redundancy of the features of networks whose activations can be zero."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed
from sparsestep.measures import feature_sparsity
from sparsestep.measures.feature_sparsity import Spec, columns

if TYPE_CHECKING:
    from sparsestep.models.general_mlp import Network

__all__ = ["Spec", "columns", "measure", "mistakes"]


def mistakes(options: Spec, problem: Closed, network: "Network") -> dict[tuple, str]:
    """Activations that are hardly ever zero; more layers asked for than the network has."""
    if network.spec.activation != "relu":
        text = "counts activations that are not zero, and those of "
        text += f"{network.spec.activation} hardly ever are; valid: model.activation relu"
        return {("measure", "feature_sparsity"): text}
    return feature_sparsity.mistakes(options, problem, network)


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """What `feature_sparsity.measure` returns, of the same definitions; outputs do not count."""
    return feature_sparsity.measure(problem, trajectory, network, options, threads)
