"""Noiseless sparse regression with Gaussian inputs (paper: section 3 and Figs. 2, 3, 11)."""

from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from sparsestep.fields import PositiveInt
from sparsestep.seeds import Seeds

TRUTH = ("beta_star",)


class Spec(Seeds):
    """x ~ N(0, I_d), y = <x, beta*>; beta* = |N(0, 1)| on its support, of l2 norm 1."""

    kind: Literal["sparse_regression"]
    n_train: PositiveInt = Field(description="n, training samples")
    n_test: PositiveInt = Field(description="test samples")
    dimension: PositiveInt = Field(description="d, number of inputs")
    support: PositiveInt = Field(description="r, beta* is non-zero on the first r coordinates")

    @field_validator("support")
    @classmethod
    def _support_fits(cls, support: int, others: ValidationInfo) -> int:
        dimension = others.data.get("dimension", support)
        if support > dimension:
            raise ValueError(f"must be at most dimension, {dimension}")
        return support


def generate(
    spec: Spec, iterations: int, replicates: range
) -> dict[str, np.ndarray | dict[str, np.ndarray]]:
    """Data, float64, and order, int32, of a `Problem`; the initial parameters are the model's.

    `RandomState(data_seed)` gives, in this order, x_train as standard_normal((n, d)), x_test as
    standard_normal((n_test, d)), beta as standard_normal(d). `RandomState(order_seed)` gives the
    order as randint(n, size=T): one index a step, with replacement.
    """
    data = [_draw_data(spec, seed) for seed in spec.of("data", replicates)]
    fields: dict[str, Any] = {name: np.stack([part[name] for part in data]) for name in data[0]}
    beta_star = fields.pop("beta_star")
    orders = [
        np.random.RandomState(seed).randint(spec.n_train, size=iterations)
        for seed in spec.of("order", replicates)
    ]
    order = np.empty((len(replicates), iterations), dtype=np.int32)
    order[:] = orders
    return {**fields, "order": order, "truth": {"beta_star": beta_star}}


def _draw_data(spec: Spec, seed: int) -> dict[str, np.ndarray]:
    stream = np.random.RandomState(seed)
    x_train = stream.standard_normal((spec.n_train, spec.dimension))
    x_test = stream.standard_normal((spec.n_test, spec.dimension))
    beta_star = np.abs(stream.standard_normal(spec.dimension))
    beta_star[spec.support :] = 0.0
    beta_star /= np.sqrt(np.sum(beta_star**2))
    return {
        "x_train": x_train,
        # NumPy's own sums: those of a matrix product have another order on another processor.
        "y_train": np.sum(x_train * beta_star, axis=1),
        "x_test": x_test,
        "y_test": np.sum(x_test * beta_star, axis=1),
        "beta_star": beta_star,
    }
