"""Keys of an experiment that must follow others, where there is one way to do so.

- `model.biases` and `model.weight_scales` have an entry a layer: another number of layers gets as
  many, where all are the same.
- `problem.n_fresh`, at how many points the Jacobian is measured, is the number of parameters (over
  that of outputs) where it was before, or where it would be smaller; `problem.n_test` is at least
  as many. Not where it is 0, of a problem whose Jacobian is not measured.
"""

from typing import Any

from pydantic import ValidationError

from sparsestep import registry
from sparsestep.config import kinds

_ONE_A_LAYER = ("biases", "weight_scales")


def follow(experiment: dict[str, Any], base: dict[str, Any], given: set[str]) -> None:
    """Let a raw experiment's keys follow what differs from `base`, in place.

    Not those whose paths are `given`.
    """
    model, problem = experiment["model"], experiment["problem"]
    if isinstance(widths := model.get("widths"), list):
        for key in _ONE_A_LAYER:
            if f"model.{key}" not in given:
                model[key] = _one_a_layer(model.get(key), len(widths) + 1)
    if "n_fresh" in problem and "problem.n_fresh" not in given:
        rows, before = _jacobian_rows(experiment), _jacobian_rows(base)
        fresh = problem["n_fresh"]
        if rows is None or not isinstance(fresh, int):
            return
        if fresh == 0 and "jacobian_rank" not in experiment["measure"]:
            return
        if fresh == before or fresh < rows:
            problem["n_fresh"] = rows
        tests = problem.get("n_test")
        if isinstance(tests, int) and "problem.n_test" not in given:
            problem["n_test"] = max(tests, problem["n_fresh"])


def _one_a_layer(values: Any, layers: int) -> Any:
    if not isinstance(values, list) or len(values) == layers:
        return values
    same = bool(values) and all(value == values[0] for value in values)
    return [values[0]] * layers if same else values


def _jacobian_rows(experiment: dict[str, Any]) -> int | None:
    """Inputs at which the Jacobian has a row a parameter; None without such a network."""
    try:
        problem, model = (kinds.resolve(role, experiment[role]) for role in ("problem", "model"))
    except ValidationError:
        return None
    network = registry.load("model", model.kind).Network(model, problem.dimension)
    parameters = getattr(network, "parameter_count", None)
    return None if parameters is None else -(-parameters // network.sizes[-1])
