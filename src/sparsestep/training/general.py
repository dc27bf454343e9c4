"""Training with any activation, loss and optimiser: torch, all replicates at once.

Parameters are (R, P), and a layer is one batched matrix product. The gradient of the sum over the
replicates of their losses holds the gradient of each, so that one backward pass is enough. Where a
compiled trainer makes the same updates, both agree to rounding. A replicate's result depends on
threads, processor and the other replicates in nothing but rounding either: no operation takes rows
together, but how torch sums within one may depend on their number.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from sparsestep import algorithms, models
from sparsestep.artifacts.arrays import Problem
from sparsestep.fields import Closed
from sparsestep.models.differentiable import Form
from sparsestep.training import devices, precision, resumption
from sparsestep.training.optimisers import OPTIMISERS, GradientDescent
from sparsestep.training.samples import Samples

# Parameters of all replicates from which on an update is worth more than one thread.
_SHARED = 2**18


def train(
    problem: Problem,
    spec: dict[str, Any],
    step_sizes: np.ndarray,
    snapshots: np.ndarray,
    threads: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters at the snapshots, (R, S, P), and where each replicate diverged, (R,).

    `step_sizes` has shape (R, T), `snapshots` are sorted iterations. Computed in the algorithm's
    `precision`, float64 arrays in either; NaN after divergence, and -1 where a replicate survived.

    A replicate diverges at the first update before which a residual h(x_i) - y_i of its batch (of
    other losses than the squared one, an output) is not finite or beyond `precision.exploded`. It
    is left out from there on. With `log_loss`, a training may go on from the last snapshot
    (`resumption.py`).
    """
    options = algorithms.from_spec(spec["algorithm"])
    form = Form(models.from_spec(spec["model"], problem.x_train.shape[-1]))
    rounded = precision.rounded(problem, spec)
    # Steps of small networks are too short to be shared.
    used = threads if rounded.theta0.shape[-1] * len(problem.order) >= _SHARED else 1
    with devices.claimed(used) as device:
        before = resumption.progress_of(problem)
        samples = Samples(rounded, options, device, before)
        descent = Descent(form, options, starts(rounded, device), samples)
        descent.resume(before.velocity)
        found = _run(descent, problem, step_sizes, snapshots, device)
    parameters, diverged_at, velocity = found
    if spec["algorithm"].get("log_loss"):
        last = before.update + int(snapshots[-1])
        progress = resumption.Progress(last, velocity, samples.draws)
        parameters = resumption.carrying(parameters, progress)
    return parameters, diverged_at


def _run(descent, problem: Problem, step_sizes, snapshots, device):
    replicates, iterations = step_sizes.shape
    parameters = np.full((replicates, len(snapshots), problem.theta0.shape[-1]), np.nan)
    diverged_at = np.full(replicates, -1)
    # At the last snapshot; whoever has diverged needs none.
    velocity = np.zeros(descent.theta.shape)
    kept = dict(zip(snapshots.tolist(), range(len(snapshots)), strict=True))
    etas = torch.tensor(step_sizes.T[:, :, None], dtype=descent.theta.dtype, device=device)
    going = np.arange(replicates)
    for t in range(iterations):
        if t in kept:
            parameters[going, kept[t]] = descent.theta.cpu().numpy()
            if t == snapshots[-1] and descent.velocity is not None:
                velocity[going] = descent.velocity.cpu().numpy()
        # Where some have diverged, no update has been made of the others.
        while (survive := descent.advance(t, etas[t])) is not None:
            diverged_at[going[~survive]] = t
            going = going[survive]
            if not len(going):
                return parameters, diverged_at, velocity
            rows = torch.tensor(np.flatnonzero(survive), device=device)
            etas = etas[:, rows]
            descent.keep(rows)
    return parameters, diverged_at, velocity


def starts(problem: Problem, device: torch.device) -> Tensor:
    """theta_0 of every replicate, (R, P)."""
    theta0 = np.broadcast_to(problem.theta0, (len(problem.order), problem.theta0.shape[-1]))
    return torch.tensor(np.ascontiguousarray(theta0), device=device)


class Descent:
    """Replicates on their way.

    Attributes:
        theta: where they are, (R, P).
    """

    def __init__(self, form: Form, options: Closed, theta: Tensor, samples: Samples):
        self.theta = theta
        self._form = form
        self._samples = samples
        self._optimiser = OPTIMISERS.get(options.kind, GradientDescent)(theta, options, form)
        self._limit = float(precision.exploded(np.dtype(str(theta.dtype).removeprefix("torch."))))
        self._weights: Tensor | None = None
        self._parts = self._leaves()

    def advance(self, t: int, eta: Tensor) -> np.ndarray | None:
        """Make the update of iteration t with step sizes eta, (R, 1).

        Where a replicate has diverged, make none, and return which have not, (R,).
        """
        x, y = self._samples.at(t)
        h = self._form.outputs(self._parts, x)
        with torch.no_grad():
            watched = h[..., 0] - y if self._form.loss == "squared" else h.flatten(1)
            # NaN is not below.
            if not watched.abs().max().item() < self._limit:
                return (watched.abs() < self._limit).all(dim=1).cpu().numpy()
        losses = self._form.sample_losses(h, y)
        # The gradient of the sum over replicates of the mean over samples.
        if self._weights is None or self._weights.shape != losses.shape:
            self._weights = torch.full_like(losses, 1 / losses.shape[1])
        gradients = torch.autograd.grad(losses, self._parts, self._weights)
        with torch.no_grad():
            gradient = torch.cat([part.flatten(1) for part in gradients], dim=1)
            self._optimiser.update(self.theta, gradient, eta)
        return None

    @property
    def velocity(self) -> Tensor | None:
        """v of descent with momentum, (R, P); of all else None."""
        return self._optimiser.velocity

    def resume(self, velocity: np.ndarray | None) -> None:
        """Start with these velocities, (R, P), where there is momentum."""
        if velocity is not None and self.velocity is not None:
            self.velocity.copy_(torch.tensor(velocity))

    def keep(self, rows: Tensor) -> None:
        """Go on with these replicates alone."""
        self.theta = self.theta[rows]
        self._samples.keep(rows)
        self._optimiser.keep(rows)
        self._parts = self._leaves()

    def _leaves(self) -> list[Tensor]:
        """The parts of theta, which share its memory, as what is differentiated by."""
        return [part.detach().requires_grad_() for part in self._form.parts(self.theta)]
