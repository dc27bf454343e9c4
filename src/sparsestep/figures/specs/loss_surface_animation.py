"""The paths of loss_surface as they grow (paper: the animated version of Fig. 3)."""

from typing import TYPE_CHECKING, ClassVar, Literal

from sparsestep.figures.specs.loss_surface import LossSlice

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment

# What decides where a run's snapshots are.
_TIMES = ("iterations", "snapshots")


class Spec(LossSlice):
    """A slice of the loss surface on which paths grow; beside it, their training loss."""

    FORMATS: ClassVar[tuple[str, ...]] = ("gif", "svg", "png", "pdf")

    kind: Literal["loss_surface_animation"]

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """A frame is a snapshot: all paths have theirs at the same iterations."""
        if found := super().mistakes(experiments):
            return found
        chosen = experiments[self.experiment]
        for index, run in enumerate(self.runs):
            own = [key for key in _TIMES if key in chosen.own_parts(run)]
            if own:
                text = f"got {run!r}, which has {' and '.join(own)} of its own; the runs of an "
                return {("runs", index): f"{text}animation must have snapshots at the same times"}
        return {}
