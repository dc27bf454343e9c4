"""Measured against exact thresholds of gradient descent; see `quadratic.py`."""

import pandas as pd

from sparsestep.simulations.quadratic import Spec

WORDS = {"sum": "‖Xβ − y‖²", "half": "‖Xβ − y‖² / 2", "mean": "‖Xβ − y‖² / 2n"}


def summarise(spec: Spec, table: pd.DataFrame) -> pd.DataFrame:
    """Largest relative error of the threshold 2 / lambda_max, of the Hessian and of X^T X."""
    rows = []
    for (n, d, name), part in table.groupby(["n", "d", "normalisation"], sort=False):
        exact, gram = (abs(part["measured"] / part[key] - 1) for key in ("exact", "of_gram"))
        rows.append(
            {
                "loss": WORDS[name],
                "n": n,
                "d": d,
                "draws of X": len(part),
                "error of 2 / λ_max(Hessian)": f"{exact.max():.1e}",
                "error of 2 / λ_max(XᵀX)": f"{gram.max():.1e}",
            }
        )
    return pd.DataFrame(rows)
