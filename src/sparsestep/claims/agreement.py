"""Agreement of runs with another one: an equivalence test with a margin fixed beforehand.

A band that both fall into, or a difference that is not shown, proves no agreement: with few
replicates nothing is ever shown. Here the claim is the agreement itself: the median over pairs of
replicates of the ratio b / a lies between 1 / margin and margin, so that its whole interval must.
"""

from typing import Any

import numpy as np
import pandas as pd

from sparsestep.claims.compared import Claimed, compare, distinct_in, ends_of


def rows(
    last: pd.DataFrame, agrees: dict[str, Any], contents: dict[str, dict[int, bytes]]
) -> list[dict]:
    """Rows of `agrees`, the block of config.yaml: run_a is the reference, run_b another run.

    `last` are the last snapshots; `contents` are `compared.contents_of` the table. Lost is what
    survives under the reference and not under the other run.
    """
    margin, a = agrees["margin"], agrees["reference"]
    claimed = Claimed("ratio", below=margin, above=1 / margin)
    found = []
    for metric in agrees["metrics"]:
        for b in agrees["runs"]:
            ends = ends_of(last, a, b, metric, np.inf)
            row = compare(ends, distinct_in(contents[a], contents[b]), claimed)
            found.append({"claim": "agrees", "metric": metric, "run_a": a, "run_b": b, **row})
    return found
