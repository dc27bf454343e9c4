"""Frequencies of the clauses of Proposition 2.2 in a simulation; see `stabilization.py`."""

import numpy as np
import pandas as pd

from sparsestep.simulations.stabilization import (
    BOUNCES,
    LOSS_BOUND,
    STATED_LOSS_BOUND,
    UPPER_END,
    Spec,
    eps0,
)

# Column of `clauses`: words for the report.
WORDS = {
    "stated_always": "F in (ε₀², 0.17) θ*², all t",
    "stated": "F in (ε₀², 0.17) θ*²",
    "linear": "F in (ε₀, 0.0834) E[x²] θ*⁴",
    "corrected": "F in (ε₀², 0.0834) E[x²] θ*⁴",
    "bands": "θ alternates between the bands",
    "sides": "θ changes sides in every step",
    "converged": "θ converges to θ*",
}
_CONVERGED = 1e-6
_RANGES = (
    "γ_min ≤ 1, E log |1-2γ| < 0",
    "γ_min ≤ 1, E log |1-2γ| ≥ 0",
    "window",
    f"1.25 ≤ γ_max < {BOUNCES:.4g}",
    "above",
)
_WINDOW = 2


def clauses(table: pd.DataFrame) -> pd.DataFrame:
    """Whether each clause holds for each row of the table.

    What is claimed "from some time on" must hold for all t > T / 2. A replicate at theta*, up to
    1e-6, satisfies no clause but that of converging; eps0 is 0 where the formula is negative.
    """
    lower = eps0(table["gamma_min"])
    smallest, largest, scale = table["smallest"], table["largest"], table["scale"]
    first, highest = table["smallest_always"] * scale, table["largest_always"] * scale
    half = table["steps"] // 2
    held = {
        "stated_always": (first > lower**2) & (highest < STATED_LOSS_BOUND),
        "stated": (smallest * scale > lower**2) & (largest * scale < STATED_LOSS_BOUND),
        "linear": (smallest > lower) & (largest < LOSS_BOUND),
        "corrected": (smallest > lower**2) & (largest < LOSS_BOUND),
        "bands": table["since_bands"] <= half,
        "sides": table["since_sides"] <= half,
    }
    converged = (abs(table[["before", "last"]] - 1) < _CONVERGED).all(axis=1)
    held = {name: column & ~converged for name, column in held.items()}
    return pd.DataFrame({**held, "converged": converged})


def summarise(spec: Spec, table: pd.DataFrame) -> pd.DataFrame:
    """How many runs satisfy each clause, by distribution of x and range of step sizes.

    In the window also by theta*, on which the clause as stated depends.
    """
    held = clauses(table)
    region = _regions(spec, table)
    theta_star = table["theta_star"].where(region == _WINDOW, np.nan)
    place = table["inputs"].map({inputs.name: i for i, inputs in enumerate(spec.inputs)})
    rows = []
    for _, part in table.groupby([place, region, theta_star], dropna=False):
        shown = part.index[0]
        gammas = part["gamma_max"]
        rows.append(
            {
                "x": part["inputs"].iloc[0],
                "step sizes": _RANGES[region[shown]],
                "γ_max": f"{gammas.min():.4f} to {gammas.max():.4f}",
                "θ*": "all" if np.isnan(theta_star[shown]) else f"{theta_star[shown]:g}",
                "runs": len(part),
                **{word: held.loc[part.index, name].sum() for name, word in WORDS.items()},
                "alternates from t =": _latest(
                    part.loc[held.loc[part.index, "bands"], "since_bands"]
                ),
            }
        )
    return pd.DataFrame(rows)


def _latest(since: pd.Series) -> str:
    return str(since.max()) if len(since) else "-"


def _regions(spec: Spec, table: pd.DataFrame) -> pd.Series:
    """Index into `_RANGES` of every row."""
    cells = table[["inputs", "gamma_max"]].drop_duplicates()
    of_name = {inputs.name: inputs for inputs in spec.inputs}
    growth = {(name, g): of_name[name].lyapunov(g) for name, g in cells.itertuples(index=False)}
    keys = zip(table["inputs"], table["gamma_max"], strict=True)
    attracts = np.array([growth[key] < 0 for key in keys])
    below = table["gamma_min"] <= 1
    ordered = [
        below & attracts,
        below,
        table["gamma_max"] < UPPER_END,
        table["gamma_max"] < BOUNCES,
    ]
    return pd.Series(np.select(ordered, [0, 1, 2, 3], 4), index=table.index)
