"""Outputs, features and derivatives of a network whose parameters are one flat vector, in torch."""

import torch

_ACTIVATIONS = {"identity": lambda values: values, "gelu": torch.nn.GELU(), "silu": torch.nn.SiLU()}
_ACTIVATIONS |= {"leaky_relu": torch.nn.LeakyReLU(0.01), "tanh": torch.tanh, "relu": torch.relu}


def layers(model, theta, x):
    """Activations of each hidden layer, (n, width), and last outputs, (n, 1), of an mlp.

    theta, (P,), layer by layer: weight, row-major, output x input, then bias.
    """
    found, start, inputs = [], 0, x
    widths = [*model["widths"], 1]
    for index, (width, has_bias) in enumerate(zip(widths, model["biases"], strict=True)):
        stop = start + width * inputs.shape[1]
        inputs = inputs @ theta[start:stop].reshape(width, inputs.shape[1]).T
        start = stop
        if has_bias:
            inputs = inputs + theta[start : start + width]
            start += width
        if index + 1 < len(widths):
            inputs = _ACTIVATIONS[model.get("activation", "relu")](inputs)
        found.append(inputs)
    assert start == len(theta)
    return found


def outputs(model, theta, x):
    """h(x), (n,)."""
    if model["kind"] == "diagonal":
        d = x.shape[1]
        return x @ (theta[:d] * theta[d:])
    return layers(model, theta, x)[-1][:, 0]


def loss_factor(model):
    """The loss is this times the mean square of the residual."""
    return 0.5 if model["kind"] == "diagonal" else 1.0


def loss(model, theta, x, y):
    """Of all samples given, a number."""
    return loss_factor(model) * ((outputs(model, theta, x) - y) ** 2).mean()


def each(of_one, thetas):
    """A function of theta at each of several, (S, P) -> (S, ...), NumPy in and out."""
    return torch.func.vmap(of_one)(torch.tensor(thetas)).numpy()


def jacobians(model, thetas, x):
    """phi at each theta, (S, n, P): row i is the gradient of h(x_i)."""
    inputs = torch.tensor(x)
    return each(torch.func.jacrev(lambda theta: outputs(model, theta, inputs)), thetas)


def hessians(model, thetas, x, y):
    """Of the loss at each theta, (S, P, P)."""
    inputs, labels = torch.tensor(x), torch.tensor(y)
    of_gradient = torch.func.jacrev(
        torch.func.grad(lambda theta: loss(model, theta, inputs, labels))
    )
    return each(of_gradient, thetas)
