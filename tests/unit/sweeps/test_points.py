"""Points of sweeps over keys: the ends of runs that are trained one at a time."""

import json

import numpy as np
import pytest

from sparsestep.artifacts.tables import last_snapshots
from sparsestep.measures import measure
from sparsestep.plan import Plan
from sparsestep.plan.blocks import dumped
from sparsestep.problems import generate
from sparsestep.sweeps import points
from sparsestep.training import train
from sparsestep.training.edge import calibrate
from unit.config.test_sweep_points import raw


def table(**sweep):
    """The plan, the only job's spec, as a job gets it, and its table."""
    plan = Plan(raw(**sweep))
    (chunk,), (batch,) = plan.sweeps.keys.chunks("mine"), plan.sweeps.batches("mine")
    spec = json.loads(json.dumps(plan.sweeps.keys.chunk("mine", chunk, batch)))
    return plan, spec, points.run(spec)


def ends(plan, place):
    """The whole table of a point's run, and its edges, each stage by itself."""
    of = plan.sweeps.keys.points("mine")[place]
    one = {"experiments": {"one": of.experiment.model_dump(mode="json", exclude_none=True)}}
    alone = Plan(one).experiments
    spec = alone.batched(alone.run("one", "large"), "one", "0-1")
    problem = generate({key: spec[key] for key in ("problem", "model", "iterations", "replicates")})
    edges = calibrate(problem, spec) if "edge" in spec else None
    trajectory = train(problem, spec, edges=edges)
    measured = measure(problem, trajectory, {**spec, "measure": dumped(of.experiment.measure)})
    return measured, edges


OVER = {"model.widths.0": [3, 5], "schedule.step_size": [0.05, {"of_edge": 0.5}, 30.0]}


def test_a_point_ends_as_its_run_does():
    plan, _, found = table(experiment="teacher", over=OVER)
    assert list(found)[:6] == [*OVER, "replicate", "iteration", "diverged_at", "edge"]
    assert list(found["schedule.step_size"][::2]) == [0.05, 0.5, 30.0] * 2
    for place in range(6):
        here = found.iloc[2 * place : 2 * place + 2].reset_index(drop=True)
        whole, edges = ends(plan, place)
        last = last_snapshots(whole.assign(run="")).reset_index(drop=True)
        for column in ("replicate", "iteration", "diverged_at", "train_loss", "jacobian_rank"):
            np.testing.assert_array_equal(here[column], last[column])
        if edges is None:
            assert here["edge"].isna().all()
        else:
            np.testing.assert_array_equal(here["edge"], edges)
    assert set(found["diverged_at"] >= 0) == {False, True}
    assert found.loc[found["diverged_at"] >= 0, "train_loss"].isna().all()


def test_means_over_the_last_snapshots():
    plan, _, found = table(experiment="teacher", over={"model.widths.0": [3, 5]}, average=0.5)
    for place in range(2):
        whole, _ = ends(plan, place)
        late = whole[whole["iteration"] >= 20].groupby("replicate")
        assert late.size().tolist() == [3, 3]
        here = found.iloc[2 * place : 2 * place + 2]
        np.testing.assert_allclose(here["train_loss"], late["train_loss"].mean(), rtol=1e-15)
        np.testing.assert_allclose(here["jacobian_rank"], late["jacobian_rank"].mean(), rtol=1e-15)
        assert here["iteration"].tolist() == [33, 33]


def test_a_share_that_holds_no_snapshot_is_the_last_one():
    one = table(experiment="teacher", over={"model.widths.0": [3]}, average=0.01)[2]
    other = table(experiment="teacher", over={"model.widths.0": [3]})[2]
    np.testing.assert_array_equal(one["train_loss"], other["train_loss"])


def test_edges_on_request():
    over = {"problem.n_train": [4, 6]}
    plan, _, found = table(experiment="teacher", over=over, edges=True, measure={"losses": None})
    for place in range(2):
        of = plan.sweeps.keys.points("mine")[place]
        experiment = of.experiment.model_dump(mode="json")
        spec = {key: experiment[key] for key in ("problem", "model", "iterations", "edge")}
        spec |= {"algorithm": {"kind": "sgd", "log_loss": False}, "replicates": [0, 1]}
        problem = generate({key: spec[key] for key in spec if key not in ("algorithm", "edge")})
        here = found.iloc[2 * place : 2 * place + 2]
        np.testing.assert_array_equal(here["edge"], calibrate(problem, spec))


@pytest.mark.parametrize("threads", [1, 3])
def test_the_problem_that_all_points_share_is_generated_once(threads, monkeypatch):
    over = {"schedule.step_size": [0.05, 0.1]}
    _, spec, found = table(experiment="teacher", over=over)
    assert spec["common"].keys() >= {"problem", "model", "iterations"}
    kept = ("problem", "model", "iterations", "replicates")
    problem = generate({key: {**spec["common"], **spec}[key] for key in kept})
    monkeypatch.setattr(points, "generate", None)
    again = points.run(spec, threads, problem)
    assert found.equals(again)


def test_points_behind_each_other_share_what_is_the_same(monkeypatch):
    calls = []

    def generated(spec):
        calls.append(spec)
        return generate(spec)

    monkeypatch.setattr(points, "generate", generated)
    over = {"problem.n_train": [4, 6], "schedule.step_size": [0.05, 0.1, 0.2]}
    table(experiment="teacher", over=over)
    assert [spec["problem"]["n_train"] for spec in calls] == [4, 6]


def test_of_perturbed_starts_the_edges_are_unperturbed():
    over = {"algorithm.perturbation": [0.0, 0.01]}
    _, _, found = table(experiment="teacher", over=over, edges=True)
    assert found["edge"][:2].tolist() == found["edge"][2:].tolist()
    # Replicate 0 starts where it did.
    assert found["train_loss"][0] == found["train_loss"][2]
    assert found["train_loss"][1] != found["train_loss"][3]
