"""A teacher whose labels of training samples have noise."""

from typing import Any, Literal

from pydantic import Field

from sparsestep.problems import teacher_student
from sparsestep.problems.noisy_labels import Noise, with_noise

TRUTH = teacher_student.TRUTH


class Spec(teacher_student.Spec):
    """y = teacher(x) + noise Z of training samples, without the noise of test samples."""

    kind: Literal["noisy_teacher_student"]
    noise: Noise = Field(
        default=0.0, description="standard deviation of the noise on the training labels"
    )


def generate(spec: Spec, iterations: int, replicates: range) -> dict[str, Any]:
    """As `teacher_student.generate`, the same numbers, with noise on y_train alone."""
    arrays = teacher_student.generate(spec, iterations, replicates)
    return with_noise(arrays, spec.noise, spec, replicates)
