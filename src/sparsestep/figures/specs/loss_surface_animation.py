"""The paths of loss_surface as they grow (paper: the animated version of Fig. 3)."""

from typing import ClassVar, Literal

from sparsestep.figures.specs.loss_surface import LossSlice


class Spec(LossSlice):
    """A slice of the loss surface on which paths grow; beside it, their training loss."""

    FORMATS: ClassVar[tuple[str, ...]] = ("gif", "svg", "png", "pdf")

    kind: Literal["loss_surface_animation"]
