"""Problems: published streams, documented seeds, replicates that do not depend on the batch."""

import numpy as np
import pytest
from pydantic import ValidationError

from sparsestep.plan import Plan
from sparsestep.problems import generate, given_data, sparse_regression
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


# Every kind, with all streams from the same seed.
RANDOM = ("data", "init", "order")
SMALL = {
    "sparse_regression": {"n_train": 6, "n_test": 5, "dimension": 4, "support": 2},
    "given_data": {"x": [[1.0, 2.0], [3.0, -4.0], [0.5, -1.0], [2.0, 0.0]], "y": [1, 0, 2, 1]},
    "kink_regression": {"n_fresh": 5},
    "teacher_student": {"n_train": 6, "n_test": 5, "dimension": 2, "n_fresh": 5}
    | {"teacher_widths": [2], "teacher_biases": True, "teacher_weights": "normal"},
    "noisy_curve": {"n_train": 6, "n_test": 7, "n_fresh": 5, "half_width": 2.0, "amplitude": 2.0}
    | {"frequency": 2.0, "noise": 1.0},
}
STREAMS = [
    (kind, stream)
    for kind in SMALL
    for stream in RANDOM
    if stream != "data" or kind in ("sparse_regression", "teacher_student", "noisy_curve")
]


def drawn(kind, replicates=(0, 0), **changes):
    """What each random stream decides of the arrays of a ReLU network's problem."""
    seeds = {f"{stream}_seed": 0 for stream in RANDOM}
    model = {"kind": "mlp", "widths": [4], "biases": [True] * 2, "weight_scales": [1.0] * 2}
    block = {"kind": kind, **SMALL[kind], **seeds, "vary": [], **changes}
    spec = {"problem": block, "model": model, "iterations": 40, "replicates": list(replicates)}
    problem = generate(spec)
    data = [problem.x_train, problem.y_train, problem.x_test, problem.y_test]
    arrays = {"data": [*data, *problem.truth.values()], "init": [problem.theta0]}
    return arrays | {"order": [problem.order]}


@pytest.mark.parametrize(("kind", "stream"), STREAMS)
def test_a_seed_decides_its_own_stream_alone(kind, stream):
    before, after = drawn(kind), drawn(kind, **{f"{stream}_seed": 1})
    others = {
        name
        for name in RANDOM
        if any(a.tobytes() != b.tobytes() for a, b in zip(before[name], after[name], strict=True))
    }
    assert others == {stream}


@pytest.mark.parametrize(("kind", "stream"), STREAMS)
def test_replicates_differ_in_the_streams_that_vary_alone(kind, stream):
    arrays = drawn(kind, (0, 2), vary=[stream])
    for name in RANDOM:
        distinct = {
            tuple(part[row % len(part)].tobytes() for part in arrays[name]) for row in range(3)
        }
        assert len(distinct) == (3 if name == stream else 1), name


def test_order_is_the_documented_draw():
    # n, the number of samples, is one above the largest index.
    permuted = {n: np.random.RandomState(3) for n in (6, 12)}
    expected = {
        "sparse_regression": np.random.RandomState(3).randint(6, size=40),
        "given_data": np.random.RandomState(3).randint(4, size=40),
        "kink_regression": [permuted[12].permutation(12)[0] for _ in range(40)],
        "teacher_student": [permuted[6].permutation(6)[0] for _ in range(40)],
        "noisy_curve": np.random.RandomState(3).randint(6, size=40),
    }
    assert expected.keys() == SMALL.keys()
    for kind, order in expected.items():
        (found,) = drawn(kind, order_seed=3)["order"]
        np.testing.assert_array_equal(found, [order], err_msg=kind)


def test_all_inputs_may_be_on_the_support():
    spec = {"kind": "sparse_regression", **SMALL["sparse_regression"], "data_seed": 0}
    dense = sparse_regression.Spec(**spec | {"support": 4, "order_seed": 0})
    beta_star = sparse_regression.generate(dense, 3, range(1))["truth"]["beta_star"]
    assert (beta_star > 0).all()


@pytest.mark.parametrize("labels", [3, 5])
def test_given_data_have_a_label_a_sample(labels):
    x = SMALL["given_data"]["x"]
    with pytest.raises(ValidationError, match="must have 4 entries, one a sample"):
        given_data.Spec(kind="given_data", x=x, y=[1.0] * labels, order_seed=0)
