"""Sparse regression whose training labels have noise."""

from typing import Any, Literal

from pydantic import Field

from sparsestep.problems import sparse_regression
from sparsestep.problems.noisy_labels import Noise, with_noise

TRUTH = sparse_regression.TRUTH


class Spec(sparse_regression.Spec):
    """y = <x, beta*> + noise Z of training samples, without the noise of test samples."""

    kind: Literal["noisy_sparse_regression"]
    noise: Noise = Field(
        default=0.0, description="standard deviation of the noise on the training labels"
    )


def generate(spec: Spec, iterations: int, replicates: range) -> dict[str, Any]:
    """As `sparse_regression.generate`, the same numbers, with noise on y_train alone."""
    arrays = sparse_regression.generate(spec, iterations, replicates)
    return with_noise(arrays, spec.noise, spec, replicates)
