"""Rows of divergence.csv, as results/README.md defines them."""

import numpy as np

from independent.statistics import clopper_pearson, median


def row(table, algorithm, random_streams):
    """Of the measurements of a run; `random_streams` are those that differ between replicates."""
    size = algorithm.get("perturbation", 0)
    fates = {}
    for replicate in sorted(set(table["replicate"])):
        rows = table[table["replicate"] == replicate].drop(columns="replicate")
        numbers = rows.to_numpy(float)
        known = any(np.array_equal(numbers, other, equal_nan=True) for other, _ in fates.values())
        # Of a perturbed run not the one that starts as it is.
        if not known and not (size and replicate == 0):
            fates[replicate] = numbers, rows["diverged_at"].iloc[0] >= 0
    diverged = sum(fate for _, fate in fates.values())
    low, high = clopper_pearson(diverged, len(fates))
    # Descent on all samples without noise does not see the order.
    unseen = {"order"} if algorithm["kind"] == "gd" or algorithm.get("noise") == "none" else set()
    copies = size > 0 and not set(random_streams) - unseen
    return {
        **{"perturbation": size, "replicates": len(fates), "diverged": diverged},
        **{"share": diverged / len(fates), "low": low, "high": high},
        "lyapunov_time": lyapunov_time(table) if copies else np.nan,
    }


def lyapunov_time(table):
    """Iterations in which the median distance from replicate 0 grows by a factor of e."""
    logs = {
        replicate: np.log(rows["train_loss"].to_numpy(float))
        for replicate, rows in table.groupby("replicate")
    }
    at = table[table["replicate"] == 0]["iteration"].to_numpy(float)
    line = []
    for place, t in enumerate(at):
        apart = median([abs(logs[r][place] - logs[0][place]) for r in logs if r != 0])
        if apart >= 1e-2:
            break
        # Below, what is measured is rounding: the line begins behind the last of these.
        line = [*line, (t, np.log(apart))] if apart >= 1e-12 else []
    else:
        return np.nan
    if len(line) < 5:
        return np.nan
    t, logarithms = np.array(line).T
    slope = np.sum((t - t.mean()) * logarithms) / np.sum((t - t.mean()) ** 2)
    return 1 / slope if slope > 0 else np.nan
