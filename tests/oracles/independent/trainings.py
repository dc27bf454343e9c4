"""Descent, an update at a time: theta -= gamma (f / m) sum_i (h_i - y_i - zeta_i) grad h_i.

The sum is over the m samples of an update: one of SGD, those of a batch, all n of all else. f is
twice the factor of the loss; zeta is what is added to the labels. With momentum mu and weight decay
lambda, g is that gradient and lambda theta, v = mu v + g, and the step is along v or, of Nesterov,
g + mu v.
"""

import numpy as np
import torch

from independent import networks, optimisers, streams

# A residual beyond it has diverged.
_LARGEST = {"float64": 1e100, "float32": 1e15}


def train(spec, arrays, replicate, step_sizes, other_losses=None):
    """(parameters before every update, (T, P); losses before it, (T,); where it diverged or -1).

    `spec` is that of a run; `arrays` the replicate's x_train, y_train, theta0, order;
    `other_losses`, (T,), those of the run that this one is `of`. NaN from a divergence on.
    """
    algorithm, model = spec["algorithm"], spec["model"]
    precision = algorithm.get("precision", "float64")
    dtype = getattr(torch, precision)
    x, y = (torch.tensor(arrays[name], dtype=dtype) for name in ("x_train", "y_train"))
    start = streams.perturbed(
        arrays["theta0"], spec["problem"], replicate, algorithm.get("perturbation", 0)
    )
    theta = torch.tensor(start, dtype=dtype)
    if algorithm["kind"] in optimisers.KINDS:
        batches = batches_of(spec, arrays, replicate)
        return optimisers.train(spec, theta, x, y, step_sizes, batches, _LARGEST[precision])
    substeps = algorithm.get("substeps", 1)
    zeta = label_noise(spec, arrays, replicate, other_losses)
    rows_of = samples_of(spec, arrays, replicate)
    velocity = torch.zeros_like(theta)
    visited = np.full((len(step_sizes), len(start)), np.nan)
    losses = np.full(len(step_sizes), np.nan)
    for t, eta in enumerate(step_sizes):
        before = theta.numpy().copy()
        for k in range(substeps):
            rows = rows_of(t)
            gradient, watched = _gradient(model, theta, x[rows], y[rows], zeta(t, k))
            if not bool((watched.abs() < _LARGEST[precision]).all()):
                return visited, losses, t
            gradient = gradient + algorithm.get("weight_decay", 0) * theta
            mu = algorithm.get("momentum", 0)
            velocity = mu * velocity + gradient
            along = gradient + mu * velocity if algorithm.get("nesterov") else velocity
            theta = theta - eta / substeps * along
        visited[t] = before
        losses[t] = float(_loss(model, before, arrays))
    return visited, losses, -1


def samples_of(spec, arrays, replicate):
    """Which samples the update of iteration t takes: a function of t."""
    kind = spec["algorithm"]["kind"]
    if kind == "sgd":
        return lambda t: [int(arrays["order"][t])]
    if kind == "batch_sgd":
        batches = batches_of(spec, arrays, replicate)
        return lambda t: batches[t]
    return lambda t: slice(None)


def batches_of(spec, arrays, replicate):
    """Samples of every update, a list each."""
    size, samples = spec["algorithm"]["batch_size"], len(arrays["y_train"])
    order, problem = arrays["order"], spec["problem"]
    if size == "all":
        return [list(range(samples))] * len(order)
    if spec["algorithm"].get("sampling") == "epochs":
        return streams.epochs(problem, replicate, len(order), size, samples).tolist()
    others = streams.further_samples(problem, replicate, len(order), size - 1, samples)
    return [[int(i), *more] for i, more in zip(order, others, strict=True)]


def _gradient(model, theta, x, y, zeta):
    """(the loss's gradient, what must not explode); `zeta` a function of the residual."""
    theta = theta.clone().requires_grad_()
    h = networks.outputs(model, theta, x)
    residual = (h - y).detach()
    noisy = residual - zeta(residual)
    # Its gradient is (1/m) sum_i (h_i - y_i - zeta_i) grad h_i.
    (gradient,) = torch.autograd.grad((noisy * h).mean(), theta)
    return 2 * networks.loss_factor(model) * gradient, residual


def _loss(model, theta, arrays):
    theta, x, y = (
        torch.tensor(part, dtype=torch.float64)
        for part in (theta, arrays["x_train"], arrays["y_train"])
    )
    return networks.loss(model, theta, x, y)


def label_noise(spec, arrays, replicate, other_losses):
    """zeta of update k of iteration t, a function of the residuals: (t, k) -> (r -> zeta)."""
    algorithm, n = spec["algorithm"], len(arrays["y_train"])
    kind, substeps = algorithm["kind"], algorithm.get("substeps", 1)
    if kind in ("sgd", "gd", "momentum_gd") or algorithm.get("noise") == "none":
        return lambda t, k: torch.zeros_like
    if kind == "batch_sgd":
        shape = len(arrays["order"]), algorithm["batch_size"]
        scaled = algorithm["label_noise"] * streams.noise_of_batches(
            spec["problem"], replicate, *shape
        )
        return lambda t, k: lambda r: torch.tensor(scaled[t], dtype=r.dtype)
    if kind == "gd_on_noisy_labels":
        return lambda t, k: lambda r: r * (1 - n * _unit(n, arrays["order"][t], r.dtype))
    z = streams.noise(spec["problem"], replicate, len(arrays["order"]) * substeps, n)
    if kind == "label_noise_gd":
        drawn = np.sqrt(algorithm["variance"]) * z
        return lambda t, k: lambda r: torch.tensor(drawn[t], dtype=r.dtype)
    f, batch = 2 * networks.loss_factor(spec["model"]), algorithm.get("batch_size", 1)

    def isotropic(t, k):
        delta = (algorithm["c"] or 2 * f / n) * other_losses[t] / batch
        drawn = n / f * np.sqrt(substeps * delta) * z[t * substeps + k]
        return lambda r: torch.tensor(drawn, dtype=r.dtype)

    def of_own_residuals(t, k):
        drawn = z[t * substeps + k]
        if algorithm["noise"] == "covariance":
            drawn = drawn - drawn.mean()
        return lambda r: r * torch.tensor(np.sqrt(n * substeps / batch) * drawn, dtype=r.dtype)

    return isotropic if algorithm["noise"] == "isotropic" else of_own_residuals


def _unit(n, i, dtype):
    found = torch.zeros(n, dtype=dtype)
    found[int(i)] = 1
    return found
