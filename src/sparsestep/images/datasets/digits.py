"""1797 handwritten digits of 8 x 8 pixels that come with scikit-learn: nothing is downloaded.

They are the test set of Optical Recognition of Handwritten Digits (Alpaydin and Kaynak, 1998, UCI
Machine Learning Repository).
"""

from typing import Literal

import numpy as np

from sparsestep.fields import Closed
from sparsestep.images.facts import Facts

ARCHIVE = None
FACTS = Facts(train=1442, test=355, channels=1, size=8, classes=10, replicates=3)
# Of each class every fifth image is for testing: every fifth of all would be of a few classes, for
# the digits come in turn, and the last fifth would be of other writers than the rest.
_EVERY = 5


class Spec(Closed):
    """A split without randomness: 1442 training and 355 test images."""

    kind: Literal["digits"]


def decode(path: None = None) -> dict[str, np.ndarray]:
    """x_train (1442, 1, 8, 8), x_test (355, 1, 8, 8): uint8, 0 to 16; y_train, y_test: int64.

    The 5th, 10th, ... image of each class, in scikit-learn's order, is a test image; both parts
    keep that order.
    """
    from sklearn.datasets import load_digits

    bundled = load_digits()
    images = bundled.images.astype(np.uint8)[:, None]
    labels = bundled.target.astype(np.int64)
    test = np.zeros(len(labels), dtype=bool)
    for digit in range(10):
        test[np.flatnonzero(labels == digit)[_EVERY - 1 :: _EVERY]] = True
    train = ~test
    parts = {"x_train": images[train], "y_train": labels[train]}
    return {**parts, "x_test": images[test], "y_test": labels[test]}
