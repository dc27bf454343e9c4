"""Inputs on the unit sphere, labels by a small ReLU network (paper: Figs. 5, 10, 14)."""

from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from sparsestep.fields import PositiveInt
from sparsestep.models import mlp
from sparsestep.problems.orders import permutation_order
from sparsestep.seeds import Seeds

TRUTH = ("x_fresh", "teacher")


class Spec(Seeds):
    """x ~ N(0, I_d) / norm; y = teacher(x), with random weights and no noise."""

    kind: Literal["teacher_student"]
    n_train: PositiveInt = Field(description="n, training samples")
    n_test: PositiveInt = Field(description="test samples")
    dimension: PositiveInt = Field(description="d, number of inputs")
    n_fresh: PositiveInt = Field(description="test samples for the Jacobian: as many as parameters")
    teacher_widths: list[PositiveInt] = Field(min_length=1, description="teacher's hidden units")
    teacher_biases: bool = Field(description="whether the teacher has biases")
    teacher_weights: Literal["normal", "unit"] = Field(
        description="normal: N(0, 1); unit: hidden units of norm 1, output weights +-1"
    )

    @field_validator("n_fresh")
    @classmethod
    def _enough_tests(cls, n_fresh: int, others: ValidationInfo) -> int:
        n_test = others.data.get("n_test", n_fresh)
        if n_fresh > n_test:
            raise ValueError(f"must be at most n_test, {n_test}")
        return n_fresh

    vary: list[Literal["data", "init", "order"]] = Field(
        default=["init", "order"], description="what differs between the replicates"
    )


def generate(spec: Spec, iterations: int, replicates: range) -> dict[str, Any]:
    """Data, float64 (float32 values, as published), and order, int32, of a `Problem`.

    `RandomState(data_seed)` gives x_train as standard_normal((n, d)), then x_test; each is cast to
    float32 and divided by its norm. torch's generator with the same seed gives the
    teacher, in the notebooks' order: all layers as `torch.nn.Linear` builds them, then each layer's
    weight from N(0, 1). truth["x_fresh"] are the first `n_fresh` test inputs, as published;
    truth["teacher"] are the teacher's parameters, layer by layer.
    """
    data = [_draw_data(spec, seed) for seed in spec.of("data", replicates)]
    fields: dict[str, Any] = {name: np.stack([part[name] for part in data]) for name in data[0]}
    truth = {name: fields.pop(name) for name in ("x_fresh", "teacher")}
    order = permutation_order(spec.of("order", replicates), spec.n_train, iterations, replicates)
    return {**fields, "order": order, "truth": truth}


def _draw_data(spec: Spec, seed: int) -> dict[str, np.ndarray]:
    stream = np.random.RandomState(seed)
    inputs = {}
    for name, count in (("train", spec.n_train), ("test", spec.n_test)):
        x = stream.standard_normal((count, spec.dimension)).astype(np.float32)
        norm = np.sqrt(np.sum(x**2, axis=1, keepdims=True))
        inputs[f"x_{name}"] = (x / norm).astype(np.float64)
    layers = len(spec.teacher_widths) + 1
    teacher = mlp.Network(
        mlp.Spec(
            kind="mlp",
            widths=spec.teacher_widths,
            biases=[spec.teacher_biases] * layers,
            weight_scales=[1.0] * layers,
        ),
        spec.dimension,
    )
    theta = teacher.initial_parameters(seed)
    if spec.teacher_weights == "unit":
        *hidden, (output, _) = teacher.layers(theta)
        for weight, _ in hidden:
            weight /= np.linalg.norm(weight, axis=1, keepdims=True)
        output[:] = np.sign(output)
    labels = {
        f"y_{name}": teacher.predict(theta, inputs[f"x_{name}"]) for name in ("train", "test")
    }
    fresh = inputs["x_test"][: spec.n_fresh]
    return {**inputs, **labels, "x_fresh": fresh, "teacher": theta}
