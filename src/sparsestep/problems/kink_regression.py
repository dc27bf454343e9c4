"""Twelve points on a zigzag line, regressed by a ReLU network (paper: Figs. 4, 12, 13)."""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import PositiveInt
from sparsestep.problems.orders import permutation_order
from sparsestep.seeds import Seeds

TRUTH = ("x_fresh",)

_HEIGHTS = (-2, 1.5, 0, 0, 2, 1, 0, -1, 0, 1, 2, -1)


class Spec(Seeds):
    """x = (-5.5, -4.5, ..., 5.5)/4 + 0.07, y = 0.345 + heights."""

    dimension: ClassVar[int] = 1

    kind: Literal["kink_regression"]
    data_seed: Literal[0] = Field(default=0, description="the data are not random")
    n_fresh: PositiveInt = Field(description="points for the Jacobian: as many as parameters")
    vary: list[Literal["init", "order"]] = Field(
        default=["init", "order"], description="what differs between the replicates"
    )


def generate(spec: Spec, iterations: int, replicates: range) -> dict[str, Any]:
    """Data, float64 (rounded to float32, as published), and order, int32, of a `Problem`.

    The test points are the training points, as in the notebooks. truth["x_fresh"] are `n_fresh`
    evenly spaced points between the smallest and the largest x.
    """
    x = np.float32(np.arange(-5.5, 6.0) / 4 + 0.07).astype(np.float64)[None, :, None]
    y = np.float32(0.345 + np.array(_HEIGHTS)).astype(np.float64)[None]
    fresh = np.linspace(x.min(), x.max(), spec.n_fresh)[None, :, None]
    order = permutation_order(spec.of("order", replicates), len(_HEIGHTS), iterations, replicates)
    fields = {"x_train": x, "y_train": y, "x_test": x.copy(), "y_test": y.copy()}
    return {**fields, "order": order, "truth": {"x_fresh": fresh}}
