"""Regression of a sine with noise on one input (Qiao et al. 2024, arXiv 2406.06838)."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from sparsestep.arithmetic.sine import LARGEST, sine
from sparsestep.fields import Float, PositiveFloat, PositiveInt
from sparsestep.problems.noisy_labels import Noise, with_noise
from sparsestep.seeds import Seeds, Stream

TRUTH = ("x_fresh", "curve")

# So that the sine is never asked for what it cannot tell.
_Bounded = Annotated[PositiveFloat, Field(le=LARGEST**0.5)]


class Spec(Seeds):
    """x ~ U(-half_width, half_width), y = amplitude sin(frequency x) + noise N(0, 1)."""

    dimension: ClassVar[int] = 1

    kind: Literal["noisy_curve"]
    n_train: PositiveInt = Field(description="n, training samples")
    n_test: PositiveInt = Field(description="evenly spaced test points, without noise")
    n_fresh: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        default=0, description="inputs for the Jacobian: as many as parameters"
    )
    half_width: _Bounded = Field(description="inputs lie between this and its negative")
    amplitude: Float = Field(description="factor of the sine")
    frequency: _Bounded = Field(description="radians per unit of x")
    noise: Noise = Field(description="standard deviation of the noise on training labels")
    vary: list[Stream] = Field(
        default=["data", "init", "order"], description="what differs between the replicates"
    )

    @field_validator("n_test")
    @classmethod
    def _more_tests(cls, n_test: int, others: ValidationInfo) -> int:
        n_train = others.data.get("n_train", 0)
        # As many could be the training points themselves, as which they would be taken.
        if n_test <= n_train:
            raise ValueError(f"must be more than n_train, {n_train}")
        return n_test


def generate(spec: Spec, iterations: int, replicates: range) -> dict[str, Any]:
    """Data, float64, and order, int32, of a `Problem`; the initial parameters are the model's.

    `RandomState(data_seed)` gives, in this order, u as random_sample(n), then random_sample(
    n_fresh): half_width (2 u - 1) are x_train, (n, 1), and truth["x_fresh"], (n_fresh, 1). The
    noise has a stream of its own (`noisy_labels.with_noise`). truth["curve"], (n,), are the labels
    without it. x_test, (n_test, 1), are evenly spaced between the smallest and the largest of a
    replicate's x_train, y_test the curve there, so that the test loss is a mean squared error
    against the truth. `RandomState(order_seed)` gives the order as randint(n, size=T).
    """
    data = [_draw_data(spec, seed) for seed in spec.of("data", replicates)]
    fields: dict[str, Any] = {name: np.stack([part[name] for part in data]) for name in data[0]}
    fields = with_noise(fields, spec.noise, spec, replicates)
    truth = {"x_fresh": fields.pop("x_fresh"), "curve": fields.pop("curve")}
    order = np.empty((len(replicates), iterations), dtype=np.int32)
    order[:] = [
        np.random.RandomState(seed).randint(spec.n_train, size=iterations)
        for seed in spec.of("order", replicates)
    ]
    return {**fields, "order": order, "truth": truth}


def _draw_data(spec: Spec, seed: int) -> dict[str, np.ndarray]:
    stream = np.random.RandomState(seed)
    x_train, x_fresh = (
        # Each operation rounded by itself; `uniform` is C, where it may be fused.
        spec.half_width * (2 * stream.random_sample((count, 1)) - 1)
        for count in (spec.n_train, spec.n_fresh)
    )
    x_test = np.linspace(x_train.min(), x_train.max(), spec.n_test)[:, None]
    y_train, y_test = (spec.amplitude * sine(spec.frequency * x[:, 0]) for x in (x_train, x_test))
    labels = {"y_train": y_train, "y_test": y_test, "curve": y_train}
    return {"x_train": x_train, "x_test": x_test, "x_fresh": x_fresh, **labels}
