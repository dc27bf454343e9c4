"""Proposition 2.2 (loss stabilization) of the paper, as stated and as it follows.

SGD on F(theta) = E (y - x theta^2)^2 / 4 with y = x theta*^2 takes
theta += eta theta x (y - x theta^2). With z = theta / theta* and gamma = eta theta*^2 x^2,

    z' = f(z, gamma) = z + gamma z (1 - z^2),    F = E[x^2] theta*^4 (1 - z^2)^2 / 4.

Stated: for eta in ((theta* x_min)^-2, 1.25 (theta* x_max)^-2), that is 1 < gamma < 1.25, and
theta_0 in (0, theta*), almost surely F(theta_t) is in (eps0^2, 0.17) theta*^2, where
eps0 = min(delta / 3, 0.02) and delta = gamma_min - 1, and from some time on z alternates between
(0.65, 1 - eps0) and (1 + eps0, 1.162).

What follows from f, which is concave in z > 0, grows with gamma below z = 1 and falls above:

1. A z <= 0.65 grows by half and more in each step. From (0.65, 1), f(z, gamma) > z (2 - z^2) > 1
   because z > (sqrt(5) - 1) / 2, and f <= (2/3) (1 + gamma) sqrt((1 + gamma) / (3 gamma)) < 1.162.
   From (1, 1.162), f(z, gamma) > f(1.162, 1.25) > 0.653. So z changes sides for good, step by step.
2. f(1 - e, gamma) = 1 + (2 gamma - 1) e - 3 gamma e^2 + gamma e^3, and
   f(1 + e, gamma) = 1 - (2 gamma - 1) e - 3 gamma e^2 - gamma e^3. So an e <= eps0 grows, by
   1 + delta - delta^2 at least in a step up and by 1 + 2 delta in a step down, and an e > eps0 does
   not come back. The clause on z holds as stated, but for theta_0 that lead to theta* itself: none
   if x has a density, a countable set if x is constant (gamma = 25/24 takes z = 3/5 there).
3. On the bands (1 - z^2)^2 / 4 is below (1 - 0.65^2)^2 / 4 < 0.0834, and by the factors in 2 above
   eps0^2, so that

       from some time on  F(theta_t) is in (eps0^2, 0.0834) E[x^2] theta*^4,

   which is below 0.105 theta*^2 / eta. The clause on F as stated fails: F is of order x^2 theta*^4,
   not theta*^2; it holds from some time on, not for all t (at a small z, F is
   E[x^2] theta*^4 / 4; a z may pass close to 1 first); and 0.17 is the bound of a loss with 1/2 in
   place of 1/4. With eps0 for eps0^2 it is false in this unit too: for constant x, small delta, z
   alternates between 1 -+ sqrt(delta) / 2, where F is delta / 4, below delta / 3, of the unit.
4. There are step sizes in the window only if x_max / x_min < sqrt(1.25) = 1.118. Its upper end
   belongs to the numbers: above 1.2503 iterates can pass 1.162. Changing sides lasts longer, while
   the smallest value after the largest, f(max f), is above the z that gamma_min maps to 1: up to
   `BOUNCES` for any x with gamma_min > 1, up to `BOUNCES_CONSTANT` for constant x. At the lower
   end the sign of E log |1 - 2 gamma|, the growth rate of a small |z - 1|, decides whether z
   converges; it can be positive with gamma_min < 1.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from sparsestep.fields import Closed, PositiveFloat, PositiveInt, Seed
from sparsestep.simulations.inputs import Inputs

UPPER_END = 1.25
LOW, HIGH = 0.65, 1.162
# The largest gamma at which z changes sides in every step: f(m, gamma) with m = max f(., gamma) is
# the z that gamma = 1, or gamma itself, maps to 1. Digits by bisection.
BOUNCES = 1.27693
BOUNCES_CONSTANT = 1.36089
# Bounds of (1 - z^2)^2 / 4.
STATED_LOSS_BOUND = 0.17
LOSS_BOUND = (1 - LOW**2) ** 2 / 4


class Grid(Closed):
    """Evenly spaced values, ends included."""

    low: PositiveFloat = Field(description="smallest")
    high: PositiveFloat = Field(description="largest")
    points: PositiveInt = Field(description="how many")

    @model_validator(mode="after")
    def _ordered(self):
        if not self.low < self.high:
            raise ValueError("`low` must be below `high`")
        return self


class Spec(Closed):
    """Replicates of the iteration for every distribution of x, theta* and step size.

    A step size is given as gamma_max = eta (theta* x_max)^2. Replicates differ in theta_0, uniform
    on (0, theta*), and in the inputs they draw; both are the same for all step sizes and theta*.
    """

    kind: Literal["stabilization"]
    inputs: Annotated[list[Inputs], Field(min_length=1, description="distributions of x")]
    theta_stars: Annotated[list[PositiveFloat], Field(min_length=1, description="theta*")]
    gamma_max: Grid = Field(description="eta (theta* x_max)^2")
    beside_ends: list[Annotated[PositiveFloat, Field(lt=0.1)]] = Field(
        default=[], description="further step sizes, at these relative distances from both ends"
    )
    replicates: Annotated[PositiveInt, Field(le=100_000, description="for each step size")]
    steps: Annotated[PositiveInt, Field(ge=2, description="T")]
    seed: Seed = Field(description="of theta_0 and x")

    @model_validator(mode="after")
    def _different_names(self):
        if len({inputs.name for inputs in self.inputs}) < len(self.inputs):
            raise ValueError("the names of inputs must differ")
        return self

    def gammas(self, inputs: Inputs) -> np.ndarray:
        """gamma_max of the step sizes that this distribution is simulated with, sorted."""
        grid = np.linspace(self.gamma_max.low, self.gamma_max.high, self.gamma_max.points)
        factors = np.array([1 + sign * e for e in self.beside_ends for sign in (-1, 1)])
        ends = [inputs.ratio, UPPER_END] if inputs.ratio < UPPER_END else []
        return np.unique(np.concatenate([grid, *(end * factors for end in ends)]))


def start(spec: Spec) -> np.ndarray:
    """theta_0 / theta* of the replicates, (R,), uniform on (0, 1)."""
    return np.random.default_rng([spec.seed, 0]).uniform(1e-9, 1, spec.replicates)


def draw(spec: Spec, index: int) -> np.ndarray:
    """Inputs x of every step and replicate, (T, R), from distribution number `index`."""
    rng = np.random.default_rng([spec.seed, 1 + index])
    return spec.inputs[index].at(rng.random((spec.steps, spec.replicates)))


def bands(gamma_min: float) -> tuple[float, float, float, float]:
    """Ends of the two bands in units of theta*, with eps0 = 0 where the formula is negative."""
    return (LOW, 1 - eps0(gamma_min), 1 + eps0(gamma_min), HIGH)


def eps0(gamma_min):
    """min((gamma_min - 1) / 3, 0.02), and 0 where this is negative."""
    return np.clip((gamma_min - 1) / 3, 0, 0.02)


def simulate(spec: Spec, threads: int) -> dict[str, np.ndarray]:
    """One row a replicate of every (inputs, theta*, step size); NaN where it diverged.

    Columns: `inputs`, `theta_star`, `step_size`, `gamma_min`, `gamma_max`,
    `scale` = E[x^2] theta*^2, `steps` (T), `replicate`, `start` (z at 0), `since_bands` and
    `since_sides` (the first step from which on z alternates between the bands, or sides, until the
    end; above T: never), `smallest_always`, `largest_always`, `smallest`, `largest`: of
    (1 - z^2)^2 / 4, over all t and over t > T / 2, `before` and `last` (the last two z).
    """
    from concurrent.futures import ThreadPoolExecutor

    parts = []
    with ThreadPoolExecutor(threads) as pool:
        for index, inputs in enumerate(spec.inputs):
            x = draw(spec, index)
            cells = [(t, g) for t in spec.theta_stars for g in spec.gammas(inputs)]
            parts += pool.map(lambda cell, i=inputs, x=x: _cell(spec, i, x, *cell), cells)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _cell(spec: Spec, inputs: Inputs, x: np.ndarray, theta_star: float, gamma_max: float) -> dict:
    from sparsestep.simulations.stabilization_kernel import iterate

    step_size = gamma_max / (theta_star * inputs.high) ** 2
    gamma_min = gamma_max / inputs.ratio
    z0 = start(spec)
    ends = tuple(theta_star * end for end in bands(gamma_min))
    gaps, since, last = iterate(theta_star * z0, x, step_size, theta_star, ends)
    losses = (gaps / theta_star**2) ** 2 / 4
    losses[:, ~np.isfinite(last[1])] = np.nan
    constants = {
        "inputs": inputs.name,
        "theta_star": theta_star,
        "step_size": step_size,
        "gamma_min": gamma_min,
        "gamma_max": gamma_max,
        "scale": inputs.mean_square() * theta_star**2,
    }
    return {
        **{name: np.full(spec.replicates, value) for name, value in constants.items()},
        "steps": np.full(spec.replicates, spec.steps),
        "replicate": np.arange(spec.replicates),
        "start": z0,
        "since_bands": since[0],
        "since_sides": since[1],
        **dict(
            zip(("smallest_always", "largest_always", "smallest", "largest"), losses, strict=True)
        ),
        "before": last[0] / theta_star,
        "last": last[1] / theta_star,
    }
