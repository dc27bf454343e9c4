"""One SGD update of all parameters of a network, and the momentum it keeps."""

import torch
from torch.optim.sgd import sgd

from sparsestep.images.algorithm import Spec as Options


class Sgd:
    """theta <- theta - eta v,  v <- momentum v + grad + weight_decay theta; v starts as 0.

    The arithmetic is torch.optim's, fused. Its class SGD imports torch's compiler when the first
    one is made, which takes as long as a tenth of training on digits.
    """

    def __init__(self, network: torch.nn.Module, options: Options):
        self._parameters = list(network.parameters())
        self._options = options
        # v of each parameter; what is None is made by the first update with momentum.
        self._velocities: list[torch.Tensor | None] = [None] * len(self._parameters)

    def forget_gradients(self) -> None:
        """Before the next backward pass, which adds."""
        for p in self._parameters:
            p.grad = None

    @torch.no_grad()
    def update(self, step_size: float) -> None:
        """Go along the gradients of the last backward pass."""
        sgd(
            self._parameters,
            [p.grad for p in self._parameters],
            self._velocities,
            fused=True,
            lr=step_size,
            momentum=self._options.momentum,
            weight_decay=self._options.weight_decay,
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )

    def flatten(self) -> torch.Tensor | None:
        """v of all parameters in a row; None before the first update, or without momentum."""
        if any(v is None for v in self._velocities):
            return None
        return torch.cat([v.reshape(-1) for v in self._velocities])

    def load(self, row: torch.Tensor) -> None:
        """Set v to what `flatten` returned."""
        parts = row.split([p.numel() for p in self._parameters])
        for index, (p, part) in enumerate(zip(self._parameters, parts, strict=True)):
            # It lies in memory as the parameter does.
            self._velocities[index] = torch.empty_like(p, requires_grad=False)
            self._velocities[index].copy_(part.view(p.shape))
