"""Weighted variation of a function of one input, and what bounds it (Qiao et al. 2024).

h(x) = sum_j v_j relu(w_j x + b_j) (+ c, an output bias). A unit whose w_j is not 0 has its knot at
tau_j = -b_j / w_j, where the slope of h changes by v_j |w_j|. With X uniform on the n training
inputs, g(x) = min(g-(x), g+(x)) weighs knots,

    g-(x) = P(X < x)^2 E[x - X | X < x] sqrt(1 + E[X | X < x]^2),
    g+(x) = P(X > x)^2 E[X - x | X > x] sqrt(1 + E[X | X > x]^2),

and 0 at and beyond the smallest and the largest input (Mulayoff et al. 2021).
"""

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import AfterValidator, Field

from sparsestep import registry
from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed, Fraction
from sparsestep.measures import backpropagation
from sparsestep.measures.hessian import hessian_product
from sparsestep.measures.lanczos import largest_eigenvalues
from sparsestep.measures.snapshots import measure_chunks

if TYPE_CHECKING:
    from sparsestep.models.mlp import Network as Mlp

_CHAIN = ["weighted_variation", "gradient_bound", "kernel_bound", "sharpness_bound"]
_AGAINST_TRUTH = ["mse_inside", "mse_at_inputs"]
# In the problem's truth, what `inside` needs: labels of the training points without noise.
_TRUE_LABELS = "curve"
# Vectors of P numbers that a snapshot's Lanczos iteration usually keeps.
_VECTORS = 50


def _increasing(quantiles: list[float]) -> list[float]:
    if quantiles[0] >= quantiles[1]:
        raise ValueError("must be two shares, the smaller one first")
    return quantiles


class Spec(Closed):
    """When a knot counts, and between which quantiles of the inputs the truth is compared."""

    threshold: Fraction = Field(
        default=1e-3, description="on |v w| beside the sum over the knots inside; column knots"
    )
    inside: (
        Annotated[list[Fraction], Field(min_length=2, max_length=2), AfterValidator(_increasing)]
        | None
    ) = Field(
        default=None,
        description="quantiles of the training inputs; columns mse_inside, mse_at_inputs",
    )


def columns(options: Spec) -> list[str]:
    """What `measure` returns, the last two with `inside` alone."""
    return [*_CHAIN, "knots", *(_AGAINST_TRUTH if options.inside else [])]


def mistakes(options: Spec, problem: Closed, network: "Mlp") -> dict[tuple, str]:
    """Several inputs or hidden layers, units without biases; no truth to compare with."""
    here = ("measure", "weighted_variation")
    (_, inputs, has_biases), *_ = network.shapes
    if inputs != 1:
        valid = "valid problems: kink_regression, noisy_curve, table with one of its inputs"
        return {here: f"is for networks with one input, got {inputs}; {valid}"}
    if len(network.shapes) != 2:
        hidden = len(network.shapes) - 1
        return {here: f"is for networks with one hidden layer, got {hidden} of model.widths"}
    if not has_biases:
        what = "is for networks whose hidden units have biases, or all knots are at 0"
        return {here: f"{what}; valid: model.biases: [true, true] or [true, false]"}
    truth = getattr(registry.load("problem", problem.kind), "TRUTH", ())
    if options.inside and _TRUE_LABELS not in truth:
        what = f"needs the problem's {_TRUE_LABELS}, got {problem.kind!r}"
        return {(*here, "inside"): f"{what}; valid problems: noisy_curve; else leave it out"}
    return {}


def measure(
    problem: Problem, trajectory: Trajectory, network: "Mlp", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """Of networks with one input and one hidden layer, in the module's notation, each (R, S).

    - `weighted_variation`: TV_g = sum_j |v_j w_j| g(tau_j), each unit by itself: above the integral
      of |h''| g where knots of opposite signs coincide;
    - `gradient_bound`: (||(1/n) sum_i grad h(x_i)||^2 - e) / 2, e = 1 with an output bias, else 0;
    - `kernel_bound`: (lambda_max(phi^T phi / n) - e) / 2, row i of phi is grad h(x_i);
    - `sharpness_bound`: (lambda_max(Hessian of L) / 2 + s - e) / 2, L = (1/n) sum_i r_i^2, r_i =
      h(x_i) - y_i, without 1/2, as everywhere here (the papers' loss is L / 2, and its Hessian half
      of L's), and s = sqrt((1/n) sum r_i^2) sqrt(1 + (1/n) sum x_i^2);
    - `knots`: number of units whose knot lies between the smallest and the largest input and whose
      |v_j w_j| exceeds `threshold` times the sum of it over these knots.

    The first four are in the units of TV_g, whatever the loss. Where no w_j x_i + b_j is 0, each is
    at most the next (the last to 1e-6 of the sharpness, as exact as that is): a^2 + b^2 >= 2 |a b|,
    unit by unit; Rayleigh's quotient at (1, ..., 1); and the part of the Hessian that has residuals
    as factors is at most 2 s in spectral norm.

    With `inside`, of problems that hand out labels without noise, f(x_i),

    - `mse_inside`: mean of (h(x) - f(x))^2 over the test points between these quantiles of the
      training inputs, both included; NaN where there is none;
    - `mse_at_inputs`: (1/n) sum_i (h(x_i) - f(x_i))^2.
    """

    def of_chunk(row: int, theta: np.ndarray) -> np.ndarray:
        x, y = problem.of_replicate("x_train", row), problem.of_replicate("y_train", row)
        found = [*_chain(network, theta, x, y), _knots(network, theta, x[:, 0], options.threshold)]
        if options.inside:
            found += _against_truth(problem, row, network, theta, options.inside)
        return np.column_stack(found)

    parameters, n = network.parameter_count, problem.x_train.shape[1]
    tests = problem.x_test.shape[1] if options.inside else 0
    numbers_each = _VECTORS * parameters + max(n, tests) * sum(network.sizes) + n * n
    return measure_chunks(trajectory, network, columns(options), of_chunk, numbers_each, threads)


def weight(at: np.ndarray, x: np.ndarray) -> np.ndarray:
    """g of the inputs x, (n,), at these places, of the same shape as `at`."""
    x = np.sort(x)
    # g is 0 at both ends and beyond; a knot may lie at infinity.
    at = np.clip(at, x[0], x[-1])
    sums = np.concatenate([[0.0], np.cumsum(x)])
    below = np.searchsorted(x, at, side="left")
    above = len(x) - np.searchsorted(x, at, side="right")
    from_left = _side(below, sums[below], at, len(x))
    return np.minimum(from_left, _side(above, sums[-1] - sums[len(x) - above], at, len(x)))


def _side(count: np.ndarray, total: np.ndarray, at: np.ndarray, n: int) -> np.ndarray:
    """(count / n)^2 |at - mean| sqrt(1 + mean^2) of inputs on one side, by count and sum."""
    mean = total / np.maximum(count, 1)
    return (count / n) ** 2 * np.abs(at - mean) * np.sqrt(1 + mean**2)


def changes_of_slope(network: "Mlp", theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """tau_j and v_j |w_j| of every unit, (C, units), of parameters (C, P); 0 where w_j is 0."""
    (w, b), (v, _) = network.layers(theta)
    w, v = w[..., 0], v[..., 0, :]
    with np.errstate(over="ignore"):
        places = np.divide(-b, w, out=np.zeros_like(b), where=w != 0)
    return places, v * np.abs(w)


def _chain(network: "Mlp", theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """TV_g and what bounds it, each (C,)."""
    places, changes = changes_of_slope(network, theta)
    n, of_bias = len(x), float(network.shapes[-1][2])
    kernels = backpropagation.tangent_kernel(network, theta, x)
    product = hessian_product(network, theta, x, y)
    sharpness = largest_eigenvalues(product, len(theta), network.parameter_count)
    squares = ((network.predict(theta, x) - y) ** 2).mean(axis=1)
    sides = [
        kernels.sum(axis=(1, 2)) / n**2,
        np.linalg.eigvalsh(kernels)[:, -1] / n,
        sharpness / 2 + np.sqrt(squares * (1 + (x**2).mean())),
    ]
    variation = (np.abs(changes) * weight(places, x[:, 0])).sum(axis=1)
    return [variation, *((side - of_bias) / 2 for side in sides)]


def _knots(network: "Mlp", theta: np.ndarray, x: np.ndarray, threshold: float) -> np.ndarray:
    """How many units have a knot inside that is not small, (C,)."""
    places, changes = changes_of_slope(network, theta)
    sizes = np.where((places > x.min()) & (places < x.max()), np.abs(changes), 0.0)
    return (sizes > threshold * sizes.sum(axis=1, keepdims=True)).sum(axis=1)


def _against_truth(
    problem: Problem, row: int, network: "Mlp", theta: np.ndarray, inside: list[float]
) -> list[np.ndarray]:
    """Mean squared errors against the truth, at test points inside and at the inputs, (C,)."""
    x = problem.of_replicate("x_train", row)
    points, truth = problem.of_replicate("x_test", row), problem.of_replicate("y_test", row)
    low, high = np.quantile(x[:, 0], inside)
    chosen = (points[:, 0] >= low) & (points[:, 0] <= high)
    at_inputs = (network.predict(theta, x) - problem.of_replicate(_TRUE_LABELS, row)) ** 2
    if not chosen.any():
        return [np.full(len(theta), np.nan), at_inputs.mean(axis=1)]
    errors = (network.predict(theta, points[chosen]) - truth[chosen]) ** 2
    return [errors.mean(axis=1), at_inputs.mean(axis=1)]
