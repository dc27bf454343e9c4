"""Steps of SGD as steps of full-batch descent on noisy labels (paper: Prop. 2.1)."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed
from sparsestep.measures import backpropagation

if TYPE_CHECKING:
    from sparsestep.contracts import Network


class Spec(Closed):
    """No options."""


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    return ["label_noise_gap", "label_noise_mean", "label_noise_variance"]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """What Prop. 2.1 says, at the snapshots, for every sample i that SGD might take; each (R, S).

    xi^(i)_k = (h(x_k) - y_k)(1 - n 1{k = i}) is added to the label of sample k. With g^(i) the
    gradient of the loss at sample i alone and G^(i) that of the training loss on labels y + xi^(i),

    - `label_noise_gap`: max_i ||g^(i) - G^(i)|| / max_i ||g^(i)||; 0 but for rounding, which is
      some 1e-16 max(|h|, |y|) / |h - y| because y + xi is rounded;
    - `label_noise_mean`: max_k |(1/n) sum_i xi^(i)_k| / max |xi|; 0 but for rounding;
    - `label_noise_variance`: (1/n) sum_i ||xi^(i)||^2 / (n (n - 1)) / (2 L), with
      L = (1/2n) sum_k (h(x_k) - y_k)^2; 1 but for rounding. NaN where n = 1 or L = 0.

    Expectations are exact: i takes n values. g^(i) is a row of the Jacobian times a residual; G^(i)
    comes from a pass over all samples. NaN where a replicate has diverged.
    """
    gradients = _of_mlp if hasattr(network, "layers") else _of_diagonal

    def of_replicate(row: int) -> np.ndarray:
        x, y = (problem.of_replicate(name, row) for name in ("x_train", "y_train"))
        values = np.full((len(trajectory.iterations), 3), np.nan)
        # What is on its way to infinity overflows here before it has diverged.
        with np.errstate(over="ignore", invalid="ignore"):
            for place, theta in enumerate(trajectory.parameters[row]):
                if np.isfinite(theta).all():
                    h = network.predict(theta[None], x)[0]
                    gap = _gap(*gradients(network, theta, x, y, y + noises(h, y)))
                    values[place] = gap, *_moments(h, y)
        return np.where(np.isfinite(values), values, np.nan)

    with ThreadPoolExecutor(threads) as pool:
        values = np.stack(list(pool.map(of_replicate, range(len(trajectory.parameters)))))
    return {name: values[..., column] for column, name in enumerate(columns(options))}


def noises(h: np.ndarray, y: np.ndarray) -> np.ndarray:
    """xi^(i)_k, (n, n): a row for every i."""
    return (h - y) * (1.0 - len(y) * np.eye(len(y)))


def _moments(h: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    n, xi = len(y), noises(h, y)
    largest = np.abs(xi).max()
    mean = np.abs(xi.mean(axis=0)).max() / (largest or 1.0)
    loss = 0.5 * np.mean((h - y) ** 2)
    if n == 1 or not loss > 0:
        return mean, np.nan
    return mean, (xi**2).sum(axis=1).mean() / (n * (n - 1)) / (2 * loss)


def _gap(alone: np.ndarray, noisy: np.ndarray) -> float:
    """From g and G, each (n, P)."""
    size = np.linalg.norm(alone, axis=1).max()
    return np.linalg.norm(alone - noisy, axis=1).max() / (size or 1.0)


def _of_diagonal(network, theta, x, y, labels) -> tuple[np.ndarray, np.ndarray]:
    """g and G, each (n, 2d); `labels`, (n, n), are y + xi^(i), a row for every i."""
    u, v = network.split(theta)
    h = network.predict(theta[None], x)[0]
    phi = np.concatenate([x * v, x * u], axis=1)
    # The gradient by beta of all samples, then the chain rule.
    by_beta = (h - labels) @ x / len(y)
    return (h - y)[:, None] * phi, np.concatenate([by_beta * v, by_beta * u], axis=1)


def _of_mlp(network, theta, x, y, labels) -> tuple[np.ndarray, np.ndarray]:
    """g and G, each (n, P); `labels`, (n, n), are y + xi^(i), a row for every i."""
    forward, backward = backpropagation.passes(network, theta[None], x)
    h = network.predict(theta[None], x)[0]
    alone, noisy = [], []
    # What comes back from the loss of every label vector, (n label vectors, n samples, units).
    back = (2.0 / len(y) * (h - labels))[..., None]
    weights = network.layers(theta)
    for layer in reversed(range(len(weights))):
        _, _, has_bias = network.shapes[layer]
        inputs = x if layer == 0 else forward[layer][0]
        delta = 2.0 * (h - y)[:, None] * backward[layer][0]
        if has_bias:
            alone.append(delta)
            noisy.append(back.sum(axis=1))
        alone.append((delta[:, :, None] * inputs[:, None, :]).reshape(len(y), -1))
        noisy.append((np.swapaxes(back, 1, 2) @ inputs).reshape(len(y), -1))
        if layer > 0:
            back = (back @ weights[layer][0]) * (inputs > 0)
    return np.concatenate(alone[::-1], axis=1), np.concatenate(noisy[::-1], axis=1)
