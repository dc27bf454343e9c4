"""Problems: published streams, documented seeds, replicates that do not depend on the batch."""

import numpy as np
import pytest

from sparsestep.plan import Plan
from sparsestep.problems import generate
from sparsestep.seeds import replicate_seed


@pytest.fixture
def spec(tiny):
    return {**Plan(tiny).experiments.problem("first"), "replicates": [0, 2]}


def test_published_streams(spec):
    problem = generate(spec)
    stream = np.random.RandomState(0)
    np.testing.assert_array_equal(problem.x_train[0], stream.standard_normal((6, 8)))
    np.testing.assert_array_equal(problem.x_test[0], stream.standard_normal((30, 8)))
    beta = abs(stream.standard_normal(8))
    beta[2:] = 0
    beta /= np.sqrt(np.sum(beta**2))
    np.testing.assert_allclose(problem.truth["beta_star"][0], beta, rtol=1e-15)
    np.testing.assert_allclose(problem.y_train[0], problem.x_train[0] @ beta, rtol=1e-14)
    np.testing.assert_array_equal(problem.order[0], np.random.RandomState(1).randint(6, size=60))
    np.testing.assert_array_equal(problem.theta0, [[0.1] * 8 + [0.0] * 8])


def test_seeds_of_replicates():
    assert replicate_seed(7, "order", 0) == 7
    assert replicate_seed(7, "order", 5) == int(
        np.random.SeedSequence([7, 5, 2]).generate_state(1)[0]
    )
    kinds = ("data", "init", "order")
    seeds = {replicate_seed(s, kind, r) for s in range(3) for kind in kinds for r in range(1, 99)}
    assert len(seeds) == 3 * 3 * 98


@pytest.mark.parametrize("vary", [["order"], ["data"], ["data", "order"], []])
def test_what_varies(spec, vary):
    spec["problem"] = {**spec["problem"], "vary": vary}
    problem = generate(spec)
    assert len(problem.x_train) == (3 if "data" in vary else 1)
    orders = {row.tobytes() for row in problem.order}
    assert len(orders) == (3 if "order" in vary else 1)


def test_a_replicate_is_the_same_in_any_batch(spec):
    spec["problem"] = {**spec["problem"], "vary": ["data", "order"]}
    whole, part = generate(spec), generate({**spec, "replicates": [2, 2]})
    for name in ("x_train", "y_train", "x_test", "y_test", "order"):
        np.testing.assert_array_equal(getattr(whole, name)[2], getattr(part, name)[0])
    np.testing.assert_array_equal(whole.truth["beta_star"][2], part.truth["beta_star"][0])
