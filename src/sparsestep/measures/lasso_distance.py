"""A diagonal network trained with label noise against the Lasso it should solve.

That label noise makes a diagonal network solve a Lasso, that weights off its support vanish
exponentially fast and that those on it stay within O(sqrt(eta delta)) is due to Pillaud-Vivien,
Reygner, Flammarion (2022), arXiv 2206.09841. The constants below are derived here, for this
network and loss.

An update multiplies p = u + v by 1 - eta (G - W) and q = u - v by 1 + eta (G - W), where
beta = u v = (p^2 - q^2) / 4, G = X^T (X beta - y) / n and W ~ N(0, delta X^T X / n^2). To second
order, a step changes log|p_j| by -eta (G_j + lambda_j) and log|q_j| by eta (G_j - lambda_j) on
average, with

    lambda_j = lambda s_j,  lambda = eta delta / (2n),  s_j = ||X_j||^2 / n.

- Where beta_j > 0 stays, log|p_j| has no drift in the long run: the mean of G_j is -lambda_j; for
  beta_j < 0 it is lambda_j; else it lies between. G is linear in beta, so beta's mean over time is
  b(lambda), the minimum of (1/2n) ||X b - y||^2 + lambda sum_j s_j |b_j|.
- Where |G_j| < lambda_j, both p_j and q_j vanish, and |beta_j| decays as
  exp(-2 eta (lambda_j - |G_j|) t) in the long run; before, its random walk of standard deviation
  2 sqrt(2 eta lambda_j t), whose sign |beta_j| does not see, makes it decay more slowly.
- On the support, beta - b(lambda) is to first order an Ornstein-Uhlenbeck process with stationary
  covariance (eta delta / n) diag|b(lambda)|.

What is left out are terms of relative size eta beta_j s_j: it all holds for small steps.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed, PositiveFloat
from sparsestep.measures.lasso_path import LassoPath

if TYPE_CHECKING:
    from sparsestep.models.diagonal import Network as Diagonal

_COLUMNS = [
    "noise_level",
    "lasso_distance",
    "mean_lasso_distance",
    "mean_lasso_penalty",
    "mean_lasso_error",
    "support_precision",
    "support_recall",
    "off_support_norm",
    "support_distance",
    "log_off_lasso_support",
    "predicted_penalty",
    "predicted_precision",
    "predicted_recall",
    "predicted_support_distance",
    "predicted_fluctuation",
    "predicted_decay",
]
# Of the problem's truth.
NEEDS = ("beta_star",)
# Means over earlier snapshots are among what is measured.
OF_ALL_SNAPSHOTS = True
_DATA = ("x_train", "y_train", "beta_star")
# Beyond it a replicate is on its way to 1e100, where it has diverged; its squares may overflow.
_LARGEST = 1e30


class Spec(Closed):
    """What counts as selected."""

    support_threshold: PositiveFloat = Field(
        default=1e-2, description="|beta_j| above it is on the support that is found"
    )


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    return list(_COLUMNS)


def measure(
    problem: Problem, trajectory: Trajectory, network: "Diagonal", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """Columns, each (R, S), float64; b(.) is the weighted Lasso's path on the replicate's data.

    S is the support of beta*, A that of b(lambda); norms are Euclidean. mean_t is the average over
    the snapshots in (t/2, t], which stands for the average under a stationary law.

    `noise_level`: eta delta.
    `lasso_distance`: min over the path of ||beta - b||.
    `mean_lasso_distance`: the same of mean_t beta; `mean_lasso_penalty`: the penalty of that b.
    `mean_lasso_error`: ||mean_t beta - b(lambda)||.
    `support_precision`: |F and S| / |F|, F = {|beta_j| > support_threshold}; NaN where F is empty.
    `support_recall`: |F and S| / |S|.
    `off_support_norm`, `support_distance`: ||beta|| off S, ||beta - beta*|| on S.
    `log_off_lasso_support`: mean of log|u_j v_j| over j not in A; NaN where one of u_j, v_j
        is below 2.2e-308.
    `predicted_penalty`: lambda. `predicted_precision`, `predicted_recall`: of b(lambda).
    `predicted_fluctuation`: sqrt(eta delta ||b(lambda)||_1 / n), what ||beta - b|| is on A.
    `predicted_support_distance`: sqrt(predicted_fluctuation^2 + ||b(lambda) - beta*||^2 on S).
    `predicted_decay`: mean over j not in A of 2 eta (lambda_j - |G_j|), at b(lambda).

    All that needs lambda is NaN where the algorithm is not `label_noise_gd`.
    """
    shape = trajectory.parameters.shape[:2]
    out = {name: np.full(shape, np.nan) for name in _COLUMNS}
    for row, theta in enumerate(trajectory.parameters):
        with np.errstate(invalid="ignore"):
            theta = np.where(np.abs(theta) <= _LARGEST, theta, np.nan)
        x, y, truth = (problem.of_replicate(name, row) for name in _DATA)
        u, v = network.split(theta)
        path, means = LassoPath(x, y), trailing_means(u * v, trajectory.iterations)
        _put(out, row, ..., _of_path(path, u * v, means))
        _put(out, row, ..., _of_support(u * v, truth, options.support_threshold))
        # The prediction depends on the step size, which most schedules change seldom.
        for eta in np.unique(trajectory.step_sizes[row]):
            at = trajectory.step_sizes[row] == eta
            predicted = Prediction(path, x, y, eta, _variance(trajectory.spec))
            _put(out, row, at, _of_prediction(predicted, truth, options.support_threshold))
            _put(out, row, at, _off_its_support(predicted, u[at], v[at], means[at]))
    return out


def trailing_means(values: np.ndarray, iterations: np.ndarray) -> np.ndarray:
    """Mean over the snapshots in (t/2, t], for every snapshot t (0: of itself); values (S, d)."""
    starts = np.searchsorted(iterations, iterations // 2, side="right")
    starts = np.minimum(starts, np.arange(len(iterations)))
    return np.array([values[start : end + 1].mean(axis=0) for end, start in enumerate(starts)])


class Prediction:
    """What the theory above says for a step size eta and noise of variance delta on the labels.

    Attributes:
        level: eta delta.  penalty: lambda.  solution: b(lambda), (d,).
        zero: where the solution is zero, (d,).
        fluctuation: sqrt(eta delta ||b(lambda)||_1 / n).
        decay: 2 eta (lambda_j - |G_j|) of each coordinate and iteration, (d,).
    """

    def __init__(self, path: LassoPath, x: np.ndarray, y: np.ndarray, eta: float, delta: float):
        samples = len(y)
        self.level = eta * delta
        self.penalty = self.level / (2 * samples)
        self.solution = path.at(self.penalty)
        # Corners are zero but for rounding.
        self.zero = np.abs(self.solution) <= 1e-12 * np.abs(path.corners).max()
        self.fluctuation = np.sqrt(self.level * np.abs(self.solution).sum() / samples)
        slope = x.T @ (x @ self.solution - y) / samples
        self.decay = 2 * eta * (self.penalty * path.scales - np.abs(slope))


def _variance(spec: dict) -> float:
    return spec["algorithm"].get("variance", np.nan) if "algorithm" in spec else np.nan


def _put(out: dict, row: int, at: Any, values: dict) -> None:
    for name, value in values.items():
        out[name][row, at] = value


def _of_path(path: LassoPath, beta: np.ndarray, means: np.ndarray) -> dict:
    distance, _ = path.nearest(beta)
    of_mean, penalty = path.nearest(means)
    return {
        "lasso_distance": distance,
        "mean_lasso_distance": of_mean,
        "mean_lasso_penalty": penalty,
    }


def _of_support(beta: np.ndarray, truth: np.ndarray, threshold: float) -> dict:
    on = truth != 0
    precision, recall = _precision_and_recall(beta, on, threshold)
    return {
        "support_precision": precision,
        "support_recall": recall,
        "off_support_norm": np.linalg.norm(beta[:, ~on], axis=1),
        "support_distance": np.linalg.norm((beta - truth)[:, on], axis=1),
    }


def _precision_and_recall(
    beta: np.ndarray, on: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Both (S,), of the coordinates of beta, (S, d), above the threshold; NaN where beta is NaN."""
    found = np.abs(beta) > threshold
    undefined = np.isnan(beta).any(axis=1)
    right = (found & on).sum(axis=1)
    shares = []
    for of in (found.sum(axis=1), np.full(len(beta), on.sum())):
        known = (of > 0) & ~undefined
        shares.append(np.divide(right, of, out=np.full(len(beta), np.nan), where=known))
    return shares[0], shares[1]


def _of_prediction(predicted: Prediction, truth: np.ndarray, threshold: float) -> dict:
    on = truth != 0
    precision, recall = _precision_and_recall(predicted.solution[None], on, threshold)
    bias = np.linalg.norm((predicted.solution - truth)[on])
    decay = predicted.decay[predicted.zero]
    return {
        "noise_level": predicted.level,
        "predicted_penalty": predicted.penalty,
        "predicted_precision": precision[0],
        "predicted_recall": recall[0],
        "predicted_fluctuation": predicted.fluctuation,
        "predicted_support_distance": np.hypot(predicted.fluctuation, bias),
        "predicted_decay": decay.mean() if decay.size else np.nan,
    }


def _off_its_support(
    predicted: Prediction, u: np.ndarray, v: np.ndarray, means: np.ndarray
) -> dict:
    """What compares snapshots with b(lambda)."""
    sizes = [np.abs(half[:, predicted.zero]) for half in (u, v)]
    # Products would underflow long before their factors; subnormal factors no longer shrink.
    sizes = [np.where(size >= np.finfo(float).tiny, size, np.nan) for size in sizes]
    logs = np.log(sizes[0]) + np.log(sizes[1])
    return {
        "mean_lasso_error": np.linalg.norm(means - predicted.solution, axis=1),
        "log_off_lasso_support": logs.mean(axis=1) if logs.size else np.nan,
    }
