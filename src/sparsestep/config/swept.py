"""Sweeps of a config whose experiments are checked, and what figures ask of them."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from sparsestep.config import phase_sweeps, sweep_points
from sparsestep.config.key_sweeps import KeySweep
from sparsestep.config.kinds import columns, not_measured
from sparsestep.config.phase_sweeps import SWEPT, PhaseSweep
from sparsestep.figures.specs.over_keys import Keys, OverKeys
from sparsestep.mistakes import Mistakes, suggest

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment
    from sparsestep.figures.specs.base import FigureSpec

AnySweep = KeySweep | PhaseSweep
# Keys by which points may have other columns, with all of `problem`, which may have no test set.
_OF_KINDS = ("model", "model.kind", "problem")


def resolve(sweep: AnySweep, whole: "dict[str, Experiment]", mistakes: Mistakes) -> AnySweep:
    """The sweep with defaults filled in and ranges as lists; `whole` are checked experiments."""
    of = sweep_points if isinstance(sweep, KeySweep) else phase_sweeps
    return of.resolve(sweep, whole, mistakes)


def measured(sweep: AnySweep, whole: "dict[str, Experiment]") -> list[str]:
    """Names of what a resolved sweep measures."""
    of = whole[sweep.experiment]
    if isinstance(sweep, PhaseSweep):
        return columns(sweep.measure, of.model, of.problem)
    found: dict[str, None] = {}
    for point in _that_may_differ(sweep, of):
        found |= dict.fromkeys(columns(point.measure, point.model, point.problem))
    return [*found, "edge"] if sweep_points.has_edges(sweep, of) else [*found]


def _that_may_differ(sweep: KeySweep, experiment: "Experiment") -> "Iterator[Experiment]":
    """Points with networks or data of every kind that a sweep has: the first, or all of them.

    Neither need be the experiment's own, where the sweep's run or `fixed` has another.
    """
    points = (point.experiment for point in sweep_points.points(sweep, experiment))
    keys = [*sweep.over, *(key for keys in sweep.together.values() for key in keys)]
    one_kind = not any(key in _OF_KINDS or key.startswith("problem.") for key in keys)
    return islice(points, 1) if one_kind else points


def keys(sweep: AnySweep) -> Keys:
    """Values of each key of a resolved sweep, as its table has them."""
    if isinstance(sweep, PhaseSweep):
        return {key: list(getattr(sweep, key)) for key in SWEPT}
    return {key: list(map(sweep_points.told, values)) for key, values in sweep.over.items()}


def check_figure(
    figure: "FigureSpec",
    sweeps: dict[str, AnySweep],
    whole: "dict[str, Experiment]",
    mistakes: Mistakes,
) -> None:
    """Note each sweep that a figure asks for and that is not there, each metric not measured.

    And what a figure over keys asks of keys that its sweeps do not have.
    """
    missing = {
        key: f"there is none{suggest(name, list(sweeps))}"
        for key, name in figure.sweeps().items()
        if name not in sweeps
    }
    mistakes.add_all(missing)
    for key, (name, metric) in {} if missing else figure.swept_metrics().items():
        found = measured(sweeps[name], whole)
        if metric not in found:
            problem = whole[sweeps[name].experiment].problem
            mistakes.add(not_measured(metric, found, problem), *key)
    if isinstance(figure, OverKeys) and not missing:
        shown = {name: keys(sweeps[name]) for name in figure.sweeps().values()}
        mistakes.add_all(figure.mistakes_in(shown))
