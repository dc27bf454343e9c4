"""Maps over any two keys of a sweep; over step size and duration: `unit/sweeps/test_phases.py`."""

import numpy as np
import pytest
from figure_tables import plot
from matplotlib.collections import QuadMesh

from sparsestep.errors import ConfigError
from sparsestep.figures.draw.phase_diagram import cell_sides
from sparsestep.figures.sources import Sources
from sparsestep.plan import Plan
from unit.figures.test_dependence import WIDTHS, config, table, told

MAP = {"kind": "phase_diagram", "sweep": "widths", "panels": ["train_loss"]}
CUBE = {"model.widths.0": WIDTHS, "schedule.step_size": [0.1, 0.2], "problem.n_train": [4, 6]}


def spec_of(**figure):
    return Plan(config(**figure)).figures.figure("mine")


def maps(page):
    """(axes, values) of every map, a row a place on the vertical axis, upwards."""
    found = []
    for axes in page.axes:
        meshes = [of for of in axes.collections if isinstance(of, QuadMesh)]
        if meshes and axes.get_xlabel():
            found.append((axes, meshes[0].get_array()))
    return found


def test_the_first_two_keys_by_default():
    over = {"model.widths.0": WIDTHS, "schedule.step_size": [0.5, 0.9]}
    found = table(over, lambda at, n: at[0] + 100 * at[1] + n, replicates=3)
    spec = spec_of(**MAP)
    ((axes, values),) = maps(plot(Sources(tables={"sweeps.widths": found}), spec))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("width of layer 1", "step size / edge")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    np.testing.assert_allclose(values, [[61, 71, 91], [101, 111, 131]])


def test_keys_that_are_named_and_one_value_of_the_third():
    found = table(CUBE, lambda at, n: at[0] + 100 * at[1] + 1000 * at[2] + n, replicates=3)
    asked = MAP | {"sweep": "cube", "x": "problem.n_train", "at": {"schedule.step_size": 0.2}}
    asked |= {"axes": {"model.widths.0": "how wide"}}
    ((axes, values),) = maps(plot(Sources(tables={"sweeps.cube": found}), spec_of(**asked)))
    assert axes.get_xlabel() == "training samples $n$"
    assert axes.get_ylabel() == "how wide"
    np.testing.assert_allclose(values, [[x + 21 + 1000 * n for n in (4, 6)] for x in WIDTHS])


@pytest.mark.parametrize("which", ["x", "y"])
def test_texts_stand_beside_each_other(which):
    over = {"algorithm": ["sgd", "gd"], "schedule.step_size": [0.1, 0.2]}
    found = table(over, lambda at, n: (5 if at[0] == "gd" else 1) + at[1], replicates=3)
    asked = MAP | {"sweep": "kinds", "panels": ["train_loss", "diverged"], which: "algorithm"}
    page = plot(Sources(tables={"sweeps.kinds": found}), spec_of(**asked))
    (axes, values), (_, shares) = maps(page)
    texts = [text.get_text() for text in getattr(axes, f"get_{which}ticklabels")()]
    assert texts == ["sgd", "gd"]
    expected = np.array([[1.1, 5.1], [1.2, 5.2]])
    np.testing.assert_allclose(values, expected if which == "x" else expected.T)
    assert (shares == 0).all()


def test_a_sweep_over_step_size_and_duration_the_other_way_round():
    content = config(**MAP)
    content["sweeps"]["phases"] = {
        "experiment": "first",
        "replicates": 7,
        "schedule": {"kind": "step_decay", "divide_by": 2},
        "step_size": [0.1, 0.2, 0.4],
        "decay_at": [0.3, 0.5],
        "measure": {"losses": None},
        "edges": True,
    }
    asked = MAP | {"sweep": "phases"}
    content["figures"] = {"as it is": asked, "turned": asked | {"x": "decay_at"}}
    content["figures"] = {name.replace(" ", "-"): of for name, of in content["figures"].items()}
    plan = Plan(content)
    # What it was before there were keys to name: no key more.
    plain = plan.figures.figure("as-it-is")["figure"]
    assert set(plain) == {"kind", "sweep", "title", "panels", "columns"}
    over = {"step_size": [0.1, 0.2, 0.4], "decay_at": [0.3, 0.5]}
    found = table(over, lambda at, n: at[0] + 10 * at[1], replicates=7).drop(columns="run")
    edges = {"phases": {at: np.full(7, at) for at in (0.3, 0.5)}}
    sources = Sources(sweeps={"phases": found}, edges=edges)
    ((axes, values),) = maps(plot(sources, plan.figures.figure("as-it-is")))
    ((turned, others),) = maps(plot(sources, plan.figures.figure("turned")))
    np.testing.assert_allclose(values, [[3.1, 3.2, 3.4], [5.1, 5.2, 5.4]])
    np.testing.assert_array_equal(others, values.T)
    assert turned.get_xlabel() == axes.get_ylabel() == "duration of the large steps / T"
    assert turned.get_ylabel() == axes.get_xlabel()
    assert list(turned.lines[0].get_xdata()) == [0.3, 0.5]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sweep": "single"}, "sweep: got 'single', of one key, model.widths.0; a map has two"),
        ({"x": "iterations"}, "x: no key of sweeps.widths, got 'iterations'; valid: model.widths"),
        ({"x": "model.widths.0", "y": "model.widths.0"}, "y: got 'model.widths.0' again; must be"),
        (
            {"sweep": "cube"},
            "at.'problem.n_train': must be one value: sweeps.cube has 2, 4, 6, ",
        ),
        ({"at": {"schedule.step_size": 0.7}}, "at.'schedule.step_size': sweeps.widths has no such"),
        ({"axes": {"iterations": "T"}}, "axes.iterations: no key on an axis of this figure"),
    ],
)
def test_one_line_for_what_is_wrong(change, says):
    assert told(**MAP | change).startswith(says)


def test_an_axis_of_a_single_value():
    asked = {"at": {"model.widths.0": 20}}
    found = table({"model.widths.0": WIDTHS, "schedule.step_size": [0.5, 0.9]}, lambda at, n: at[0])
    spec = spec_of(**MAP | asked)
    ((axes, values),) = maps(plot(Sources(tables={"sweeps.widths": found}), spec))
    np.testing.assert_allclose(values, [[20], [20]])
    np.testing.assert_allclose(axes.get_xlim(), [19, 21])


def test_cells_around_zero_and_below():
    sides, is_log = cell_sides(np.array([0.0, 1.0, 10.0]))
    np.testing.assert_allclose(sides, [-0.5, 0.5, 5.5, 14.5])
    assert not is_log
    np.testing.assert_allclose(cell_sides(np.array([0.0]))[0], [-0.5, 0.5])
    np.testing.assert_allclose(cell_sides(np.array([-2.0, -1.0]))[0], [-2.5, -1.5, -0.5])


def test_a_sweep_of_one_key_is_no_map():
    with pytest.raises(ConfigError, match=r"a map has two \(one: a figure of kind dependence\)"):
        spec_of(**MAP | {"sweep": "single"})
