"""The SDE view of SGD (paper: section 3 and Fig. 9), and gradient flow.

SGD with step size eta is compared with d theta = -grad L dt + noise, simulated by Euler-Maruyama
with m substeps of gamma = eta / m an iteration. Each update is full-batch descent on noisy labels
(`label_noise.py`), so that the noise of the equation becomes zeta. With residuals r, gradients
phi_i of the outputs, f as there and Z of independent N(0, 1):

- `isotropic`: d theta = -grad L dt + sqrt(eta delta_t) phi^T dB with delta_t = c L(theta^SGD_t),
  read from the SGD run `of` at floor(t / m). zeta = (n / f) sqrt(m delta_t) Z. With the default
  c = 2 f / n, which is 2/n for diagonal and 4/n for ReLU networks, the covariance is that of
  one-sample gradients (second moment) with each r_i^2 replaced by their mean at theta^SGD_t.
- `covariance`: that of the gradient of one sample at the SDE's own theta, times eta,
  C = (f^2 / n) sum_i r_i^2 phi_i phi_i^T - grad L grad L^T. zeta_i = sqrt(n m) r_i (Z_i - mean Z).
- `second_moment`: the same without the subtraction, zeta_i = sqrt(n m) r_i Z_i. It is larger along
  the gradient, which no sampling of data is.
- `none`: gradient flow.

Of mini-batches of b samples, drawn with replacement, covariances are divided by b.
"""

from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from sparsestep.algorithms.base import SmallNetworkSpec
from sparsestep.algorithms.label_noise import GaussianNoise
from sparsestep.artifacts.arrays import Problem
from sparsestep.fields import AddedField, Name, PositiveFloat, PositiveInt


class Spec(SmallNetworkSpec):
    """Euler-Maruyama, with step sizes of its own or those of another run."""

    kind: Literal["sde"]
    of: Name | None = AddedField(
        default=None,
        description="the SGD run whose step sizes it takes, and for isotropic noise the losses",
    )
    noise: Literal["isotropic", "covariance", "second_moment", "none"] = Field(
        default="isotropic", description="covariance of the noise; none: gradient flow"
    )
    c: PositiveFloat | None = Field(
        default=None, description="delta_t = c L(theta^SGD_t); by default 2/n or, for ReLU, 4/n"
    )
    substeps: PositiveInt = Field(default=10, description="m, updates per iteration of SGD")
    batch_size: PositiveInt = AddedField(
        default=1, description="b, of the mini-batches whose noise it is"
    )

    @property
    def is_random(self) -> bool:
        """Those of gradient flow do not."""
        return self.noise != "none"

    @field_validator("noise", mode="before")
    @classmethod
    def _exact_had_two_meanings(cls, noise: Any) -> Any:
        if noise == "exact":
            raise ValueError(
                "that is called second_moment now; the covariance of a one-sample gradient is "
                "covariance"
            )
        return noise

    @model_validator(mode="after")
    def _goes_together(self) -> "Spec":
        if self.c is not None and self.noise != "isotropic":
            raise ValueError("c is for isotropic noise only")
        if self.of is None and self.noise == "isotropic":
            raise ValueError("isotropic noise takes the losses of another run; name it in `of`")
        if self.batch_size > 1 and self.noise == "none":
            raise ValueError("batch_size is of noise, and there is none")
        return self


def noise(
    options: Spec, problem: Problem, row: int, loss_factor: float, train_loss: np.ndarray | None
) -> GaussianNoise | None:
    """The noise of the replicate in `row`; `train_loss`, (R, T), is that of the SGD run."""
    n, m, f = problem.y_train.shape[-1], options.substeps, 2 * loss_factor
    if options.noise == "none":
        return None
    if options.noise == "isotropic":
        delta = (options.c or 2 * f / n) * train_loss[row] / options.batch_size
        return GaussianNoise(problem, row, n / f * np.sqrt(m * delta), m)
    kind = _CentredNoise if options.noise == "covariance" else GaussianNoise
    return kind(problem, row, np.sqrt(n * m / options.batch_size), m, multiplicative=True)


class _CentredNoise(GaussianNoise):
    """The same less its mean over the samples."""

    def draw(self, first: int, count: int) -> np.ndarray:
        """What the residual is multiplied by in updates first, ..., (count, n)."""
        drawn = super().draw(first, count)
        return drawn - drawn.mean(axis=1, keepdims=True)
