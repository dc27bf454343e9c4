"""Which step sizes survive: many at a time, a row of parameters each."""

import numpy as np
import torch

from independent import networks

_LARGEST = 1e100


def search(spec, arrays):
    """A replicate's edge: the largest step size that survives, over a fifth that survives too.

    Doubled (or halved) from 1e-3 until two neighbours differ, the bracket halved geometrically to
    a relative width of `tolerance`; then down in steps of that, until those tried over the fifth
    below the candidate have all survived. Survival is not monotone, so that what is tried matters.
    """
    tolerance = spec["edge"]["tolerance"]

    def alive(step_size):
        return survives(spec, arrays, np.array([step_size]))[0]

    low = 1e-3
    while not alive(low):
        low /= 2
    high = 2 * low
    while alive(high):
        low, high = high, 2 * high
    while high > low * (1 + tolerance):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if alive(middle) else (low, middle)
    edge, tried = low, low
    while (1 - tolerance) * tried > 0:
        # As many steps as lead to a fifth below the edge, or one more.
        steps = int(np.ceil(np.log(0.8) / np.log(1 - tolerance)))
        below = tried * np.cumprod(np.full(steps, 1 - tolerance))
        fate = survives(spec, arrays, below)
        if fate.all():
            return edge
        # The largest below the last of them that did not.
        tried = below[np.flatnonzero(~fate)[0]]
        edge = tried * (1 - tolerance)
    raise AssertionError("no edge")


def survives(spec, arrays, step_sizes):
    """Whether a replicate survives each constant step size for int(horizon T) updates, (G,).

    It does not where a residual is beyond 1e100 before one of these updates; with `survive: alive`
    neither where the network before the last of them has the same output for all inputs.
    """
    x, y = (torch.tensor(arrays[name]) for name in ("x_train", "y_train"))
    sizes = torch.tensor(step_sizes)[:, None]
    theta = torch.tensor(arrays["theta0"]).repeat(len(step_sizes), 1)
    alive = np.ones(len(step_sizes), bool)
    horizon = int(spec["edge"]["horizon"] * spec["iterations"])
    for t in range(horizon):
        rows = [int(arrays["order"][t])] if spec["algorithm"]["kind"] == "sgd" else slice(None)

        def loss(one, rows=rows):
            return networks.loss(spec["model"], one, x[rows], y[rows])

        outputs = torch.func.vmap(lambda one: networks.outputs(spec["model"], one, x))(theta)
        alive &= ((outputs[:, rows] - y[rows]).abs() < _LARGEST).all(dim=1).numpy()
        if t == horizon - 1 and spec["edge"]["survive"] == "alive":
            spread = outputs.max(dim=1).values - outputs.min(dim=1).values
            alive &= (spread > 1e-12 * outputs.abs().max(dim=1).values).numpy()
        theta = theta - sizes * torch.func.vmap(torch.func.grad(loss))(theta)
    return alive
