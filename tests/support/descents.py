"""Random problems of every small model, each update written out, for the tests of trainers."""

import dataclasses
import itertools

import numpy as np
import torch

from sparsestep import registry
from sparsestep.artifacts.arrays import Problem
from sparsestep.training import train

MODELS = {
    "diagonal": {"kind": "diagonal", "u": 0.1, "v": 0.0},
    "wide": {"kind": "mlp", "widths": [9], "biases": [True, False], "weight_scales": [1.0, 1.0]},
    "shallow": {
        "kind": "mlp",
        "widths": [3],
        "biases": [False, True],
        "weight_scales": [1.0, 1.0],
    },
    "deep": {
        "kind": "mlp",
        "widths": [4, 3],
        "biases": [True, False, True],
        "weight_scales": [1.0, 1.0, 1.0],
    },
}
ALGORITHMS = {
    "gd": {"kind": "gd"},
    "labels": {"kind": "label_noise_gd", "variance": 0.3},
    "sampling": {"kind": "gd_on_noisy_labels"},
    "isotropic": {"kind": "sde", "of": "sgd", "noise": "isotropic", "substeps": 3},
    "stronger": {"kind": "sde", "of": "sgd", "noise": "isotropic", "c": 0.8, "substeps": 2},
    "covariance": {"kind": "sde", "of": "sgd", "noise": "covariance", "substeps": 2},
    "second_moment": {"kind": "sde", "noise": "second_moment", "substeps": 2, "batch_size": 3},
    "flow": {"kind": "sde", "of": "sgd", "noise": "none", "substeps": 4},
}


def make_problem(model, n, d, replicates, iterations, seed=0):
    """Every replicate with data, initial parameters and order of its own."""
    rng = np.random.default_rng(seed)
    module = registry.load("model", model["kind"])
    count = module.Network(module.Spec(**model), d).initial_parameters(0).size
    seeds = {"data_seed": 0, "init_seed": 0, "order_seed": seed, "vary": ["order"]}
    return Problem(
        x_train=rng.standard_normal((replicates, n, d)),
        y_train=rng.standard_normal((replicates, n)),
        x_test=rng.standard_normal((replicates, 3, d)),
        y_test=rng.standard_normal((replicates, 3)),
        theta0=0.5 * rng.standard_normal((replicates, count)),
        order=rng.integers(n, size=(replicates, iterations)).astype(np.int32),
        spec={"problem": seeds, "replicates": [0, replicates - 1]},
    )


def make_spec(model, algorithm, iterations, step_size=0.02):
    return {
        "model": model,
        "algorithm": algorithm,
        "schedule": {
            "kind": "step_decay",
            "step_size": step_size,
            "decay_at": 0.5,
            "divide_by": 2.0,
        },
        "iterations": iterations,
        "snapshots": {"first": iterations, "evenly_spaced": 1},
    }


def run(problem, model, algorithm, iterations, step_size=0.02, threads=1):
    """Trajectory; what follows another run follows SGD with the same step sizes."""
    sgd = make_spec(model, {"kind": "sgd", "log_loss": True}, iterations, step_size)
    other = train(problem, sgd) if "of" in algorithm else None
    return train(problem, make_spec(model, algorithm, iterations, step_size), threads, None, other)


def output(model, theta, x):
    """h(x), written with torch."""
    if model["kind"] == "diagonal":
        u, v = theta.chunk(2)
        return x @ (u * v)
    sizes = [x.shape[1], *model["widths"], 1]
    start = 0
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        weight = theta[start : start + inputs * outputs].reshape(outputs, inputs)
        start += weight.numel()
        bias = 0.0
        if model["biases"][layer]:
            bias = theta[start : start + outputs]
            start += outputs
        x = x @ weight.T + bias
        x = torch.relu(x) if layer < len(sizes) - 2 else x[:, 0]
    return x


def slow_descent(problem, row, model, algorithm, iterations, step_size, train_loss):
    """The formulas of the SDE and of noisy labels, one autograd call a sample."""
    x = torch.from_numpy(problem.x_train[row])
    y = torch.from_numpy(problem.y_train[row])
    n, f = len(y), 1.0 if model["kind"] == "diagonal" else 2.0
    stream = np.random.Generator(np.random.SFC64(noise_seed(problem, row)))
    theta = torch.from_numpy(problem.theta0[row].copy())
    m = algorithm.get("substeps", 1)
    visited = []
    for t in range(iterations):
        visited.append(theta.numpy().copy())
        eta = step_size if t <= iterations // 2 else step_size / 2.0
        for _ in range(m):
            phi = torch.func.jacrev(lambda p: output(model, p, x))(theta)
            residual = output(model, theta, x) - y
            drift = f / n * phi.T @ residual
            kind = algorithm["kind"]
            if kind == "gd" or algorithm.get("noise") == "none":
                noise = 0.0
            elif kind == "gd_on_noisy_labels":
                i = problem.order[row, t]
                noise = eta * (drift - f * residual[i] * phi[i])
            else:
                z = torch.from_numpy(stream.standard_normal(n))
                if kind == "label_noise_gd":
                    noise = eta * f / n * phi.T @ (algorithm["variance"] ** 0.5 * z)
                elif algorithm["noise"] == "isotropic":
                    c = algorithm.get("c", 2 / n if f == 1 else 4 / n)
                    noise = (eta / m * eta * c * train_loss[row, t]) ** 0.5 * phi.T @ z
                else:
                    # One root of the second moment of one-sample gradients, of the covariance.
                    samples = f / n**0.5 * residual[:, None] * phi
                    if algorithm["noise"] == "covariance":
                        samples = samples - samples.mean(axis=0)
                    b = algorithm.get("batch_size", 1)
                    noise = (eta / m * eta / b) ** 0.5 * samples.T @ z
            theta = theta - eta / m * drift + noise
    return np.array(visited)


def noise_seed(problem, row):
    seed = problem.spec["problem"]["order_seed"]
    if row > 0:
        seed = int(np.random.SeedSequence([seed, row, 2]).generate_state(1)[0])
    return np.random.SeedSequence([seed, 3])


def make_losses(problem, at=1.0):
    """A run to follow, of constant loss."""
    sgd = make_spec(MODELS["diagonal"], {"kind": "sgd"}, problem.order.shape[1])
    fresh = make_problem(MODELS["diagonal"], 2, 2, len(problem.order), problem.order.shape[1])
    return dataclasses.replace(train(fresh, sgd), train_loss=np.full(problem.order.shape, at))


def divergence(problem, row, model, algorithm, step_sizes, train_loss=None):
    """The iteration of the first update of which a residual is not below 1e100, -1 without one.

    SGD, whose residual is that of its sample, and descent, whose residuals are those to the noisy
    labels, one autograd call an update.
    """
    x, y = torch.from_numpy(problem.x_train[row]), torch.from_numpy(problem.y_train[row])
    f = 1.0 if model["kind"] == "diagonal" else 2.0
    stream = np.random.Generator(np.random.SFC64(noise_seed(problem, row)))
    theta = torch.from_numpy(problem.theta0[row].copy())
    m = algorithm.get("substeps", 1)
    for t, eta in enumerate(step_sizes):
        i = problem.order[row, t]
        rows = [i] if algorithm["kind"] == "sgd" else slice(None)
        for _ in range(m):
            theta.requires_grad_()
            outputs = output(model, theta, x[rows])
            residuals = (outputs - y[rows]).detach()
            residuals = residuals - _labels(algorithm, residuals, i, m, f, stream, train_loss, t)
            if not (residuals.abs() < 1e100).all():
                return t
            (gradient,) = torch.autograd.grad(outputs @ residuals, theta)
            theta = theta.detach() - eta / m * f / len(residuals) * gradient
    return -1


def _labels(algorithm, residuals, i, m, f, stream, train_loss, t):
    """What is added to the labels in an update, (n,)."""
    n, kind = len(residuals), algorithm["kind"]
    if kind in ("sgd", "gd") or algorithm.get("noise") == "none":
        return torch.zeros(n)
    if kind == "gd_on_noisy_labels":
        return residuals * (1.0 - n * (torch.arange(n) == i))
    z = torch.from_numpy(stream.standard_normal(n))
    if kind == "label_noise_gd":
        return algorithm["variance"] ** 0.5 * z
    b = algorithm.get("batch_size", 1)
    if algorithm["noise"] == "covariance":
        z = z - z.mean()
    if algorithm["noise"] != "isotropic":
        return (n * m / b) ** 0.5 * residuals * z
    c = algorithm.get("c", 2 * f / n)
    return n / f * (m * c * train_loss[t]) ** 0.5 * z
