"""Sharpness of a network on images: curvature of its training loss."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from sparsestep.artifacts.arrays import Trajectory
from sparsestep.fields import Closed, Fraction, PositiveInt

if TYPE_CHECKING:
    from sparsestep.images.networks.layers import ImageNetwork
    from sparsestep.images.replicate import Images


class Spec(Closed):
    """On which images, and how accurately."""

    images: PositiveInt = Field(
        default=1000, description="the first so many training images, or all"
    )
    tolerance: Fraction = Field(
        default=1e-3, description="of the eigenvector's residual, beside the sharpness itself"
    )
    iterations: PositiveInt = Field(
        default=60,
        description="products with the Hessian at most; each keeps up to 16 bytes a parameter",
    )


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    return ["sharpness"]


def measure(
    images: "Images",
    trajectory: Trajectory,
    network: "ImageNetwork",
    options: Spec,
    threads: int,
) -> dict[str, np.ndarray]:
    """`sharpness`, (1, S), float64: largest eigenvalue of the Hessian H of the training loss.

    The loss is the mean cross-entropy of the first `images` training images, not augmented, in eval
    mode: batch norm uses the running statistics of the snapshot, so that the loss is a function of
    the parameters alone. (Running statistics are no parameters, H has no rows for them. It is not
    the loss of training mode, whose statistics are the batch's own.) relu has second derivative 0.

    Lanczos iteration (`lanczos.largest_eigenvalues`), always from the same vector, on products in
    the network's own precision. It stops when the residual of the eigenvector, which bounds the
    error, is at most `tolerance` times the value; the error is usually about the square of that. In
    float32 the products add an error of about 1e-6 ||H||_2: 1 % where a negative eigenvalue is 1e4
    times as large. Where `iterations` end it before, the value is the best so far, from below: for
    any Hessian of a million parameters, 60 iterations miss on average over starts at most 3 % of
    the width of the spectrum (Kuczynski and Wozniakowski 1992, Estimating the largest eigenvalue by
    the power and Lanczos algorithms with a random start: 0.103 ln(P (k - 1)^4)^2 / (k - 1)^2 after
    k). NaN where a product is not finite. `threads` is not used: one snapshot follows the other.
    """
    from sparsestep.images.measures.hessian import hessian_product
    from sparsestep.images.measures.snapshots import measure_each
    from sparsestep.measures.lanczos import largest_eigenvalues

    x, y = (values[: options.images] for values in (images.x_train, images.y_train))
    parameters = sum(values.numel() for values in network.parameters())

    def of_network(network: "ImageNetwork") -> dict[str, float]:
        product = hessian_product(images, network, x, y)
        try:
            (largest,) = largest_eigenvalues(
                lambda vectors: product(vectors[0])[None],
                1,
                parameters,
                options.tolerance,
                options.iterations,
            )
        except FloatingPointError:
            largest = np.nan
        return {"sharpness": largest}

    return measure_each(trajectory, network, columns(options), of_network)
