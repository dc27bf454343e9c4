"""Fully connected ReLU networks of any widths (paper: section 4 and Figs. 3, 4, 5, 10 to 14).

h(x) = W_L relu(... relu(W_1 x + b_1) ...) + b_L, one output. The parameters lie in one flat vector,
layer by layer, weight (row-major, output x input) before bias, as `torch.nn.Module.parameters()`
gives them.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from sparsestep.fields import Closed, Float, PositiveInt


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
        activations = []
        inputs = x
        for weight, bias in self.layers(theta)[:-1]:
            inputs = np.maximum(_affine(inputs, weight, bias), 0.0)
            activations.append(inputs)
        return activations

    def predict(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        """h(x), (..., n), of parameters (..., P) on inputs (n, d)."""
        return _affine(self.features(theta, x)[-1], *self.layers(theta)[-1])[..., 0]

    def initial_parameters(self, seed: int) -> np.ndarray:
        """theta_0, shape (P,), float64: the values that torch draws in float32 from this seed.

        In the order of the notebooks: all `torch.nn.Linear` are built, which consumes the
        generator, then each layer's weight is drawn, and its bias where `bias_scale` asks for it.
        """
        import torch

        generator = torch.Generator().manual_seed(seed)
        parameters = []
        layers = [draw_linear(*shape, generator) for shape in self.shapes]
        scales = self.spec.weight_scales
        for index, ((weight, bias), scale) in enumerate(zip(layers, scales, strict=True)):
            if index == 0 and self.spec.first_weights == "signs":
                drawn = 2 * torch.round(torch.rand(weight.shape, generator=generator)) - 1
            else:
                drawn = torch.randn(weight.shape, generator=generator)
            parameters.append(scale * drawn)
            if bias is not None:
                if self.spec.bias_scale is not None:
                    bias = self.spec.bias_scale * torch.randn(bias.shape, generator=generator)
                parameters.append(bias)
        return torch.cat([part.ravel() for part in parameters]).double().numpy()


def draw_linear(outputs: int, inputs: int, has_bias: bool, generator):
    """Weight and bias as `torch.nn.Linear` draws them: U(-k, k) with k = 1 / sqrt(inputs)."""
    import torch

    weight = torch.empty(outputs, inputs)
    torch.nn.init.kaiming_uniform_(weight, a=5**0.5, generator=generator)
    if not has_bias:
        return weight, None
    bound = inputs**-0.5
    return weight, torch.empty(outputs).uniform_(-bound, bound, generator=generator)


def _affine(inputs: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    outputs = inputs @ np.swapaxes(weight, -1, -2)
    return outputs if bias is None else outputs + bias[..., None, :]
