"""Experiment `diagonal` at full size: replicate 0 against the reference, replicates as a whole."""

from types import SimpleNamespace

import numpy as np
import pytest

from conftest import ROOT, cores
from sparsestep.artifacts.identity import identity
from sparsestep.errors import ConfigError
from sparsestep.measures import measure
from sparsestep.plan.blocks import dumped
from sparsestep.problems import generate
from sparsestep.training import train

RUNS = ("small", "decay-10", "decay-30", "decay-50")


@pytest.fixture(scope="module")
def reference():
    with np.load(ROOT / "tests" / "reference" / "diagonal.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def problem(published):
    return generate({**published.experiments.problem("diagonal"), "replicates": [0, 15]})


@pytest.fixture(scope="module")
def trajectories(published, problem):
    return {
        run: train(
            problem, {**published.experiments.run("diagonal", run), "replicates": [0, 15]}, cores()
        )
        for run in RUNS
    }


@pytest.fixture(scope="module")
def tables(published, problem, trajectories):
    what = dumped(published.config.experiments["diagonal"].measure)
    return {
        run: measure(problem, trajectory, {**trajectory.spec, "measure": what}, cores())
        for run, trajectory in trajectories.items()
    }


@pytest.fixture(scope="module")
def ends(tables):
    """Last snapshot of the survivors, by run."""
    last = {run: table[table["iteration"] == 99599] for run, table in tables.items()}
    return {run: table[table["diverged_at"] < 0] for run, table in last.items()}


def of_replicate_0(table, iterations):
    return table[table["replicate"] == 0].set_index("iteration").loc[iterations]


def test_data_and_order_are_the_published_ones(problem, reference):
    np.testing.assert_array_equal(problem.x_train[0], reference["x_train"])
    np.testing.assert_array_equal(problem.x_test[0, :5], reference["x_test_first5"])
    # Divided by its norm, which linear algebra libraries round in their own ways on other machines.
    np.testing.assert_allclose(
        problem.truth["beta_star"][0], reference["beta_star"], rtol=1e-15, atol=0
    )
    np.testing.assert_allclose(problem.y_train[0], reference["y_train"], rtol=1e-14, atol=1e-15)
    np.testing.assert_array_equal(problem.order[0], reference["order"])


@pytest.mark.parametrize(("run", "name"), [("small", "small"), ("decay-10", "decay10")])
def test_first_50_iterations(trajectories, tables, reference, run, name):
    trajectory = trajectories[run]
    at = reference["iterations"][0:120:10]
    early = at <= 50
    rows = np.searchsorted(trajectory.iterations, at[early])
    expected = np.concatenate([reference[f"{name}_u"], reference[f"{name}_v"]], axis=1)[early]
    np.testing.assert_allclose(trajectory.parameters[0, rows], expected, rtol=0, atol=1e-9)
    early = reference["iterations"] <= 50
    table = of_replicate_0(tables[run], reference["iterations"][early])
    for loss in ("train_loss", "test_loss"):
        np.testing.assert_allclose(table[loss], reference[f"{name}_{loss}"][early], atol=1e-9)


def test_small_over_the_whole_run(tables, reference):
    table = of_replicate_0(tables["small"], reference["iterations"])
    for loss in ("train_loss", "test_loss"):
        np.testing.assert_allclose(table[loss], reference[f"small_{loss}"], rtol=1e-3)
    np.testing.assert_array_equal(table["l0"], reference["small_l0"])
    np.testing.assert_array_equal(table["jacobian_rank"][::25], reference["small_rank_every25"])


def test_small_ends_as_published(ends):
    replicate_0 = ends["small"].iloc[0]
    assert replicate_0["replicate"] == 0
    assert replicate_0["l0"] == 200
    assert f"{replicate_0['test_loss']:.2e}" == "3.53e-03"


def test_decay_10_in_distribution(tables, reference):
    """The reference's chaotic run is among ours: losses within a factor of 2, counts 10 %."""
    at = reference["iterations"]
    late = at > 20000
    table = tables["decay-10"]
    survivors = table[table["diverged_at"] < 0]
    by_iteration = survivors.groupby("iteration")
    low, high = by_iteration.min().loc[at[late]], by_iteration.max().loc[at[late]]
    for metric, slack in (("train_loss", 2.0), ("test_loss", 2.0), ("l0", 1.1)):
        expected = reference[f"decay10_{metric}"][late]
        assert (expected >= low[metric] / slack).mean() > 0.95, metric
        assert (expected <= high[metric] * slack).mean() > 0.95, metric
    ranks = reference["decay10_rank_every25"]
    late = at[::25] > 20000
    assert (ranks[late] >= low["jacobian_rank"].min() / 1.1).all()
    assert (ranks[late] <= high["jacobian_rank"].max() * 1.1).all()


@pytest.mark.parametrize(
    "metric", ["jacobian_rank", "jacobian_rank@1e-10", "jacobian_rank@1e-6", "l0"]
)
def test_sparser_the_longer_the_large_steps(ends, metric):
    medians = [ends[run][metric].median() for run in RUNS]
    assert medians == sorted(medians, reverse=True)
    assert len(set(medians)) == len(RUNS), medians


def test_large_steps_generalise_tenfold_better(ends):
    small, *large = (ends[run]["test_loss"].median() for run in RUNS)
    assert all(small > 10 * loss for loss in large)


def test_divergence_grows_with_the_large_step_phase(trajectories):
    diverged = [int((trajectories[run].diverged_at >= 0).sum()) for run in RUNS]
    assert diverged[0] == 0
    # The same large steps for longer: who diverged by 10 % has diverged by 30 % and 50 %.
    assert 0 < diverged[1] <= diverged[2] <= diverged[3] < 16


def test_runs_share_their_large_steps(trajectories):
    ten, fifty = trajectories["decay-10"], trajectories["decay-50"]
    common = ten.iterations <= 10000
    np.testing.assert_array_equal(ten.parameters[:, common], fifty.parameters[:, common])


def test_at_least_100_snapshots(trajectories):
    assert all(len(trajectory.iterations) >= 100 for trajectory in trajectories.values())


def test_replicates_share_data_but_not_order(problem):
    assert len(problem.x_train) == 1
    assert len({row.tobytes() for row in problem.order}) == 16


def test_jobs_for_an_id_that_config_does_not_have_are_refused(published):
    wildcards = SimpleNamespace(experiment="diagonal", batch="0-15", problem_id="0" * 12)
    with pytest.raises(ConfigError, match="does not follow from"):
        published.jobs.spec("generate")(wildcards)


def test_ids_are_stable(published):
    # Another value means that everybody's cached results are computed again: say so in the commit.
    assert identity(published.experiments.problem("diagonal")) == "9ca0d1419809"
    assert identity(published.experiments.run("diagonal", "small")) == "e9a064099688"
