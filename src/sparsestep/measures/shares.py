"""Shares of replicates, with their exact intervals."""

import numpy as np
import pandas as pd

LEVEL = 0.95


def exact_interval(count: int, of: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a probability, from `count` successes in `of` trials.

    It covers the probability at least so often, whatever it is; for 0 successes it begins at 0, for
    `of` it ends at 1. NaN without a trial. The trials have to be independent.
    """
    # scipy.stats takes long to import, and few of those who draw need it.
    from scipy.stats import binomtest

    if not of:
        return np.nan, np.nan
    found = binomtest(int(count), int(of)).proportion_ci(LEVEL, method="exact")
    return float(found.low), float(found.high)


def drawn_by_chance(of_run: pd.DataFrame, perturbed: bool) -> pd.DataFrame:
    """The rows of the replicates of a run that a share counts.

    Of those that coincide in all that is measured one; of a `perturbed` run none that is not, which
    is replicate 0 (`training/starts.py`).
    """
    if perturbed:
        of_run = of_run[of_run["replicate"] != 0]
    wide = of_run.drop(columns="run").pivot(index="replicate", columns="iteration")
    kept = wide.index[~wide.duplicated()]
    return of_run[of_run["replicate"].isin(kept)]
