"""Slow, obvious versions of everything that the package computes fast."""

from itertools import pairwise

import numpy as np
import torch
from scipy.linalg import lapack


def train_diagonal(x, y, theta0, step_sizes, order=None):
    """Parameters before every update, (T, 2d): SGD along `order`, or GD without one.

    The gradient of (1/2m) sum_i (<u * v, x_i> - y_i)^2 over the m samples of a step comes from
    autograd.
    """
    theta = torch.tensor(theta0, requires_grad=True)
    x, y = torch.tensor(x), torch.tensor(y)
    d = x.shape[1]
    visited = []
    for t, step_size in enumerate(step_sizes):
        visited.append(theta.detach().numpy().copy())
        rows = slice(None) if order is None else [int(order[t])]
        residuals = x[rows] @ (theta[:d] * theta[d:]) - y[rows]
        loss = 0.5 * (residuals**2).mean()
        (gradient,) = torch.autograd.grad(loss, theta)
        with torch.no_grad():
            theta -= float(step_size) * gradient
    return np.array(visited)


def diagonal_jacobian(theta, x):
    """phi, (n, 2d): row i is the gradient of <u * v, x_i>, by one autograd call a row."""
    d = x.shape[1]
    rows = []
    for x_i in torch.tensor(x):
        parameters = torch.tensor(theta, requires_grad=True)
        output = (parameters[:d] * parameters[d:]) @ x_i
        rows.append(torch.autograd.grad(output, parameters)[0].numpy())
    return np.array(rows)


def rank(matrix, threshold):
    """Number of singular values above threshold * largest, by a full SVD."""
    values = np.linalg.svd(matrix, compute_uv=False)
    return int((values > threshold * values[0]).sum())


def accurate_singular_values(matrix):
    """Singular values of X diag(w) with high relative accuracy, by Jacobi rotations (LAPACK gejsv).

    An ordinary SVD only gets values right down to 2e-16 times the largest.
    """
    # "C": the columns' scales may differ by many orders of magnitude; "N": no vectors, no cut-off.
    scaled, _, _, work, _, info = lapack.dgejsv(
        np.asfortranarray(matrix), joba=0, jobu=3, jobv=3, jobr=0, jobt=0, jobp=0
    )
    assert info == 0
    return scaled * (work[0] / work[1])


def snapshot_iterations(iterations, first, evenly_spaced):
    """The published grid, point by point."""
    wanted = {t for t in range(first) if t < iterations}
    for k in range(evenly_spaced):
        at = round(k * iterations / (evenly_spaced - 1)) if evenly_spaced > 1 else 0
        if at < iterations:
            wanted.add(at)
    return sorted(wanted)


def mlp_output(theta, x, shapes):
    """h(x), scalar torch tensor, of flat parameters; `shapes` lists (outputs, inputs, has bias)."""
    return mlp_layers(theta, x, shapes)[-1][0]


def mlp_layers(theta, x, shapes):
    """Hidden activations and, last, the output (one number) of a ReLU network on one input."""
    values, start, inputs = [], 0, x
    for index, (outputs, width, has_bias) in enumerate(shapes):
        weight = theta[start : start + outputs * width].reshape(outputs, width)
        start += outputs * width
        inputs = weight @ inputs
        if has_bias:
            inputs = inputs + theta[start : start + outputs]
            start += outputs
        if index < len(shapes) - 1:
            inputs = torch.relu(inputs)
        values.append(inputs)
    assert start == len(theta)
    return values


def mlp_features(theta, x, shapes, layer):
    """Activations of hidden layer 1, 2, ... or, last, outputs, (n, width), a sample at a time."""
    theta, x = torch.tensor(theta), torch.tensor(x)
    return np.array([mlp_layers(theta, x_i, shapes)[layer - 1].numpy() for x_i in x])


def feature_sparsity(features, threshold):
    """(coefficient, distinct units), deleting dead and duplicate units one after the other."""
    norms = np.sqrt((features**2).sum(axis=1))
    unit = features / np.where(norms > 0, norms, 1.0)[:, None]
    remaining = [j for j in range(features.shape[1]) if (features[:, j] != 0).any()]
    for j in list(remaining):
        others = [k for k in remaining if k > j]
        if any(abs(_correlation(unit[:, j], unit[:, k])) > threshold for k in others):
            remaining.remove(j)
    return sum((features[:, j] != 0).sum() for j in remaining) / features.size, len(remaining)


def _correlation(a, b):
    """Pearson's, and 0 with a constant."""
    if np.ptp(a) <= 1e-12 * np.abs(a).max() or np.ptp(b) <= 1e-12 * np.abs(b).max():
        return 0.0
    return np.corrcoef(a, b)[0, 1]


def mlp_jacobian(theta, x, shapes):
    """phi, (n, P): row i is the gradient of h(x_i), by one autograd call a row."""
    rows = []
    for x_i in torch.tensor(x):
        parameters = torch.tensor(theta, requires_grad=True)
        output = mlp_output(parameters, x_i, shapes)
        (row,) = torch.autograd.grad(output, parameters, allow_unused=True)
        rows.append(row.numpy())
    return np.array(rows)


def stable_rank(matrix):
    """||A||_F^2 / ||A||_2^2."""
    return np.linalg.norm(matrix) ** 2 / np.linalg.norm(matrix, ord=2) ** 2


def effective_rank(matrix):
    """exp of the entropy of s_i / sum s, by a full SVD."""
    values = np.linalg.svd(matrix, compute_uv=False)
    shares = values / values.sum()
    return np.exp(-sum(p * np.log(p) for p in shares if p > 0))


def mlp_hessian(theta, x, y, shapes):
    """Hessian, (P, P), of the mean of (h(x_i) - y_i)^2, by autograd."""
    x, y = torch.tensor(x), torch.tensor(y)

    def loss(parameters):
        outputs = torch.stack([mlp_output(parameters, x_i, shapes) for x_i in x])
        return ((outputs - y) ** 2).mean()

    return torch.autograd.functional.hessian(loss, torch.tensor(theta)).numpy()


def stabilization(theta, x, eta, theta_star, bands):
    """One replicate of `stabilization_kernel.iterate`: every iterate first, then what they did."""
    path = [theta]
    for x_t in x:
        y = x_t * theta_star**2
        theta = theta + eta * theta * x_t * (y - x_t * (theta * theta))
        path.append(theta)
    steps = len(x)
    gaps = [abs(theta_star**2 - theta * theta) for theta in path]
    later = gaps[steps // 2 + 1 :]

    def band(theta):
        return (
            "low" if bands[0] < theta < bands[1] else "high" if bands[2] < theta < bands[3] else ""
        )

    def alternates_from(t):
        names = [band(theta) for theta in path[t:]]
        return all(names) and all(a != b for a, b in pairwise(names))

    def changes_sides_from(t):
        above = [theta > theta_star for theta in path[t:]]
        return all(a != b for a, b in pairwise(above))

    return {
        "gaps": [min(gaps), max(gaps), min(later), max(later)],
        "since_bands": next((t for t in range(steps + 1) if alternates_from(t)), steps + 1),
        "since_sides": next(t for t in range(steps + 1) if changes_sides_from(t)),
        "last": path[-2:],
    }


def gradient_norms(x, y, beta, eta, factor, steps):
    """Gradient norms of factor ||x beta - y||^2 along gradient descent, by autograd."""
    beta = torch.tensor(beta, requires_grad=True)
    norms = []
    for _ in range(steps + 1):
        loss = factor * ((torch.tensor(x) @ beta - torch.tensor(y)) ** 2).sum()
        (gradient,) = torch.autograd.grad(loss, beta)
        norms.append(float(gradient.norm()))
        with torch.no_grad():
            beta -= eta * gradient
    return norms


def lasso(x, y, weights, sweeps=5000):
    """argmin_b (1/2n) ||X b - y||^2 + sum_j weights_j |b_j|, one coordinate after the other."""
    n, d = x.shape
    b = np.zeros(d)
    for _ in range(sweeps):
        before = b.copy()
        for j in range(d):
            without = x[:, j] @ (y - x @ b + x[:, j] * b[j]) / n
            shrunk = max(abs(without) - weights[j], 0.0)
            b[j] = np.sign(without) * shrunk / (x[:, j] @ x[:, j] / n)
        if np.abs(b - before).max() < 1e-14:
            break
    return b


def sgd_in_float32(theta0, x, y, order, step_sizes, shapes):
    """Parameters before every step, (T, P), float32: one operation after the other, in NumPy.

    Every product that is added is fused with the sum, in the order of the network's units and
    inputs, beginning with the bias. The gradient (less its factor 2) is rounded before 2 eta
    multiplies it; that product is fused with the difference.
    """
    theta, visited = np.array(theta0, np.float32), []
    x, y = np.asarray(x, np.float32), np.asarray(y, np.float32)
    layers, start = [], 0
    for outputs, inputs, has_bias in shapes:
        weight = theta[start : start + outputs * inputs].reshape(outputs, inputs)
        start += outputs * (inputs + has_bias)
        layers.append((weight, theta[start - outputs : start] if has_bias else None))
    for i, step_size in zip(order, step_sizes, strict=True):
        visited.append(theta.copy())
        eta, values = np.float32(2 * step_size), [x[i]]
        for weight, bias in layers:
            out = np.zeros(len(weight), np.float32) if bias is None else bias
            for k, value in enumerate(values[-1]):
                out = _fused(out, weight[:, k], value)
            values.append(np.maximum(out, np.float32(0)))
        # The last layer's outputs are not rectified.
        slopes = out - y[i]
        for (weight, bias), below in zip(reversed(layers), reversed(values[:-1]), strict=True):
            back = np.zeros(len(below), np.float32)
            for o, slope in enumerate(slopes):
                back = _fused(back, weight[o], slope)
            weight[:] = _fused(weight, -eta, slopes[:, None] * below)
            if bias is not None:
                bias[:] = _fused(bias, -eta, slopes)
            slopes = np.where(below > 0, back, np.float32(0))
    return np.array(visited)


def _fused(c, a, b):
    """c + a b in float32; the product of two float32 numbers is exact in float64."""
    return (np.float64(c) + np.float64(a) * np.float64(b)).astype(np.float32)


def sgd_of_torch(theta0, x, y, order, step_sizes, shapes):
    """Parameters before every step, (T, P), float32: `torch.nn.Linear` and `torch.optim.SGD`."""
    layers = [torch.nn.Linear(inputs, outputs, bias=b) for outputs, inputs, b in shapes]
    parameters = [parameter for layer in layers for parameter in layer.parameters()]
    torch.nn.utils.vector_to_parameters(torch.tensor(theta0, dtype=torch.float32), parameters)
    x, y = (torch.tensor(part, dtype=torch.float32) for part in (x, y))
    optimiser, visited = torch.optim.SGD(parameters, lr=1.0), []
    for i, step_size in zip(order, step_sizes, strict=True):
        visited.append(torch.nn.utils.parameters_to_vector(parameters).detach().numpy().copy())
        out = x[[i]]
        for layer in layers[:-1]:
            out = torch.relu(layer(out))
        loss = torch.mean((layers[-1](out)[:, 0] - y[[i]]) ** 2)
        optimiser.zero_grad()
        loss.backward()
        optimiser.param_groups[0]["lr"] = float(step_size)
        optimiser.step()
    return np.array(visited)
