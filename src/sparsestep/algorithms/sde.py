"""The SDE view of SGD (paper: section 3 and Fig. 9), and gradient flow.

SGD with step size eta is compared with d theta = -grad L dt + noise, simulated by Euler-Maruyama
with m substeps of gamma = eta / m an iteration. Each update is full-batch descent on noisy labels
(`label_noise.py`), so that the noise of the equation becomes zeta:

- `isotropic`: d theta = -grad L dt + sqrt(eta delta_t) phi^T dB with delta_t = c L(theta^SGD_t),
  read from the SGD run `of` at floor(t / m). zeta = (n / f) sqrt(m delta_t) Z. With the default
  c = 2 f / n, which is 2/n for diagonal and 4/n for ReLU networks, the covariance is that of
  one-sample gradients (second moment) with each r_i^2 replaced by their mean at theta^SGD_t.
- `exact`: covariance (eta f^2 / n) sum_i r_i^2 phi_i phi_i^T with the residuals r of the SDE
  itself. zeta_i = sqrt(n m) r_i Z_i.
- `none`: gradient flow.
"""

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from sparsestep.algorithms.label_noise import GaussianNoise
from sparsestep.artifacts.arrays import Problem
from sparsestep.fields import Closed, Name, PositiveFloat, PositiveInt


class Spec(Closed):
    """Euler-Maruyama with the step sizes, and for isotropic noise the losses, of another run."""

    kind: Literal["sde"]
    of: Name = Field(description="the SGD run whose step sizes and losses it follows")
    noise: Literal["isotropic", "exact", "none"] = Field(
        default="isotropic", description="covariance of the noise; none: gradient flow"
    )
    c: PositiveFloat | None = Field(
        default=None, description="delta_t = c L(theta^SGD_t); by default 2/n or, for ReLU, 4/n"
    )
    substeps: PositiveInt = Field(default=10, description="m, updates per iteration of SGD")

    @model_validator(mode="after")
    def _c_belongs_to_isotropic(self) -> "Spec":
        if self.c is not None and self.noise != "isotropic":
            raise ValueError("c is for isotropic noise only")
        return self


def noise(
    options: Spec, problem: Problem, row: int, loss_factor: float, train_loss: np.ndarray | None
) -> GaussianNoise | None:
    """The noise of the replicate in `row`; `train_loss`, (R, T), is that of the SGD run."""
    n, m, f = problem.y_train.shape[-1], options.substeps, 2 * loss_factor
    if options.noise == "none":
        return None
    if options.noise == "exact":
        return GaussianNoise(problem, row, np.sqrt(n * m), m, multiplicative=True)
    delta = (options.c or 2 * f / n) * train_loss[row]
    return GaussianNoise(problem, row, n / f * np.sqrt(m * delta), m)
