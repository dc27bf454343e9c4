"""SGD on batches of samples, with momentum, weight decay and label noise: `sgd` and more options.

The gradient of an update is that of (f / 2B) sum_b (h(x_b) - y_b - zeta_b)^2 over its batch, f as
in `label_noise.py`; `momentum.py` says what is made of it. Which samples a batch has, and where
zeta comes from: `training/batches.py`.
"""

from typing import Literal

from pydantic import Field

from sparsestep.algorithms import sgd
from sparsestep.algorithms.momentum import MomentumSpec, NotNegative
from sparsestep.fields import PositiveInt


class Spec(MomentumSpec, sgd.Spec):
    """What a block `kind: sgd` describes that sets one of these options."""

    kind: Literal["batch_sgd"]
    batch_size: PositiveInt = Field(default=1, description="B, samples in an update")
    sampling: Literal["replacement", "epochs"] = Field(
        default="replacement",
        description="samples of an update: drawn with replacement, or by turns of all samples",
    )
    label_noise: NotNegative = Field(
        default=0.0,
        description="standard deviation of Gaussian noise on a label, drawn at each use of it",
    )
