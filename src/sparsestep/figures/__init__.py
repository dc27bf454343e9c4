"""Figures: what the runs of an experiment look like, one style for all."""

import io
from typing import TYPE_CHECKING

from sparsestep import registry

# Reading config.yaml imports this package for the Specs of its modules; matplotlib, seaborn and
# pandas take seconds to import, so that they are imported where something is drawn.
if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sparsestep.figures.sources import Sources


def plot(sources: "Sources", spec: dict) -> "Figure":
    """Draw the figure (or `Animation`) that `spec["figure"]`, a block of config.yaml, describes.

    `sources` holds the measurements, problems and trajectories that the figure needs;
    `spec["experiments"]` how to name and colour the runs of each experiment.
    """
    from sparsestep.figures.parts import style
    from sparsestep.figures.parts.shown import Shown

    kind = spec["figure"]["kind"]
    style.apply()
    figure = registry.load("figure", kind).Spec(**spec["figure"])
    shown = {name: Shown.from_spec(of) for name, of in spec["experiments"].items()}
    return registry.load("drawing", kind).plot(sources, figure, shown)


def render(drawn: "Figure", kind: str) -> bytes:
    """The figure as svg, png or pdf, an `Animation` also as gif; the same bytes every time."""
    if kind == "gif":
        return drawn.gif()
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    buffer = io.BytesIO()
    # A Figure's own `figure` is itself.
    drawn.figure.savefig(buffer, format=kind, metadata=metadata, dpi=200)
    return buffer.getvalue()
