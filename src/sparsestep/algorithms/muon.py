"""Muon (Jordan et al. 2024): orthogonalised momentum, as torch.optim.Muon."""

from typing import Annotated, Literal

from pydantic import Field

from sparsestep.algorithms.optimisers import Beta, DecayingSpec, NotNegative
from sparsestep.fields import Float, PositiveFloat, PositiveInt


class Spec(DecayingSpec):
    """W *= 1 - eta weight_decay, then W -= eta c O, for the weight matrix W of each hidden layer.

    O is near the orthogonal factor of the momentum, by `ns_steps` of Newton and Schulz's iteration,
    c = sqrt(max(1, rows / columns)) or what `adjust_lr_fn` says. torch iterates in bfloat16, these
    runs in their own precision. All other parameters, biases and the output layer's weights, are
    AdamW's with its defaults, with the same step size; torch.optim.Muon leaves them to others.
    """

    kind: Literal["muon"]
    momentum: Beta = Field(default=0.95, description="of the running mean of the gradient")
    nesterov: bool = Field(default=True, description="average it once more with the gradient")
    weight_decay: NotNegative = Field(
        default=0.1, description="times the step size, the share by which these weights shrink"
    )
    ns_coefficients: tuple[Float, Float, Float] = Field(
        default=(3.4445, -4.775, 2.0315), description="a, b, c of X -> a X + (b A + c A^2) X"
    )
    eps: PositiveFloat = Field(default=1e-7, description="the least norm that is divided by")
    ns_steps: Annotated[PositiveInt, Field(lt=100)] = Field(
        default=5, description="steps of Newton and Schulz's iteration"
    )
    adjust_lr_fn: Literal["original", "match_rms_adamw"] = Field(
        default="original", description="match_rms_adamw: c = 0.2 sqrt(max(rows, columns))"
    )
