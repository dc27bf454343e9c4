"""Training with an optimiser: torch's own, and those that it lacks by their definitions."""

import numpy as np
import torch

from independent import networks

KINDS = ("adam", "adamw", "rmsprop", "sign_descent", "muon")
_OF_TORCH = {
    "adam": (torch.optim.Adam, ("betas", "eps", "weight_decay", "amsgrad")),
    "adamw": (torch.optim.AdamW, ("betas", "eps", "weight_decay", "amsgrad")),
    "rmsprop": (torch.optim.RMSprop, ("alpha", "eps", "weight_decay", "momentum", "centered")),
}


def train(spec, theta, x, y, step_sizes, batches, largest):
    """What `trainings.train` returns, of a replicate that starts at theta, (P,)."""
    algorithm, model = spec["algorithm"], spec["model"]
    theta = theta.clone().requires_grad_()
    update = _update_of(algorithm, model, theta, x.shape[1])
    visited, losses = (
        np.full((len(step_sizes), len(theta)), np.nan),
        np.full(len(step_sizes), np.nan),
    )
    for t, eta in enumerate(step_sizes):
        rows = batches[t]
        h = networks.outputs(model, theta, x[rows])
        if not bool(((h - y[rows]).abs() < largest).all()):
            return visited, losses, t
        visited[t] = theta.detach().numpy()
        losses[t] = float(networks.loss(model, theta.detach(), x, y))
        (theta.grad,) = torch.autograd.grad(networks.loss(model, theta, x[rows], y[rows]), theta)
        update(theta, float(eta))
    return visited, losses, -1


def _update_of(algorithm, model, theta, dimension):
    """The function (theta, eta), which moves theta along its `grad`."""
    if algorithm["kind"] == "sign_descent":
        return _signs(algorithm)
    if algorithm["kind"] == "muon":
        return _muon(algorithm, model, theta, dimension)
    build, names = _OF_TORCH[algorithm["kind"]]
    return _step(build([theta], lr=1.0, **{name: algorithm[name] for name in names}))


def _step(optimiser):
    def update(theta, eta):
        optimiser.param_groups[0]["lr"] = eta
        optimiser.step()

    return update


def _signs(algorithm):
    mean = 0.0

    def update(theta, eta):
        nonlocal mean
        beta = algorithm["momentum"]
        mean = beta * mean + (1 - beta) * theta.grad
        theta.data -= eta * torch.sign(mean)

    return update


def _muon(algorithm, model, theta, dimension):
    """Weights of hidden layers by the singular values of their momentum, all else by AdamW."""
    adamw, mean = _step(torch.optim.AdamW([theta], lr=1.0)), torch.zeros_like(theta.detach())

    def update(theta, eta):
        before, gradient, beta = theta.detach().clone(), theta.grad.clone(), algorithm["momentum"]
        mean.mul_(beta).add_((1 - beta) * gradient)
        moved = beta * mean + (1 - beta) * gradient if algorithm["nesterov"] else mean
        adamw(theta, eta)
        start, columns = 0, dimension
        for rows, has_bias in zip(model["widths"], model["biases"], strict=False):
            of = slice(start, start + rows * columns)
            u, s, v = torch.linalg.svd(moved[of].reshape(rows, columns), full_matrices=False)
            s = s / max(float(torch.linalg.norm(s)), algorithm["eps"])
            a, b, c = algorithm["ns_coefficients"]
            for _ in range(algorithm["ns_steps"]):
                s = a * s + b * s**3 + c * s**5
            step = eta * np.sqrt(max(1, rows / columns)) * (u * s) @ v
            kept = before[of] * (1 - eta * algorithm["weight_decay"])
            theta.data[of] = kept - step.flatten()
            start, columns = of.stop + rows * has_bias, rows

    return update
