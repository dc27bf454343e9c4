"""Loss and error of a network on images."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Trajectory
from sparsestep.fields import Closed

if TYPE_CHECKING:
    import torch

    from sparsestep.images.networks.layers import ImageNetwork
    from sparsestep.images.replicate import Images


class Spec(Closed):
    """No options."""


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    return ["train_loss", "test_loss", "train_error", "test_error"]


def measure(
    images: "Images",
    trajectory: Trajectory,
    network: "ImageNetwork",
    options: Spec,
    threads: int,
) -> dict[str, np.ndarray]:
    """`train_loss`, `test_loss`, `train_error`, `test_error`, each (1, S), float64.

    Over all training or test images, not augmented, with the running statistics of batch norm (eval
    mode). Loss: mean of -log softmax(logits)[class] (paper: section 4), summed in float64. Error:
    share of images whose largest logit is not their class's, in [0, 1]. NaN where a logit is not
    finite. `threads` is not used: one snapshot follows the other.
    """
    from sparsestep.images.measures.snapshots import batched, measure_each

    sets = {"train": (images.x_train, images.y_train), "test": (images.x_test, images.y_test)}

    def of_network(network: "ImageNetwork") -> dict[str, float]:
        found = {}
        for name, (x, y) in sets.items():
            loss, error = _loss_and_error(batched(images, x, network), y)
            found |= {f"{name}_loss": loss, f"{name}_error": error}
        return found

    return measure_each(trajectory, network, columns(options), of_network)


def _loss_and_error(logits: "torch.Tensor", classes: "torch.Tensor") -> tuple[float, float]:
    """Mean cross-entropy and share of misclassified images, of logits (n, K), classes (n,)."""
    logits = logits.double()
    if not logits.isfinite().all():
        # The largest of NaNs is something, and would count as an answer.
        return float("nan"), float("nan")
    own = logits.gather(1, classes[:, None])[:, 0]
    loss = (logits.logsumexp(dim=1) - own).mean()
    wrong = logits.argmax(dim=1) != classes
    return loss.item(), wrong.double().mean().item()
