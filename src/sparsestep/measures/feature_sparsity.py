"""Sparsity and redundancy of the features of each hidden layer."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed, Fraction, PositiveInt, Thresholds
from sparsestep.measures.columns import at_threshold
from sparsestep.measures.snapshots import measure_chunks

if TYPE_CHECKING:
    from sparsestep.models.mlp import Network as Mlp

# A unit whose normalised activations spread less than this, beside their length, is constant: what
# is left after subtracting their mean is rounding, and its correlation with anything is too.
_CONSTANT = 1e-12


class Spec(Closed):
    """Which layers, and when two units count as the same."""

    layers: PositiveInt = Field(default=1, description="the first so many hidden layers")
    correlation_threshold: Fraction = Field(
        default=0.95,
        description="on |Pearson correlation|, above which units are duplicates; column "
        "feature_sparsity_layer<l>. Authors' code: 0.999 in one dimension, else 0.99; paper: 0.95",
    )
    further_thresholds: Thresholds = Field(
        default=[], description="more columns, feature_sparsity_layer<l>@<threshold>"
    )


def columns(options: Spec) -> list[str]:
    """What `measure` returns, layer by layer."""
    names = []
    for layer in range(1, options.layers + 1):
        sparsity = f"feature_sparsity_layer{layer}"
        further = [at_threshold(sparsity, t) for t in options.further_thresholds]
        names += [
            sparsity,
            *further,
            f"raw_sparsity_layer{layer}",
            f"distinct_neurons_layer{layer}",
        ]
    return names


def mistakes(options: Spec, problem: Closed, network: "Mlp") -> dict[tuple, str]:
    """More layers asked for than the network has."""
    hidden = len(network.sizes) - 2
    if options.layers <= hidden:
        return {}
    what = f"got {options.layers}; must be at most {hidden}, the network's hidden layers"
    return {("measure", "feature_sparsity", "layers"): what}


def measure(
    problem: Problem, trajectory: Trajectory, network: "Mlp", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """For hidden layers l = 1, 2, ..., each (R, S), on the n training inputs.

    `raw_sparsity_layer<l>`: share of the n * width pairs (sample, unit) with a non-zero activation,
    in [0, 1]. `feature_sparsity_layer<l>`: the same numerator over *distinct* units only, the same
    denominator (paper: section 4, feature sparsity coefficient). `distinct_neurons_layer<l>`: how
    many units are distinct at `correlation_threshold`.

    A unit is distinct unless it is zero on every sample or its |Pearson correlation| with a later
    unit exceeds the threshold; that is what deleting duplicates one by one, in order, leaves. Each
    sample's features are divided by their l2 norm before correlating (zeros stay zeros). A unit
    that is then constant has no correlation and is kept. The training inputs, with these
    definitions, are what reproduces the authors' published coefficients to the last digit.

    Raises ValueError if the network has fewer hidden layers than `layers`.
    """
    widths = network.sizes[1:-1]
    if options.layers > len(widths):
        raise ValueError(f"layers must be at most {len(widths)}, got {options.layers}")
    thresholds = np.array([options.correlation_threshold, *options.further_thresholds])

    def of_chunk(row: int, theta: np.ndarray) -> np.ndarray:
        layers = network.features(theta, problem.of_replicate("x_train", row))
        return np.concatenate(
            [_of_layer(features, thresholds) for features in layers[: options.layers]], axis=1
        )

    numbers_each = max(widths) * max(*widths, problem.x_train.shape[1])
    return measure_chunks(trajectory, network, columns(options), of_chunk, numbers_each, threads)


def _of_layer(features: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Sparsity at each threshold, raw sparsity, distinct units: (C, T + 2)."""
    active = np.count_nonzero(features, axis=1)
    closest = _closest_later(features)
    distinct = (closest[:, None, :] <= thresholds[:, None]) & (active > 0)[:, None, :]
    pairs = features.shape[1] * features.shape[2]
    sparsity = (distinct * active[:, None, :]).sum(axis=2) / pairs
    raw = active.sum(axis=1) / pairs
    return np.column_stack([sparsity, raw, distinct[:, 0].sum(axis=1)])


def _closest_later(features: np.ndarray) -> np.ndarray:
    """Largest |correlation| of each unit with a later one, (C, width); features (C, n, width)."""
    # By the largest first, so that the squares neither overflow nor underflow.
    scaled = _divided(features, features.max(axis=2, keepdims=True))
    scaled = _divided(scaled, np.linalg.norm(scaled, axis=2, keepdims=True))
    centred = scaled - scaled.mean(axis=1, keepdims=True)
    spread = np.linalg.norm(centred, axis=1, keepdims=True)
    constant = spread <= _CONSTANT * np.linalg.norm(scaled, axis=1, keepdims=True)
    centred = _divided(centred, np.where(constant, 0.0, spread))
    correlation = np.swapaxes(centred, 1, 2) @ centred
    np.abs(correlation, out=correlation)
    correlation *= np.triu(np.ones(correlation.shape[1:]), k=1)
    return correlation.max(axis=2)


def _divided(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    """values / by, and 0 where `by` is 0."""
    return np.divide(values, by, out=np.zeros_like(values), where=by > 0)
