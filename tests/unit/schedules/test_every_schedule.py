"""Each kind of schedule in a run of its own: trained, in units of an edge, and on images."""

import numpy as np
import pytest
from image_training import make_images, make_spec

from sparsestep import interactive, registry, schedules
from sparsestep.images.training.loop import train as train_on_images
from sparsestep.plan import Plan

# By kind, without the step size.
SHAPES = {
    "constant": {},
    "step_decay": {"decay_at": 0.5, "divide_by": 4},
    "warmup_decay": {"factor": 3, "exponent": 1, "decay_at": 0.5, "divide_by": 4},
    "plateau": {"warm_up": 0.1, "decay_at": 0.5, "divide_by": 4},
    "exponential_warmup": {"decay_at": 0.5},
    "piecewise": {"pieces": [[0, 0.5], [0.2, 1], [0.7, 0.1]]},
    "linear_decay": {"warm_up": 0.1, "decay_at": 0.5},
    "cosine": {"warm_up": 0.1},
    "cyclic": {"factor": 3, "period": 0.25},
    "table": {"values": [[0, 0.5], [5, 1], [40, 0.2]]},
}


def test_there_is_an_example_of_each():
    assert set(SHAPES) == set(registry.kinds("schedule"))


@pytest.mark.parametrize("kind", SHAPES)
def test_a_run_takes_its_step_sizes(tiny, kind):
    schedule = {"kind": kind, "step_size": 0.02, **SHAPES[kind]}
    relative = {**schedule, "step_size": {"of_edge": 0.5}}
    tiny["experiments"]["first"]["snapshots"] = {"first": 60, "evenly_spaced": 3}
    tiny["experiments"]["first"]["runs"] = {
        "plain": {"schedule": schedule},
        "relative": {"schedule": relative},
    }
    experiments = Plan(tiny).experiments
    specs = {
        name: experiments.run("first", name) | {"replicates": [0, 2]}
        for name in ("plain", "relative")
    }
    problem = interactive.generate(specs["plain"])
    plain = interactive.train(problem, specs["plain"])
    assert plain.diverged_at.tolist() == [-1] * 3
    expected = schedules.from_spec(specs["plain"]["schedule"]).step_sizes(60)
    np.testing.assert_array_equal(plain.step_sizes, np.tile(expected, (3, 1)))
    edges = interactive.calibrate(problem, specs["relative"])
    of_edge = interactive.train(problem, specs["relative"], edges=edges)
    np.testing.assert_allclose(of_edge.step_sizes, expected * 25 * edges[:, None], rtol=1e-14)


@pytest.mark.parametrize("kind", SHAPES)
def test_a_network_on_images_takes_its_step_sizes(kind):
    schedule = {"kind": kind, "step_size": 0.01, **SHAPES[kind]}
    spec = make_spec() | {"schedule": schedule}
    trajectory = train_on_images(make_images(), spec)
    every = schedules.from_spec(schedule).step_sizes(spec["iterations"])
    at = np.minimum(trajectory.iterations, spec["iterations"] - 1)
    np.testing.assert_array_equal(trajectory.step_sizes[0], every[at])
    assert trajectory.diverged_at.tolist() == [-1]
