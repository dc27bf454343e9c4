"""Fully connected networks with any activation and loss, of one output or several.

An extension of the kind `mlp` (`registry.EXTENSIONS`): layout of the parameters and initial values
are those of `mlp.py`. Outputs and losses are computed by torch (`differentiable.py`), so that they
are the same on any processor to rounding, not to the bit.
"""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from sparsestep.fields import PositiveInt
from sparsestep.models import mlp

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment
    from sparsestep.fields import Closed

# What its trainers compute in.
PRECISIONS = ("float64", "float32")


class Spec(mlp.Spec):
    """An `mlp` with an activation, a loss and a number of outputs."""

    kind: Literal["general_mlp"]
    activation: Literal["relu", "leaky_relu", "tanh", "gelu", "silu", "identity"] = Field(
        default="relu", description="of the hidden layers, as torch.nn.functional has them"
    )
    loss: Literal["squared", "logistic", "cross_entropy"] = Field(
        default="squared",
        description="squared: of real labels; logistic: of two classes and one output; "
        "cross_entropy: of as many classes as outputs",
    )
    outputs: PositiveInt = Field(
        default=1, validate_default=True, description="of the last layer; 1 but of cross_entropy"
    )

    @field_validator("outputs")
    @classmethod
    def _as_many_as_the_loss_takes(cls, outputs: int, others: ValidationInfo) -> int:
        loss = others.data.get("loss")
        if loss == "cross_entropy" and outputs < 2:
            raise ValueError("must be the number of classes, 2 or more, with loss cross_entropy")
        if loss in ("squared", "logistic") and outputs != 1:
            raise ValueError(f"must be 1 with loss {loss}")
        return outputs


class Network(mlp.Network):
    """The network on inputs of one dimension d: sizes d, hidden widths, outputs."""

    def __init__(self, spec: Spec, dimension: int):
        super().__init__(spec, dimension)
        self.sizes = (dimension, *spec.widths, spec.outputs)
        self.shapes = [
            (outputs, inputs, has_bias)
            for inputs, outputs, has_bias in zip(
                self.sizes[:-1], self.sizes[1:], spec.biases, strict=True
            )
        ]

    @property
    def loss_factor(self) -> float:
        """The squared loss is (1/n) sum_i (h(x_i) - y_i)^2; ValueError of other losses."""
        if self.spec.loss != "squared":
            raise ValueError(f"loss {self.spec.loss} is no multiple of a mean square")
        return 1.0

    def predict(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        """h(x), (S, n) or, of several outputs, (S, n, outputs), float64.

        Of parameters theta (S, P) on inputs (n, d).
        """
        from sparsestep.models import differentiable

        h = differentiable.outputs_of(self, theta, x)
        return h if self.spec.outputs > 1 else h[..., 0]

    def features(self, theta: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
        """Activations of each hidden layer, (S, n, width), of parameters (S, P) on (n, d)."""
        from sparsestep.models import differentiable

        return differentiable.features_of(self, theta, x)


def misfits(experiment: "Experiment") -> dict[tuple[Any, ...], str]:
    """What else of an experiment does not go with its model, by the key's path inside it."""
    model = experiment.model
    found = dict(_wrong_labels(model, experiment.problem))
    if model.outputs > 1 and experiment.edge.survive == "alive":
        found["edge", "survive"] = "got 'alive'; with several outputs valid: finite"
    return found


def unfit_options(model: Spec, algorithm: "Closed") -> dict[tuple[str], str]:
    """Options of an algorithm that are defined for the squared loss alone, by key."""
    if model.loss == "squared":
        return {}
    options = ("log_loss", "label_noise")
    text = f"is for the squared loss alone, and model.loss is {model.loss}; leave it out"
    return {(option,): text for option in options if getattr(algorithm, option, None)}


def _wrong_labels(model: Spec, problem: "Closed") -> dict[tuple[Any, ...], str]:
    """That the loss does not take labels such as those of the problem."""
    known = getattr(problem, "y", None)
    if model.loss == "squared":
        return {}
    if known is not None:
        wrong = wrong_label(model, known)
        return {} if wrong is None else {("problem", "y", wrong[0]): wrong[1]}
    classes = getattr(problem, "classes", None)
    if classes is None:
        what = f"got {model.loss!r}, and the labels of problem {problem.kind} are real numbers"
        return {("model", "loss"): f"{what}; valid: squared"}
    wanted = 2 if model.loss == "logistic" else model.outputs
    if classes == wanted:
        return {}
    if model.loss == "logistic":
        what = f"got 'logistic', of two classes, and problem {problem.kind} has {classes}"
        return {("model", "loss"): f"{what}; valid: cross_entropy"}
    return {("model", "outputs"): f"got {wanted}; must be {classes}, the problem's classes"}


def wrong_label(model: Spec, labels: list[float]) -> tuple[int, str] | None:
    """Place of the first label that is none of a class, and what is wrong; None where all are."""
    classes = 2 if model.loss == "logistic" else model.outputs
    numbers, signs = {float(number) for number in range(classes)}, {-1.0, 1.0}
    are_classes = set(labels) <= numbers or (classes == 2 and set(labels) <= signs)
    if model.loss == "squared" or are_classes:
        return None
    valid = "-1 and 1, or 0 and 1" if classes == 2 else f"whole numbers from 0 to {classes - 1}"
    allowed = numbers if classes > 2 or 0.0 in labels else numbers | signs
    place = next(i for i, label in enumerate(labels) if label not in allowed)
    return place, f"got {labels[place]:g}; labels of loss {model.loss} must be {valid}"
