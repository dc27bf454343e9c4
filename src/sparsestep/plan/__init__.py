"""From config.yaml to what there is to do: specs, ids, paths, and targets."""

from sparsestep.plan.jobs import (
    BATCH_PATTERN,
    ID_PATTERN,
    WILDCARDS,
    Plan,
    check_results_writable,
)

__all__ = ["BATCH_PATTERN", "ID_PATTERN", "WILDCARDS", "Plan", "check_results_writable"]
