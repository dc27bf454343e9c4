"""The compiled kernels against autograd, and what the trainer promises."""

import dataclasses

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsestep.artifacts.arrays import Problem
from sparsestep.training import snapshot_iterations, train


def make_problem(rng, n, d, replicates, iterations, shared=False):
    """A random problem; data and initial parameters differ by replicate unless shared."""
    count = 1 if shared else replicates
    return Problem(
        x_train=rng.standard_normal((count, n, d)),
        y_train=rng.standard_normal((count, n)),
        x_test=rng.standard_normal((count, 3, d)),
        y_test=rng.standard_normal((count, 3)),
        theta0=0.5 * rng.standard_normal((count, 2 * d)),
        order=rng.integers(n, size=(replicates, iterations)).astype(np.int32),
        spec={},
    )


def make_spec(iterations, algorithm="sgd", step_size=0.02):
    return {
        "model": {"kind": "diagonal", "u": 0.1, "v": 0.0},
        "algorithm": {"kind": algorithm},
        "schedule": {
            "kind": "step_decay",
            "step_size": step_size,
            "decay_at": 0.5,
            "divide_by": 3.0,
        },
        "iterations": iterations,
        "snapshots": {"first": iterations, "evenly_spaced": 1},
    }


def step_sizes_of(spec):
    """eta(t) of `make_spec`, written out."""
    iterations, eta = spec["iterations"], spec["schedule"]["step_size"]
    return [eta if t <= iterations // 2 else eta / 3.0 for t in range(iterations)]


@settings(deadline=None, max_examples=25)
@given(
    n=st.integers(1, 9),
    d=st.integers(1, 40),
    iterations=st.integers(2, 40),
    algorithm=st.sampled_from(["sgd", "gd"]),
    shared=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_kernel_is_autograd(n, d, iterations, algorithm, shared, seed):
    problem = make_problem(np.random.default_rng(seed), n, d, 2, iterations, shared)
    require_autograd(problem, make_spec(iterations, algorithm))


# Eight coordinates are a vector, four vectors one pass of a loop: every number of either that is
# left over, and none.
@pytest.mark.parametrize("d", [1, 8, 9, 16, 17, 24, 25, 32, 33, 57, 64])
@pytest.mark.parametrize("algorithm", ["sgd", "gd"])
def test_kernel_is_autograd_whatever_is_left_over(algorithm, d):
    require_autograd(make_problem(np.random.default_rng(d), 5, d, 2, 9), make_spec(9, algorithm))


def require_autograd(problem, spec):
    """Both replicates, trained by plain loops and autograd."""
    algorithm = spec["algorithm"]["kind"]
    trajectory = train(problem, spec)
    for row in range(2):
        expected = oracles.train_diagonal(
            problem.of_replicate("x_train", row),
            problem.of_replicate("y_train", row),
            problem.of_replicate("theta0", row),
            step_sizes_of(spec),
            problem.order[row] if algorithm == "sgd" else None,
        )
        np.testing.assert_allclose(trajectory.parameters[row], expected, rtol=1e-12, atol=1e-12)
    assert (trajectory.diverged_at == -1).all()


@pytest.mark.parametrize("algorithm", ["sgd", "gd"])
def test_vanished_coordinates_stay_exact(algorithm):
    # Coordinates of 1e-170, whose products underflow: they must not change the prediction.
    rng = np.random.default_rng(0)
    problem = make_problem(rng, 5, 12, 1, 30)
    theta0 = problem.theta0.copy()
    theta0[:, 3:8] = theta0[:, 15:20] = 1e-170
    problem = dataclasses.replace(problem, theta0=theta0)
    spec = make_spec(30, algorithm)
    order = problem.order[0] if algorithm == "sgd" else None
    expected = oracles.train_diagonal(
        problem.x_train[0], problem.y_train[0], theta0[0], step_sizes_of(spec), order
    )
    np.testing.assert_allclose(train(problem, spec).parameters[0], expected, rtol=1e-12)


def test_same_bytes_whatever_the_threads():
    problem = make_problem(np.random.default_rng(3), 20, 50, 5, 500)
    one, four = (train(problem, make_spec(500), threads).parameters for threads in (1, 4))
    assert one.tobytes() == four.tobytes()


def test_a_replicate_does_not_depend_on_its_batch():
    problem = make_problem(np.random.default_rng(4), 5, 7, 4, 50)
    alone = dataclasses.replace(
        problem,
        **{name: getattr(problem, name)[2:3] for name in ("x_train", "y_train", "theta0", "order")},
    )
    both = [train(p, make_spec(50)).parameters for p in (problem, alone)]
    np.testing.assert_array_equal(both[0][2], both[1][0])


@pytest.mark.parametrize("arguments", [(100, 10, 7), (100001, 100, 250), (5, 100, 1), (1, 1, 1)])
@pytest.mark.parametrize("last", [False, True])
def test_snapshot_iterations(arguments, last):
    iterations, first, evenly_spaced = arguments
    spec = {"first": first, "evenly_spaced": evenly_spaced, "last": last}
    expected = oracles.snapshot_iterations(*arguments)
    # T is one of the evenly spaced points, where there are at least two.
    expected += [iterations] * (last and evenly_spaced > 1)
    assert snapshot_iterations(iterations, spec).tolist() == expected
