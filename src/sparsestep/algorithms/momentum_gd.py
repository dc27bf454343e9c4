"""Full-batch gradient descent with momentum and weight decay: `gd` and more options."""

from typing import Literal

from sparsestep.algorithms import gd
from sparsestep.algorithms.momentum import MomentumSpec


class Spec(MomentumSpec, gd.Spec):
    """What a block `kind: gd` describes that sets one of these options."""

    kind: Literal["momentum_gd"]
