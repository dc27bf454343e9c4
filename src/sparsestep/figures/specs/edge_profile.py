"""End values against the distance to the edge of divergence; no figure of the paper shows this."""

from typing import TYPE_CHECKING, Literal

from sparsestep.fields import Closed
from sparsestep.figures.specs import base
from sparsestep.figures.specs.grid import PanelGrid

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment


class Spec(PanelGrid):
    """A grid of panels over the runs of an experiment in units of the edge."""

    kind: Literal["edge_profile"]

    def metrics(self) -> dict[tuple, tuple[str, str]]:
        """(experiment, metric) that must be measured; `diverged` always is."""
        return {key: asked for key, asked in super().metrics().items() if asked[1] != "diverged"}

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """A run that has no place of its own over the fraction of the edge and the duration.

        One whose starts are perturbed shares the place of the run that it repeats.
        """
        if longer := base.of_another_length(self.experiment, experiments):
            return {("experiment",): longer}
        chosen = experiments[self.experiment]
        places: dict[bool, dict[tuple, str]] = {False: {}, True: {}}
        for name, run in chosen.runs.items():
            where = f"experiments.{self.experiment}.runs.{name}"
            if run.schedule is None:
                return {
                    ("experiment",): f"got {where}.algorithm.of {run.followed!r}; "
                    "every run must have a schedule of its own"
                }
            if not run.is_relative:
                return {
                    ("experiment",): f"got {where}.schedule.step_size "
                    f"{run.schedule.step_size}; every run must be in units of the edge, "
                    "as {of_edge: 0.95}"
                }
            place = (
                run.schedule.step_size.of_edge,
                large_share(run.schedule, chosen.iterations),
            )
            others = places[chosen.perturbation(name) > 0]
            if place in others:
                return {
                    ("experiment",): f"got {where}.schedule with {_told(place)}, as run "
                    f"{others[place]!r} has; every run must differ from the others in one of them"
                }
            others[place] = name
        for place, name in places[True].items():
            if place not in places[False]:
                where = f"experiments.{self.experiment}.runs.{name}"
                return {
                    ("experiment",): f"got {where}, a run with a perturbation, with "
                    f"{_told(place)}; so must be a run without one, which it repeats"
                }
        return {}


def _told(place: tuple[float, float]) -> str:
    return f"of_edge {place[0]:g} and large steps for {place[1]:g} of the iterations"


def large_share(schedule: Closed, iterations: int) -> float:
    """Length of the large-step phase as a fraction of T; 1 where the step size never decays."""
    decays = schedule.decays(iterations)
    if not decays:
        return 1.0
    # As config.yaml says it, where it does.
    return getattr(schedule, "decay_at", decays[0] / iterations)
