"""Derivatives of networks and their losses by torch, for many snapshots at once.

For networks with any activation and loss (`models/general_mlp.py`). As in torch, relu has
derivative 0 at 0 and second derivative 0.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from sparsestep.models.differentiable import Form, tensor

if TYPE_CHECKING:
    from sparsestep.models.general_mlp import Network


def losses(network: "Network", theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean loss over samples (n, d), (n,) of parameters (S, P), (S,)."""
    form = Form(network)
    with torch.no_grad():
        h = form.outputs(form.parts(tensor(theta)), tensor(x)[None])
        return form.sample_losses(h, tensor(y)[None]).mean(dim=1).numpy()


def errors(network: "Network", theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Share of the samples (n, d), (n,) in a wrong class, of parameters (S, P), (S,)."""
    form = Form(network)
    with torch.no_grad():
        h = form.outputs(form.parts(tensor(theta)), tensor(x)[None])
        return form.wrong(h, tensor(y)[None]).double().mean(dim=1).numpy()


def jacobian(network: "Network", theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """phi, (C, n outputs, P), of parameters (C, P) on inputs (n, d).

    Row i outputs + k is the gradient of output k at x_i.
    """
    form, parts = _differentiable(network, theta)
    h = form.outputs(parts, tensor(x)[None]).flatten(1)
    rows = torch.eye(h.shape[1], dtype=h.dtype)[:, None, :].expand(-1, *h.shape)
    found = torch.autograd.grad(h, parts, rows, is_grads_batched=True)
    return torch.cat([part.flatten(2) for part in found], dim=2).transpose(0, 1).numpy()


def gradients(network: "Network", theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Gradient of the loss, (C, P), of parameters (C, P) on inputs (n, d) with labels (C, n)."""
    form, parts = _differentiable(network, theta)
    total = form.sample_losses(form.outputs(parts, tensor(x)[None]), tensor(y)).mean(dim=1).sum()
    return _joined(torch.autograd.grad(total, parts)).numpy()


def output_gradients(
    network: "Network", theta: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Derivative of each sample's loss by its outputs, (C, n outputs), rows as of `jacobian`."""
    form = Form(network)
    h = form.outputs(form.parts(tensor(theta)), tensor(x)[None]).requires_grad_()
    total = form.sample_losses(h, tensor(y)[None]).sum()
    return torch.autograd.grad(total, h)[0].flatten(1).numpy()


def hessian_product(
    network: "Network", theta: np.ndarray, x: np.ndarray, y: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """The function v -> H v of (C, P) -> (C, P), H the Hessian of the mean loss at theta (C, P)."""
    form, parts = _differentiable(network, theta)
    total = form.sample_losses(form.outputs(parts, tensor(x)[None]), tensor(y)[None])
    gradient = _joined(torch.autograd.grad(total.mean(dim=1).sum(), parts, create_graph=True))

    def product(direction: np.ndarray) -> np.ndarray:
        # Of a network that is linear in a part, its gradient does not depend on that part.
        found = torch.autograd.grad(
            gradient, parts, tensor(direction), retain_graph=True, materialize_grads=True
        )
        return _joined(found).numpy()

    return product


def _differentiable(network: "Network", theta: np.ndarray) -> tuple[Form, list[Tensor]]:
    form = Form(network)
    return form, [part.detach().requires_grad_() for part in form.parts(tensor(theta))]


def _joined(parts: tuple[Tensor, ...]) -> Tensor:
    return torch.cat([part.flatten(1) for part in parts], dim=1)
