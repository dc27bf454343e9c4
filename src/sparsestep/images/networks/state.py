"""All that a network on images has learned, as one flat vector: parameters and running statistics.

The vector holds the floating-point entries of torch's `state_dict` in its order: parameters, and
the running means and variances of batch norm. (Its counters of batches are left out; nothing uses
them.)
"""

import numpy as np
import torch
from torch import nn


def entries(network: nn.Module) -> dict[str, torch.Tensor]:
    """The tensors that make up the vector, by name; they are the network's own."""
    return {name: x for name, x in network.state_dict().items() if x.is_floating_point()}


@torch.no_grad()
def flatten(network: nn.Module) -> torch.Tensor:
    """The vector, (P,), float32, on the network's device; a copy."""
    return torch.cat([x.reshape(-1) for x in entries(network).values()])


@torch.no_grad()
def load(network: nn.Module, state: torch.Tensor | np.ndarray) -> None:
    """Set the network to a vector (P,) of `flatten`, or of a `Trajectory`.

    Raises ValueError when it has another length.
    """
    state = as_float(state)
    own = entries(network)
    sizes = [x.numel() for x in own.values()]
    if state.shape != (sum(sizes),):
        raise ValueError(f"the network has {sum(sizes)} numbers, got {tuple(state.shape)}")
    for x, part in zip(own.values(), state.split(sizes), strict=True):
        x.copy_(part.view(x.shape))


def as_float(state: torch.Tensor | np.ndarray) -> torch.Tensor:
    """float32 of a vector; NumPy knows no bfloat16, so uint16 stands for its bits."""
    state = torch.as_tensor(state)
    return (state.view(torch.bfloat16) if state.dtype == torch.uint16 else state).float()


def as_bfloat16(state: np.ndarray) -> np.ndarray:
    """The bits, uint16, of the nearest bfloat16 of float32 numbers."""
    return torch.from_numpy(state).bfloat16().view(torch.uint16).numpy()
