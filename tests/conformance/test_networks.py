"""Problems, models, trainers and measurements on vectors keep what they promise of their arrays."""

import dataclasses

import examples
import numpy as np
import pytest

from sparsestep import measures, metrics, registry, training
from sparsestep.problems import generate
from sparsestep.stages import siblings

REPLICATES, ITERATIONS = examples.REPLICATES, examples.ITERATIONS
TRAINERS = [kind for kind in registry.TRAINERS if not kind.startswith("images/")]
MEASURES = [kind for kind in registry.MEASURES if not kind.startswith("images/")]


def arrays_of(problem):
    names = ("x_train", "y_train", "x_test", "y_test", "theta0")
    return {name: getattr(problem, name) for name in names} | problem.truth


@pytest.mark.parametrize("kind", examples.kinds_of("problem"))
def test_a_problem(kind):
    spec = examples.spec_with("problem", kind)
    problem, module = generate(spec), registry.load("problem", kind)
    assert set(problem.truth) == set(getattr(module, "TRUTH", ()))
    for name, array in arrays_of(problem).items():
        assert array.dtype == np.float64, name
        assert len(array) in (1, REPLICATES), name
        assert np.isfinite(array).all(), name
    n, d = problem.x_train.shape[1:]
    assert problem.y_train.shape[1:] == (n,)
    assert problem.x_test.shape[2] == d == module.Spec(**spec["problem"]).dimension
    assert problem.order.shape == (REPLICATES, ITERATIONS)
    assert problem.order.dtype == np.int32
    assert problem.order.min() >= 0
    assert problem.order.max() < n


@pytest.mark.parametrize("kind", examples.kinds_of("problem"))
def test_a_problem_has_a_test_set_or_is_known_to_have_none(kind):
    """What is planned for a problem (`registry.untested`) is what is measured of it."""
    spec = {**examples.spec_with("problem", kind), "measure": {"losses": {}}}
    problem, trajectory = examples.trained(spec)
    has_none = np.array_equal(problem.x_train, problem.x_test)
    assert has_none == (kind in registry.WITHOUT_TEST_SET["problem"])
    table = measures.measure(problem, trajectory, spec)
    assert ("test_loss" in table) != has_none


@pytest.mark.parametrize("kind", examples.kinds_of("problem"))
def test_a_replicate_depends_on_no_other(kind):
    spec = examples.spec_with("problem", kind)
    every, last = generate(spec), generate({**spec, "replicates": [REPLICATES - 1] * 2})
    for name in ("order", *arrays_of(every)):
        alone = last.of_replicate(name, 0)
        np.testing.assert_array_equal(every.of_replicate(name, REPLICATES - 1), alone, name)


@pytest.mark.parametrize("kind", examples.kinds_of("model"))
def test_a_model(kind):
    spec = examples.spec_with("model", kind)
    problem = generate(spec)
    network, x = examples.network_of(spec, problem), problem.of_replicate("x_train", 0)
    assert network.loss_factor > 0
    start = network.initial_parameters(5)
    assert start.dtype == np.float64
    assert start.shape == problem.theta0.shape[1:]
    np.testing.assert_array_equal(start, network.initial_parameters(5))
    theta = start + np.linspace(0, 0.1, 4)[:, None]
    h = network.predict(theta, x)
    assert h.shape == (4, len(x))
    assert h.dtype == np.float64
    for row, of_one in zip(theta, h, strict=True):
        np.testing.assert_allclose(network.predict(row[None], x)[0], of_one, rtol=1e-12)


@pytest.fixture(params=TRAINERS)
def spec(request):
    """A spec that a trainer's kind is asked to train."""
    model, algorithm = request.param.split("/")
    return examples.spec_with("algorithm", algorithm, model)


def test_a_trainer(spec):
    problem, trajectory = examples.trained(spec)
    snapshots = training.snapshot_iterations(ITERATIONS, examples.SNAPSHOTS)
    np.testing.assert_array_equal(trajectory.iterations, snapshots)
    assert trajectory.parameters.shape == (REPLICATES, len(snapshots), problem.theta0.shape[-1])
    assert trajectory.parameters.dtype == np.float64
    assert (trajectory.diverged_at == -1).all()
    assert np.isfinite(trajectory.parameters).all()
    for row in range(REPLICATES):
        start = problem.of_replicate("theta0", row)
        np.testing.assert_array_equal(trajectory.parameters[row, 0], start)
    assert (trajectory.parameters[:, -1] != trajectory.parameters[:, 0]).any()


def test_a_trainer_leaves_its_problem_alone(spec):
    untouched = generate(spec)
    problem, _ = examples.trained(spec)
    for name in ("order", *arrays_of(problem)):
        for row in range(REPLICATES):
            of_row = problem.of_replicate(name, row)
            np.testing.assert_array_equal(of_row, untouched.of_replicate(name, row), name)


def test_neither_threads_nor_snapshots_change_a_trajectory(spec):
    _, one = examples.trained(spec)
    _, two = examples.trained(spec, threads=2)
    np.testing.assert_array_equal(one.parameters, two.parameters)
    _, dense = examples.trained(spec, snapshots={"first": ITERATIONS, "evenly_spaced": 3})
    np.testing.assert_array_equal(one.parameters, dense.parameters[:, one.iterations])


def test_a_replicate_is_trained_as_it_is_alone(spec):
    problem, every = examples.trained(spec)
    last = REPLICATES - 1
    other = None
    if "followed" in spec:
        followed = {**spec, "algorithm": spec["followed"]["algorithm"]}
        other = training.train(problem, followed).of_replicate(last)
    of_one = siblings.replicates_of(problem, last, last)
    alone = training.train(of_one, spec, edges=np.ones(1), other=other)
    np.testing.assert_array_equal(every.parameters[last], alone.parameters[0])
    np.testing.assert_array_equal(every.step_sizes[last], alone.step_sizes[0])
    if every.train_loss is not None:
        np.testing.assert_array_equal(every.train_loss[last], alone.train_loss[0])


def test_an_explosion_is_a_result(spec):
    # So large that updates of bounded size, Adam's and the like, explode too.
    _, trajectory = examples.trained(spec, schedule={"kind": "constant", "step_size": 1e101})
    assert ((trajectory.diverged_at >= 0) & (trajectory.diverged_at < ITERATIONS)).all()
    gone = trajectory.iterations >= trajectory.diverged_at[:, None]
    assert np.isnan(trajectory.parameters[gone]).all()
    assert np.isfinite(trajectory.parameters[~gone]).all()


@pytest.fixture(params=MEASURES)
def measured(request):
    """A spec with the measurement of this kind, and what is measured."""
    model, _, name = request.param.rpartition("/")
    spec = examples.spec_with("measure", name, model or None)
    module = registry.load("measure", name, spec["model"]["kind"])
    columns = module.columns(module.Spec(**spec["measure"][name]))
    untested = registry.untested(spec["problem"]["kind"])
    return spec, *examples.trained(spec), [name for name in columns if name not in untested]


def test_a_measurement(measured):
    spec, problem, trajectory, columns = measured
    table = measures.measure(problem, trajectory, spec)
    assert list(table.columns) == ["replicate", "iteration", "diverged_at", *columns]
    assert len(table) == REPLICATES * len(trajectory.iterations)
    assert all(metrics.find(column) is not None for column in columns)
    again = measures.measure(problem, trajectory, spec, threads=2)
    np.testing.assert_array_equal(table.to_numpy(float), again.to_numpy(float))


def test_what_has_diverged_measures_nothing(measured):
    spec, problem, trajectory, columns = measured
    gone = trajectory.parameters.copy()
    gone[1, 2:] = np.nan
    diverged_at = np.array([-1, int(trajectory.iterations[2]), -1])
    changed = dataclasses.replace(trajectory, parameters=gone, diverged_at=diverged_at)
    table = measures.measure(problem, changed, spec)
    diverged = (table["replicate"] == 1) & (table["iteration"] >= diverged_at[1])
    # The schedule goes on, and what is predicted from it and the data; all that is measured of
    # parameters has no value. docs/extending.md names the exceptions.
    for column in set(columns) - {"step_size", "noise_level"}:
        assert table.loc[diverged, column].isna().all() or column.startswith("predicted_"), column
    others = table[table["replicate"] != 1]
    plain = measures.measure(problem, trajectory, spec)
    unchanged = plain[plain["replicate"] != 1]
    np.testing.assert_array_equal(
        others[columns].to_numpy(float), unchanged[columns].to_numpy(float)
    )
