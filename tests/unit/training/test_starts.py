"""Perturbed starts: what is drawn, for whom, and what it leaves as it is."""

import dataclasses

import numpy as np
import oracles
import pytest

from sparsestep.errors import ConfigError
from sparsestep.interactive import measure, train
from sparsestep.plan import Plan
from sparsestep.problems import generate
from sparsestep.stages import siblings
from sparsestep.sweeps import phases
from sparsestep.training import loss_log, starts

SIZE = 1e-3
ALGORITHMS = (
    {"kind": "sgd"},
    {"kind": "gd"},
    {"kind": "label_noise_gd", "variance": 0.1},
    {"kind": "gd_on_noisy_labels"},
    {"kind": "sde", "noise": "covariance"},
)
MLP = {
    "kind": "mlp",
    "widths": [3],
    "biases": [True, True],
    "weight_scales": [0.8, 0.8],
}


@pytest.fixture
def copies(tiny):
    """The tiny config with replicates that differ in the perturbation alone."""
    first = tiny["experiments"]["first"]
    first["problem"]["vary"] = []
    first["replicates"] = 5
    first["model"] |= {"v": 0.05}
    for run in first["runs"].values():
        run["algorithm"] = {"kind": "sgd", "perturbation": SIZE}
    return tiny


def spec_of(raw, run="small", last=4):
    return {**Plan(raw).experiments.run("first", run), "replicates": [0, last]}


def starts_of(spec):
    return starts.perturbed(generate(spec), spec).theta0


def test_every_parameter_is_multiplied_by_one_plus_a_normal_number(copies):
    copies["experiments"]["first"]["replicates"] = 400
    spec = spec_of(copies, last=399)
    theta0 = generate(spec).theta0[0]
    z = (starts_of(spec)[1:] / theta0 - 1) / SIZE
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert abs(z.std() - 1) < 4 / np.sqrt(2 * z.size)
    # Each coordinate has its own.
    assert np.all(z.std(axis=1) > 0.3)
    assert np.abs(np.corrcoef(z, rowvar=False) - np.eye(z.shape[1])).max() < 0.25


def test_draws_are_those_of_the_documented_stream(copies):
    spec = spec_of(copies)
    seed = np.random.SeedSequence([spec["problem"]["init_seed"], 2, 5])
    z = np.random.Generator(np.random.SFC64(seed)).standard_normal(16)
    wanted = generate(spec).theta0[0] * (1 + SIZE * z)
    assert np.array_equal(starts_of(spec)[2], wanted)


def test_replicate_0_has_the_start_as_it_is(copies):
    found = starts_of(spec_of(copies))
    assert np.array_equal(found[0], generate(spec_of(copies)).theta0[0])
    assert len(np.unique(found, axis=0)) == 5


def test_zero_stays_zero(copies):
    copies["experiments"]["first"]["model"]["v"] = 0.0
    found = starts_of(spec_of(copies))
    assert np.all(found[:, 8:] == 0)
    assert len(np.unique(found, axis=0)) == 5


def test_a_replicate_starts_alike_in_any_batch(copies):
    spec = spec_of(copies)
    whole = starts_of(spec)
    for first, last in ((1, 2), (3, 4), (4, 4)):
        part = starts_of({**spec, "replicates": [first, last]})
        assert np.array_equal(part, whole[first : last + 1])
        cut = siblings.replicates_of(generate(spec), first, last)
        assert np.array_equal(starts.perturbed(cut, spec).theta0, whole[first : last + 1])


def test_replicates_with_starts_of_their_own_are_perturbed_each(copies):
    first = copies["experiments"]["first"]
    first["problem"] |= {"kind": "kink_regression", "vary": ["init"], "n_fresh": 3}
    for key in ("n_train", "n_test", "dimension", "support", "data_seed"):
        del first["problem"][key]
    first["model"], first["measure"], first["claims"] = MLP, {"losses": None}, {}
    copies["figures"] = {}
    spec = spec_of(copies)
    ratio = starts_of(spec) / generate(spec).theta0
    assert np.all(ratio[0] == 1)
    assert 0 < np.abs(ratio[1:] - 1).max() < 6 * SIZE


@pytest.mark.parametrize("model", ["diagonal", "mlp"])
@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda block: block["kind"])
def test_every_trainer_starts_there(copies, algorithm, model):
    first = copies["experiments"]["first"]
    if model == "mlp":
        first["model"], first["measure"] = MLP, {"losses": None}
        copies["figures"], first["claims"] = {}, {}
    first["runs"]["small"]["algorithm"] = {**algorithm, "perturbation": SIZE}
    spec = spec_of(copies)
    problem = generate(spec)
    found = train(problem, spec)
    assert np.array_equal(found.parameters[:, 0], starts_of(spec))
    # It goes on from there as from a problem that has these starts.
    plain = {**spec, "algorithm": algorithm}
    for row in range(1, 5):
        alone = dataclasses.replace(problem, theta0=starts_of(spec)[[row]])
        again = train(alone, plain)
        assert np.array_equal(again.parameters[row], found.parameters[row])


def test_a_perturbed_run_is_that_of_a_plain_loop(copies):
    spec = spec_of(copies)
    problem = generate(spec)
    seed = np.random.SeedSequence([spec["problem"]["init_seed"], 3, 5])
    z = np.random.Generator(np.random.SFC64(seed)).standard_normal(16)
    x, y, order = problem.x_train[0], problem.y_train[0], problem.order[3]
    start = problem.theta0[0] * (1 + SIZE * z)
    visited = oracles.train_diagonal(x, y, start, np.full(60, 0.01), order)
    found = train(problem, spec)
    assert np.allclose(found.parameters[3], visited[found.iterations], rtol=1e-9, atol=0)


def test_without_one_the_problem_is_as_it_is(copies):
    for algorithm in ({"kind": "sgd"}, {"kind": "sgd", "perturbation": 0.0}):
        copies["experiments"]["first"]["runs"]["small"]["algorithm"] = algorithm
        spec = spec_of(copies)
        assert "perturbation" not in spec["algorithm"]
        problem = generate(spec)
        assert starts.perturbed(problem, spec) is problem


@pytest.mark.parametrize("size", [1e-17, 2.2e-16, 1.0, 2, -1e-3])
def test_a_size_that_changes_nothing_or_too_much_is_refused(copies, size):
    copies["experiments"]["first"]["runs"]["small"]["algorithm"]["perturbation"] = size
    where = r"^experiments\.first\.runs\.small\.algorithm\.perturbation: got .*"
    with pytest.raises(ConfigError, match=where + "must be 0 .none., or from 2.3e-16") as caught:
        Plan(copies)
    assert "\n" not in str(caught.value)


def test_one_unit_in_the_last_place_is_allowed(copies):
    copies["experiments"]["first"]["runs"]["small"]["algorithm"]["perturbation"] = 2.3e-16
    assert len(np.unique(starts_of(spec_of(copies)), axis=0)) > 1


def test_a_run_that_keeps_its_losses_is_perturbed_once(copies, monkeypatch):
    # It is trained block by block, each from where the last one ended.
    monkeypatch.setattr(loss_log, "_BLOCK", 16)
    spec = spec_of(copies)
    problem = generate(spec)
    plain = train(problem, spec)
    logged = train(problem, {**spec, "algorithm": {**spec["algorithm"], "log_loss": True}})
    assert np.array_equal(logged.parameters, plain.parameters)
    assert logged.train_loss.shape == (5, spec["iterations"])


def test_points_of_a_sweep_start_there(copies):
    spec = {**spec_of(copies), "points": [[0.01, 0.5]], "measure": {"losses": {}}}
    spec["schedule"] = {"kind": "step_decay", "divide_by": 2}
    problem = generate(spec)
    table = phases.run(problem, spec)
    of_point = {**spec, "schedule": {**spec["schedule"], "step_size": 0.01, "decay_at": 0.5}}
    wanted = measure(problem, train(problem, of_point), of_point)
    last = wanted[wanted["iteration"] == wanted["iteration"].max()]
    assert list(table["train_loss"]) == list(last["train_loss"])
    assert table["train_loss"].nunique() == 5


def test_edges_are_those_of_starts_as_they_are(copies):
    runs = copies["experiments"]["first"]["runs"]
    runs["decay-50"]["schedule"]["step_size"] = {"of_edge": 0.9}
    runs["again"] = {**runs["decay-50"], "algorithm": {"kind": "sgd"}}
    plan = Plan(copies).experiments
    assert plan.edges("first", "decay-50") == plan.edges("first", "again")
    assert plan.edges_path("first", "decay-50", "0-4") == plan.edges_path("first", "again", "0-4")
    assert plan.run("first", "decay-50")["algorithm"] == {
        "kind": "sgd",
        "log_loss": False,
        "perturbation": SIZE,
    }
