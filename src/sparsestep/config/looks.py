"""Looks of runs: those that share a panel must differ."""

import ast
import functools
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsestep.mistakes import Mistakes

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment
    from sparsestep.figures.specs.base import FigureSpec

# Kinds of figures of one experiment that tell runs in a panel apart by colour and dashes alone.
_IN_ONE_PANEL = (
    "training_curves",
    "learned_functions",
    "loss_surface",
    "loss_surface_animation",
    "rounding",
    "valley",
)
_STYLE = Path(__file__).parents[1] / "figures" / "parts" / "style.py"


def check(figure: "FigureSpec", whole: "dict[str, Experiment]", mistakes: Mistakes) -> None:
    """Note two runs that a panel of a figure would show with the same colour and dashes."""
    if figure.kind not in _IN_ONE_PANEL:
        return
    name, seen = figure.experiment, {}
    looks = _looks(whole[name])
    for run in _drawn(figure, whole[name]):
        first = seen.setdefault(looks[run], run)
        if first != run:
            count = len(_tables()[1])
            text = f"got {name!r}, whose runs {first!r} and {run!r} would look the same; give one "
            text += f"of them a `colour` (only {count} looks are there for names that have none)"
            mistakes.add(text, "experiment")
            return


def _drawn(figure: "FigureSpec", experiment: "Experiment") -> list[str]:
    asked = [getattr(figure, "flow", None), *getattr(figure, "runs", [])]
    known = [run for run in asked if run in experiment.runs]
    return list(dict.fromkeys(known)) or list(experiment.runs)


def _looks(experiment: "Experiment") -> dict[str, tuple]:
    """(colour, dashes) of every run, as `figures.parts.shown.Shown.looks` gives them."""
    named, others = _tables()
    left, found = itertools.cycle(others), {}
    for name, run in experiment.runs.items():
        colour, dashes = named[name] if name in named else next(left)
        found[name] = (run.colour or colour, dashes)
    return found


@functools.cache
def _tables() -> tuple[dict[str, tuple], list[tuple]]:
    """Looks of runs by name, and of others in their order.

    Read, not imported, for matplotlib takes seconds; and not moved elsewhere, for all figures would
    be drawn anew.
    """
    body = ast.parse(_STYLE.read_text("utf-8")).body
    found: dict[str, Any] = {
        node.targets[0].id: node.value for node in body if isinstance(node, ast.Assign)
    }
    return ast.literal_eval(found["RUNS"]), ast.literal_eval(found["OTHERS"])
