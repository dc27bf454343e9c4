"""Small ReLU networks, their data and snapshots, for the tests of what is measured on them."""

import numpy as np
from hypothesis import strategies as st

from conftest import ROOT
from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.models import mlp

_ARCHITECTURES = {
    "relu_1d": (1, [100], [True, False]),
    "relu_teacher": (2, [20], [False, False]),
    "relu_three_layer": (5, [10, 10], [True, True, True]),
}
# (experiment, run) of the reference arrays.
REFERENCES = [
    ("relu_1d", "decay2"),
    ("relu_teacher", "small"),
    ("relu_teacher", "decay10"),
    ("relu_three_layer", "small"),
    ("relu_three_layer", "decay10"),
]


def make_network(dimension, widths, biases):
    scales = [1.0] * len(biases)
    spec = mlp.Spec(kind="mlp", widths=widths, biases=biases, weight_scales=scales)
    return mlp.Network(spec, dimension)


def make_case(network, x, parameters, seed=0):
    """Problem with inputs x (n, d) and P fresh ones, and a trajectory of parameters (R, S, P).

    Test samples are others, so that who measures those in place of the training samples is found.
    """
    rng, others = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    count, snapshots, p = parameters.shape
    problem = Problem(
        x_train=x[None],
        y_train=rng.standard_normal((1, len(x))),
        x_test=others.standard_normal((1, len(x), x.shape[1])),
        y_test=others.standard_normal((1, len(x))),
        theta0=parameters[:, 0],
        order=np.zeros((count, snapshots), np.int32),
        spec={},
        truth={"x_fresh": rng.standard_normal((1, p, x.shape[1]))},
    )
    trajectory = Trajectory(
        iterations=np.arange(snapshots),
        parameters=parameters,
        step_sizes=np.ones((count, snapshots)),
        diverged_at=np.full(count, -1),
        spec={},
    )
    return problem, trajectory


@st.composite
def cases(draw, max_width=6):
    """(network, problem, trajectory): two replicates of three snapshots; dead and equal units."""
    dimension = draw(st.integers(1, 3))
    widths = draw(st.lists(st.integers(1, max_width), min_size=1, max_size=3))
    biases = draw(st.lists(st.booleans(), min_size=len(widths) + 1, max_size=len(widths) + 1))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    network = make_network(dimension, widths, biases)
    parameters = rng.standard_normal((2, 3, network.parameter_count))
    weight, bias = network.layers(parameters)[0]
    if draw(st.booleans()):
        weight[..., -1, :] = -2.0 * weight[..., 0, :]
        weight[:, 1, -1, :] *= -1.0
        if bias is not None:
            bias[..., -1] = 2.0 * bias[..., 0]
    if draw(st.booleans()):
        weight[..., 0, :] = 0.0
        if bias is not None:
            bias[..., 0] = -1.0
    if draw(st.booleans()):
        parameters[1, 1] = 0.0
    if draw(st.booleans()):
        parameters[1, 2] = np.nan
    x = rng.standard_normal((draw(st.integers(1, 7)), dimension))
    return network, *make_case(network, x, parameters)


def snapshots_of(trajectory):
    """((replicate, snapshot), parameters) of all that has not diverged."""
    for r, replicate in enumerate(trajectory.parameters):
        for s, theta in enumerate(replicate):
            if np.isfinite(theta).all():
                yield (r, s), theta


def reference_case(experiment, run):
    """(network, problem, trajectory, arrays): snapshots theta_first, and theta_last as the 13th."""
    path = ROOT / "tests" / "reference" / f"{experiment}.npz"
    with np.load(path) as file:
        arrays = dict(file)
    network = make_network(*_ARCHITECTURES[experiment])
    first, last = arrays[f"{run}_theta_first"], arrays[f"{run}_theta_last"]
    parameters = np.concatenate([first, last[None]])[None].astype(float)
    x = arrays["x_train"].astype(float)
    problem, trajectory = make_case(network, x, parameters)
    problem.y_train[:] = arrays["y_train"]
    problem.truth["x_fresh"] = _published_fresh_inputs(experiment, x, network)[None]
    return network, problem, trajectory, arrays


def _published_fresh_inputs(experiment, x, network):
    p = network.parameter_count
    if experiment == "relu_1d":
        return np.linspace(x.min(), x.max(), p)[:, None]
    # The published test inputs follow the training inputs in the same stream.
    stream = np.random.RandomState({"relu_teacher": 1, "relu_three_layer": 6}[experiment])
    stream.standard_normal(x.shape)
    test = stream.standard_normal((1000, x.shape[1])).astype(np.float32)
    test /= np.linalg.norm(test, axis=1, keepdims=True)
    return test[:p].astype(float)
