"""Fully connected ReLU networks of any widths (paper: section 4 and Figs. 3, 4, 5, 10 to 14).

h(x) = W_L relu(... relu(W_1 x + b_1) ...) + b_L, one output. The parameters lie in one flat vector,
layer by layer, weight (row-major, output x input) before bias, as `torch.nn.Module.parameters()`
gives them.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from sparsestep.fields import Closed, Float, PositiveInt
from sparsestep.models import torch_draws

# What its trainers compute in.
PRECISIONS = ("float64", "float32")


class Spec(Closed):
    """Widths, biases, and how the initial parameters are drawn, layer by layer."""

    kind: Literal["mlp"]
    widths: list[PositiveInt] = Field(min_length=1, description="units of each hidden layer")
    biases: list[bool] = Field(description="whether each layer has biases; output layer last")
    weight_scales: list[Float] = Field(
        description="of each layer: initial weights are this times N(0, 1)"
    )
    first_weights: Literal["normal", "signs"] = Field(
        default="normal", description="signs: the first layer's weights are +-scale, at random"
    )
    bias_scale: Annotated[Float, Field(ge=0)] | None = Field(
        default=None,
        description="initial biases are this times N(0, 1); none: as torch.nn.Linear leaves them",
    )

    @field_validator("biases", "weight_scales")
    @classmethod
    def _one_a_layer(cls, values: list, others: ValidationInfo) -> list:
        layers = len(others.data.get("widths", values[1:])) + 1
        if len(values) != layers:
            raise ValueError(f"must have {layers} entries, one a layer")
        return values


class Network:
    """The network on inputs of one dimension d: sizes d, hidden widths, 1."""

    # Training and test loss are (1/n) sum_i (h(x_i) - y_i)^2, without the 1/2 (as in the authors'
    # code).
    loss_factor = 1.0

    def __init__(self, spec: Spec, dimension: int):
        self.spec = spec
        self.sizes = (dimension, *spec.widths, 1)
        self.shapes = [
            (outputs, inputs, has_bias)
            for inputs, outputs, has_bias in zip(
                self.sizes[:-1], self.sizes[1:], spec.biases, strict=True
            )
        ]

    @property
    def parameter_count(self) -> int:
        """P, the number of parameters."""
        return sum(outputs * (inputs + has_bias) for outputs, inputs, has_bias in self.shapes)

    def layers(self, theta: np.ndarray) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Views (weight (..., out, in), bias (..., out) or None) of parameters (..., P)."""
        views, start = [], 0
        for outputs, inputs, has_bias in self.shapes:
            stop = start + outputs * inputs
            weight = theta[..., start:stop].reshape(*theta.shape[:-1], outputs, inputs)
            start = stop + outputs * has_bias
            views.append((weight, theta[..., stop:start] if has_bias else None))
        return views

    def features(self, theta: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
        """Activations of each hidden layer, (..., n, width), of parameters (..., P) on (n, d)."""
        from sparsestep.arithmetic.layers import of_samples

        return [of_samples(part, len(x)) for part in self._activations(theta, x)]

    def predict(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        """h(x), (..., n), of parameters (..., P) on inputs (n, d)."""
        from sparsestep.arithmetic.layers import of_samples, outputs

        last = outputs(*self.layers(theta)[-1], self._activations(theta, x)[-1])
        return of_samples(last, len(x))[..., 0]

    def _activations(self, theta: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
        """Activations of each hidden layer, samples side by side."""
        from sparsestep.arithmetic.layers import outputs, side_by_side

        inputs, activations = side_by_side(x), []
        for weight, bias in self.layers(theta)[:-1]:
            inputs = outputs(weight, bias, inputs, rectify=True)
            activations.append(inputs)
        return activations

    def initial_parameters(self, seed: int) -> np.ndarray:
        """theta_0, shape (P,), float64: the values that torch draws in float32 from this seed.

        In the order of the notebooks: all `torch.nn.Linear` are built, which consumes the
        generator, then each layer's weight is drawn, and its bias where `bias_scale` asks for it.
        """
        import torch

        generator = torch.Generator().manual_seed(seed)
        parameters = []
        biases = [_draw_linear(*shape, generator) for shape in self.shapes]
        for index, (outputs, inputs, has_bias) in enumerate(self.shapes):
            count = outputs * inputs
            if index == 0 and self.spec.first_weights == "signs":
                drawn = 2 * np.round(torch_draws.uniform(count, 0, 1, generator)) - 1
            else:
                drawn = torch_draws.normal(count, generator)
            parameters.append(np.float32(self.spec.weight_scales[index]) * drawn)
            if has_bias:
                bias = biases[index]
                if self.spec.bias_scale is not None:
                    scale = np.float32(self.spec.bias_scale)
                    bias = scale * torch_draws.normal(outputs, generator)
                parameters.append(bias)
        return np.concatenate(parameters).astype(np.float64)


def _draw_linear(outputs: int, inputs: int, has_bias: bool, generator) -> np.ndarray | None:
    """The bias that `torch.nn.Linear` draws, U(-k, k) with k = 1 / sqrt(inputs), after the weight.

    Nobody takes that weight.
    """
    bound = inputs**-0.5
    torch_draws.uniform(outputs * inputs, -bound, bound, generator)
    return torch_draws.uniform(outputs, -bound, bound, generator) if has_bias else None
