"""From config.yaml to what there is to do: specs, ids, paths, and targets."""

from sparsestep.plan.paths import BATCH_PATTERN, ID_PATTERN, WILDCARDS
from sparsestep.plan.whole import Plan, check_results_folder, check_results_writable

__all__ = [
    "BATCH_PATTERN",
    "ID_PATTERN",
    "WILDCARDS",
    "Plan",
    "check_results_folder",
    "check_results_writable",
]
