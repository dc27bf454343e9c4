"""Tables and specs as figures get them, for the tests of what is drawn; drawings, watched."""

from unittest import mock

import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection

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


def filled(axes):
    """(x, low, high) of every filled range of a panel, in the order in which they are drawn."""
    found = []
    for collection in axes.collections:
        if isinstance(collection, PolyCollection):
            x, y = np.concatenate([path.vertices for path in collection.get_paths()]).T
            at = np.unique(x)
            ends = [(y[x == place].min(), y[x == place].max()) for place in at]
            found.append((at, *np.transpose(ends)))
    return found


def assert_filled(axes, x, low, high):
    """That a panel has a filled range with these ends."""
    found = filled(axes)
    wanted = [np.asarray(part, dtype=float) for part in (x, low, high)]
    assert any(
        len(at) == len(wanted[0]) and np.allclose((at, *ends), wanted, rtol=1e-9, atol=0)
        for at, *ends in found
    ), (wanted, found)


def assert_drawn(axes, x, y):
    """That a panel has a line, or points, with these coordinates."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    found = [(np.asarray(a), np.asarray(b)) for a, b in drawn(axes)]
    near = {"rtol": 1e-9, "atol": 0}
    assert any(
        len(a) == len(x) and np.allclose(a, x, **near) and np.allclose(b, y, **near)
        for a, b in found
    ), (x, y, found)
