"""Tables and specs as figures get them, for the tests of what is drawn; drawings, watched."""

from unittest import mock

import pandas as pd

from sparsestep import figures, metrics
from sparsestep.measures import measure
from sparsestep.plan import Plan
from sparsestep.plan.blocks import dumped
from sparsestep.problems import generate
from sparsestep.training import train


def tables_and_specs(raw, edges=None):
    """Measurements of experiment `first` of a raw config, and the spec of each of its figures."""
    plan = Plan(raw)
    experiment = plan.config.experiments["first"]
    parts = []
    for run in experiment.runs:
        spec = {**plan.experiments.run("first", run), "replicates": [0, experiment.replicates - 1]}
        problem = generate(spec)
        measured = {**spec, "measure": dumped(experiment.measure)}
        table = measure(problem, train(problem, spec, edges=edges), measured)
        table.insert(0, "run", run)
        parts.append(table)
    specs = {name: plan.figures.figure(name) for name in plan.config.figures}
    return {"first": pd.concat(parts, ignore_index=True)}, specs


def plot(sources, spec):
    """`figures.plot` of a drawing that asks for no metric but those that its spec tells.

    The registry is no part of a figure's code: what is told of metrics must be part of its spec.
    """
    told, describe = set(), metrics.describe
    watch = mock.patch.object(metrics, "describe", lambda name: told.add(name) or describe(name))
    with watch:
        drawn = figures.plot(sources, spec)
    untold = told - set(spec["metrics"])
    assert not untold, f"drawn, and not in the spec: {sorted(untold)}"
    return drawn


def legend_texts(figure):
    """All texts of a figure's legends."""
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def drawn(axes):
    """Coordinates of all lines of a panel."""
    return [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines]
