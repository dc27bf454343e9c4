"""End values of every replicate, one panel a metric: what a single seed would hide."""

from typing import ClassVar, Literal

from sparsestep.figures.specs.grid import PanelGrid


class Spec(PanelGrid):
    """A grid of panels over the runs of one experiment."""

    SHOWS_PUBLISHED: ClassVar[bool] = True

    kind: Literal["end_values"]
