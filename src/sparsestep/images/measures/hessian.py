"""The Hessian of an image network's training loss, as products with vectors."""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from sparsestep.images.networks.layers import ImageNetwork
from sparsestep.images.replicate import Images

# Pixels of the images whose graph is in memory at a time: 512 images of 8 x 8, 32 of 32 x 32. The
# graph of a DenseNet-100-12 takes 0.35 MB a pixel, 12 GB in all.
PIXELS = 2**15


def hessian_product(
    images: Images, network: ImageNetwork, x: torch.Tensor, y: torch.Tensor
) -> Callable[[np.ndarray], np.ndarray]:
    """The function v -> H v of (P,) -> (P,), float64; x (n, C, H, W), uint8, y (n,), int64.

    H is the Hessian of the mean cross-entropy with respect to `network.parameters()`, in their
    order, with the network in the mode that it is in. The product is the gradient of <gradient, v>
    (Pearlmutter 1994, Fast exact multiplication by the Hessian), some images at a time (`PIXELS`),
    in the network's precision, summed in float64.

    The function raises FloatingPointError where a product is not finite.
    """
    parameters = list(network.parameters())
    sizes = [values.numel() for values in parameters]
    batch = max(1, PIXELS // (x.shape[2] * x.shape[3]))
    kind = {"dtype": parameters[0].dtype, "device": parameters[0].device}

    def of_batch(x: torch.Tensor, y: torch.Tensor, direction: list) -> torch.Tensor:
        logits = network(images.standardised(x).to(kind["dtype"]))
        loss = functional.cross_entropy(logits, y, reduction="sum")
        gradient = torch.autograd.grad(loss, parameters, create_graph=True)
        products = torch.autograd.grad(gradient, parameters, grad_outputs=direction)
        return torch.cat([values.reshape(-1) for values in products]).double()

    @torch.enable_grad()
    def product(vector: np.ndarray) -> np.ndarray:
        parts = torch.as_tensor(vector, **kind).split(sizes)
        direction = [v.view_as(p) for v, p in zip(parts, parameters, strict=True)]
        batches = zip(x.split(batch), y.split(batch), strict=True)
        total = sum(of_batch(x_part, y_part, direction) for x_part, y_part in batches) / len(x)
        if not total.isfinite().all():
            raise FloatingPointError("a product with the Hessian is not finite")
        return total.cpu().numpy()

    return product
