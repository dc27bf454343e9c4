"""Regression on samples that stand in config.yaml."""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from sparsestep.fields import Float
from sparsestep.seeds import Seeds

Row = Annotated[list[Float], Field(min_length=1)]


class Spec(Seeds):
    """The training samples, which are the test samples too; nothing is drawn but the order."""

    kind: Literal["given_data"]
    x: list[Row] = Field(min_length=1, description="inputs, one list of d numbers a sample")
    y: list[Float] = Field(description="labels, a number a sample")
    data_seed: Literal[0] = Field(default=0, description="of no consequence")
    vary: list[Literal["init", "order"]] = Field(
        default=["order"], description="what differs between the replicates"
    )

    @property
    def dimension(self) -> int:
        """d, number of inputs."""
        return len(self.x[0])

    @field_validator("x")
    @classmethod
    def _equally_long(cls, x: list[Row]) -> list[Row]:
        if len({len(row) for row in x}) > 1:
            raise ValueError("all samples must have the same number of inputs")
        return x

    @field_validator("y")
    @classmethod
    def _one_a_sample(cls, y: list[float], others: ValidationInfo) -> list[float]:
        samples = len(others.data.get("x", y))
        if len(y) != samples:
            raise ValueError(f"must have {samples} entries, one a sample")
        return y


def generate(spec: Spec, iterations: int, replicates: range) -> dict[str, Any]:
    """Data, float64, and order, int32, of a `Problem`; the initial parameters are the model's.

    The order is `RandomState(order_seed).randint(n, size=T)`, as in sparse regression.
    """
    x, y = np.array([spec.x], dtype=float), np.array([spec.y], dtype=float)
    order = np.empty((len(replicates), iterations), dtype=np.int32)
    order[:] = [
        np.random.RandomState(seed).randint(len(spec.y), size=iterations)
        for seed in spec.of("order", replicates)
    ]
    fields = {"x_train": x, "y_train": y, "x_test": x.copy(), "y_test": y.copy()}
    return {**fields, "order": order, "truth": {}}
