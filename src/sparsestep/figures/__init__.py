"""Figures: what the runs of an experiment look like, one style for all."""

import io
from typing import TYPE_CHECKING

from sparsestep import registry

# Reading config.yaml imports this package for the Specs of its modules; matplotlib, seaborn and
# pandas take seconds to import, so that they are imported where something is drawn.
if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def plot(tables: "dict[str, pd.DataFrame]", spec: dict) -> "Figure":
    """Draw the figure that `spec["figure"]` (a block of config.yaml) describes.

    `tables` holds the measurements of each experiment; `spec["experiments"]` how to name and colour
    its runs.
    """
    from sparsestep.figures import style

    module = registry.load("figure", spec["figure"]["kind"])
    style.apply()
    return module.plot(tables, module.Spec(**spec["figure"]), spec["experiments"])


def render(figure: "Figure", kind: str) -> bytes:
    """The figure as svg, png or pdf; the same bytes every time."""
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, metadata=metadata, dpi=200)
    return buffer.getvalue()
