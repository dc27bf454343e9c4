"""Weighted variation by hand and by loops, and the inequalities that are proved of it."""

import dataclasses
import itertools

import numpy as np
import oracles
import pytest

from small_networks import make_case, make_network, reference_case, snapshots_of
from sparsestep import config, models, training
from sparsestep.errors import ConfigError
from sparsestep.measures import sharpness, weighted_variation
from sparsestep.measures.weighted_variation import Spec, changes_of_slope, weight
from sparsestep.problems import generate

CHAIN = ["weighted_variation", "gradient_bound", "kernel_bound", "sharpness_bound"]
CURVE = {"kind": "noisy_curve", "n_train": 15, "n_test": 41, "half_width": 2.0, "amplitude": 2.0}
CURVE |= {"frequency": 2.0, "noise": 1.0, "data_seed": 1, "order_seed": 2}


def measured(network, problem, trajectory, threads=1, **options):
    return weighted_variation.measure(problem, trajectory, network, Spec(**options), threads)


def assert_ordered(columns):
    """Each side of the chain is at most the next one, but for the sharpness's own error."""
    for smaller, larger in itertools.pairwise(CHAIN):
        bound = columns[larger] * (1 + 1e-9) + 1e-12
        assert (columns[smaller] <= bound).all(), (smaller, larger)


def slow_weight(at, inputs):
    n, sides = len(inputs), []
    for side in ([x for x in inputs if x < at], [x for x in inputs if x > at]):
        distances = [abs(at - x) for x in side]
        if not side:
            return 0.0
        probability, mean = len(side) / n, sum(side) / len(side)
        sides.append(probability**2 * sum(distances) / len(side) * (1 + mean**2) ** 0.5)
    return min(sides)


@pytest.mark.parametrize("shift", [-3.0, 0.0, 5.0])
def test_the_weight_by_its_definition(shift):
    rng = np.random.default_rng(0)
    # Some inputs twice, places at inputs and beyond them.
    inputs = shift + np.round(rng.standard_normal(13), 1)
    at = np.concatenate([inputs, shift + rng.uniform(-4, 4, 40), [np.inf, -np.inf]])
    expected = [slow_weight(place, inputs.tolist()) for place in at.tolist()]
    np.testing.assert_allclose(weight(at, inputs), expected, rtol=1e-12, atol=1e-14)
    assert weight(at, inputs).max() > 0


def by_hand():
    """Inputs -1, 0, 1; units with knots at 1/2, at 3 and at none, and a small one at -1/2."""
    network = make_network(1, [4], [True, True])
    w, b, v, c = [2.0, -1.0, 0.0, 0.002], [-1.0, 3.0, 5.0, 0.001], [-3.0, 1.0, 7.0, 1.0], [0.25]
    theta = np.array([*w, *b, *v, *c])
    return network, *make_case(network, np.array([[1.0], [-1.0], [0.0]]), theta[None, None])


def test_a_network_by_hand():
    columns = measured(*by_hand())
    # Of three inputs, -1 and 0 lie below 1/2, and 1 above; two lie above -1/2.
    at_half = min(4 / 9 * 1.0 * 1.25**0.5, 1 / 9 * 0.5 * 2**0.5)
    variation = 6.0 * at_half + 0.002 * min(1 / 9 * 0.5 * 2**0.5, 4 / 9 * 1.0 * 1.25**0.5)
    assert columns["weighted_variation"].item() == pytest.approx(variation, rel=1e-14)
    assert columns["knots"].item() == 1
    assert measured(*by_hand(), threshold=1e-4)["knots"].item() == 2


def test_the_function_from_its_knots():
    rng = np.random.default_rng(1)
    network = make_network(1, [30], [True, True])
    theta = rng.standard_normal((5, network.parameter_count))
    places, changes = changes_of_slope(network, theta)
    x = np.linspace(-3, 3, 61)[:, None]
    for row, values in enumerate(network.predict(theta, x)):
        left = min(places[row].min(), -3.0) - 1.0
        start, later = network.predict(theta[row], np.array([[left - 1.0], [left]]))
        expected = later + (later - start) * (x[:, 0] - left)
        for place, change in zip(places[row], changes[row], strict=True):
            expected += change * np.maximum(x[:, 0] - place, 0.0)
        scale = np.abs(changes[row] * (np.abs(places[row]) + 4)).sum()
        np.testing.assert_allclose(values, expected, atol=1e-11 * scale)


def random_case(seed, has_output_bias):
    rng = np.random.default_rng([seed, has_output_bias])
    network = make_network(1, [int(rng.integers(1, 12))], [True, has_output_bias])
    x = rng.standard_normal((int(rng.integers(2, 15)), 1)) * rng.choice([0.1, 1.0, 5.0])
    scales = rng.choice([0.05, 0.3, 1.0, 3.0], (1, 40, 1))
    parameters = scales * rng.standard_normal((1, 40, network.parameter_count))
    return network, *make_case(network, x, parameters, seed)


@pytest.mark.parametrize("has_output_bias", [True, False])
def test_the_chain_holds_for_random_networks(has_output_bias):
    for seed in range(8):
        columns = measured(*random_case(seed, has_output_bias))
        assert_ordered(columns)
        assert (columns["weighted_variation"] >= 0).all()


@pytest.mark.parametrize("has_output_bias", [True, False])
def test_the_sides_by_their_definitions(has_output_bias):
    network, problem, trajectory = random_case(3, has_output_bias)
    short = dataclasses.replace(trajectory, parameters=trajectory.parameters[:, :6])
    columns = measured(network, problem, short)
    x, y = problem.x_train[0], problem.y_train[0]
    for at, theta in snapshots_of(short):
        phi = oracles.mlp_jacobian(theta, x, network.shapes)
        hessian = oracles.mlp_hessian(theta, x, y, network.shapes)
        squares = np.mean((network.predict(theta, x) - y) ** 2)
        slack = np.sqrt(squares) * np.sqrt(1 + np.mean(x**2))
        sides = [
            np.sum(phi.mean(axis=0) ** 2),
            np.linalg.eigvalsh(phi.T @ phi / len(x))[-1],
            np.linalg.eigvalsh(hessian)[-1] / 2 + slack,
        ]
        for name, side, error in zip(CHAIN[1:], sides, [1e-10, 1e-10, 1e-6], strict=True):
            expected = pytest.approx(side - has_output_bias, abs=error * side)
            assert 2 * columns[name][at] == expected, name
    # Without an output bias the bound has no 1 to spare.
    least = (columns["gradient_bound"] - columns["weighted_variation"]).min()
    assert has_output_bias or least < 0.5


def of_curve(biases, **changes):
    model = {"kind": "mlp", "widths": [20], "biases": biases, "weight_scales": [0.3, 0.3]}
    block = {**model, "bias_scale": 0.3}
    return {"problem": {**CURVE, **changes}, "model": block, "iterations": 400}


@pytest.fixture(params=[True, False], ids=["output-bias", "no-output-bias"])
def trained(request):
    """(network, problem, trajectory) of gradient descent on a curve, two replicates."""
    spec = of_curve([True, request.param]) | {"replicates": [0, 1]}
    spec |= {"snapshots": {"first": 5, "evenly_spaced": 9}, "algorithm": {"kind": "gd"}}
    spec |= {"schedule": {"kind": "constant", "step_size": 0.05}}
    problem = generate(spec)
    network = models.from_spec(problem.spec["model"], 1)
    return network, problem, training.train(problem, spec)


def test_the_chain_holds_while_gradient_descent_trains(trained):
    columns = measured(*trained)
    assert_ordered(columns)
    network, problem, trajectory = trained
    found = sharpness.measure(problem, trajectory, network, sharpness.Spec(), 1)["sharpness"]
    bias = float(network.shapes[1][2])
    slack = 2 * columns["sharpness_bound"] + bias - found / 2
    for row, thetas in enumerate(trajectory.parameters):
        x, y = problem.of_replicate("x_train", row), problem.of_replicate("y_train", row)
        squares = np.mean((network.predict(thetas, x) - y) ** 2, axis=1)
        expected = np.sqrt(squares) * np.sqrt(1 + np.mean(x**2))
        np.testing.assert_allclose(slack[row], expected, rtol=1e-5)


def test_the_chain_holds_along_a_published_run():
    network, problem, trajectory, _ = reference_case("relu_1d", "decay2")
    assert_ordered(measured(network, problem, trajectory))


def test_errors_against_the_truth(trained):
    network, problem, trajectory = trained
    columns = measured(network, problem, trajectory, inside=[0.2, 0.9])
    assert list(columns) == [*CHAIN, "knots", "mse_inside", "mse_at_inputs"]
    for at, theta in snapshots_of(trajectory):
        x, points, truth, curve = (
            problem.of_replicate(name, at[0]) for name in ("x_train", "x_test", "y_test", "curve")
        )
        low, high = np.quantile(x, 0.2), np.quantile(x, 0.9)
        errors = network.predict(theta, points) - truth
        inside = [e**2 for e, (p,) in zip(errors, points, strict=True) if low <= p <= high]
        assert 5 < len(inside) < 40
        assert columns["mse_inside"][at] == pytest.approx(np.mean(inside), rel=1e-12)
        expected = np.mean((network.predict(theta, x) - curve) ** 2)
        assert columns["mse_at_inputs"][at] == pytest.approx(expected, rel=1e-12)
    far = dataclasses.replace(problem, x_test=problem.x_test + 9.0)
    assert np.isnan(measured(network, far, trajectory, inside=[0.2, 0.9])["mse_inside"]).all()


def test_replicates_that_diverged_and_threads(trained):
    network, problem, trajectory = trained
    parameters = trajectory.parameters.copy()
    parameters[1, 4:] = np.nan
    parameters[0, 2] = 0.0
    changed = dataclasses.replace(trajectory, parameters=parameters)
    one = measured(network, problem, changed, inside=[0.1, 0.9])
    two = measured(network, problem, changed, threads=2, inside=[0.1, 0.9])
    for name, values in one.items():
        assert values.tobytes() == two[name].tobytes()
        assert (np.isnan(values) == np.isnan(parameters).any(axis=2)).all(), name
    assert one["weighted_variation"][0, 2] == one["knots"][0, 2] == 0


def refusal(options=None, **changes):
    experiment = {
        "title": "t",
        "problem": CURVE,
        "model": of_curve([True, True])["model"],
        "iterations": 50,
        "replicates": 1,
        "runs": {"gd": {"algorithm": {"kind": "gd"}, "schedule": {"kind": "constant"}}},
        "measure": {"weighted_variation": options},
    }
    experiment["runs"]["gd"]["schedule"]["step_size"] = 0.1
    with pytest.raises(ConfigError) as caught:
        config.load({"experiments": {"one": {**experiment, **changes}}})
    return str(caught.value).removeprefix("experiments.one.measure.weighted_variation")


KINKS = {"kind": "kink_regression", "order_seed": 0, "n_fresh": 61}
TEACHER = {"kind": "teacher_student", "n_train": 5, "n_test": 9, "dimension": 2, "n_fresh": 9}
TEACHER |= {"teacher_widths": [2], "teacher_biases": True, "teacher_weights": "normal"}
TEACHER |= {"data_seed": 0, "order_seed": 0}
DEEP = {"kind": "mlp", "widths": [4, 3], "biases": [True] * 3, "weight_scales": [1.0] * 3}
UNBIASED = {"kind": "mlp", "widths": [4], "biases": [False, True], "weight_scales": [1.0] * 2}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"problem": TEACHER},
            ": is for networks with one input, got 2; valid problems: kink_regression, "
            "noisy_curve, table with one of its inputs",
        ),
        (
            {"model": DEEP},
            ": is for networks with one hidden layer, got 2 of model.widths",
        ),
        (
            {"model": UNBIASED},
            ": is for networks whose hidden units have biases, or all knots are at 0; valid: "
            "model.biases: [true, true] or [true, false]",
        ),
        (
            {"problem": KINKS, "options": {"inside": [0.1, 0.9]}},
            ".inside: needs the problem's curve, got 'kink_regression'; valid problems: "
            "noisy_curve; else leave it out",
        ),
        (
            {"options": {"inside": [0.9, 0.1]}},
            ".inside: got [0.9, 0.1]; must be two shares, the smaller one first",
        ),
    ],
)
def test_what_is_refused_before_the_first_job(changes, line):
    assert refusal(**changes) == line
