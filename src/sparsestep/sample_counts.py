"""Numbers of samples that problems train on, known before a job has made them."""

from sparsestep.fields import Closed

# A field of its Spec would change the code of what has been computed of it.
_POINTS_OF_KINKS = 12


def of_training(problem: Closed) -> int | None:
    """n of a problem's Spec; None where that does not say."""
    if problem.kind == "kink_regression":
        return _POINTS_OF_KINKS
    labels = getattr(problem, "y", None)
    return len(labels) if labels else getattr(problem, "n_train", None)
