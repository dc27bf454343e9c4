"""Labels and residuals outside the kernel's top directions, against SVDs of whole Jacobians."""

import dataclasses

import numpy as np
import oracles
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from small_networks import REFERENCES, cases, make_case, make_network, reference_case, snapshots_of
from sparsestep import models, registry
from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.measures import label_alignment, snapshots
from sparsestep.measures.label_alignment import Spec
from unit.models.test_general_mlp import labels, network, plain_module


def expected(phi, vector, rank):
    """Norms of Pi_N v and Pi_I v beside that of v; None where rounding decides what is in I."""
    left, s, _ = np.linalg.svd(phi)
    s = np.pad(s, (0, max(0, len(phi) - len(s)))) / (s[0] or 1.0)
    if ((s > 1e-8) & (s < 1e-5)).any():
        return None
    s[s <= 1e-8] = 0.0
    count = rank
    while 0 < count < len(s) and s[count] > 0 and s[count - 1] - s[count] <= 1e-14:
        count += 1
    count = min(count, int(np.sum(s > 0)))
    if 0 < count < len(s) and s[count - 1] ** 2 - s[count] ** 2 <= 1e-6:
        return None
    inside = left[:, :count] @ (left[:, :count].T @ vector)
    return np.linalg.norm(vector - inside) / np.linalg.norm(vector), (
        np.linalg.norm(inside) / np.linalg.norm(vector)
    )


def check(got, at, phi, vectors, top):
    """That the shares at a snapshot are those of this Jacobian; returns how many were compared."""
    compared = 0
    for (name, vector), rank in ((pair, rank) for pair in vectors.items() for rank in top):
        share = got[f"{name}_nuisance@{rank}"][at]
        assert 0 <= share <= 1
        if (found := expected(phi, vector, rank)) is not None:
            nuisance, information = found
            assert share == pytest.approx(nuisance, abs=1e-8)
            assert share**2 + information**2 == pytest.approx(1, abs=1e-8)
            compared += 1
    values = np.pad(np.linalg.svd(phi, compute_uv=False) ** 2, (0, len(phi) + 1))
    for rank in top:
        gap = got[f"kernel_gap@{rank}"][at]
        if values[rank - 1] > 1e-12 * values[0]:
            atol = 1e-12 * values[0] / values[rank - 1]
            assert gap == pytest.approx(1 - values[rank] / values[rank - 1], abs=atol)
        elif values[rank - 1] < 1e-14 * values[0] or values[0] == 0:
            assert gap == 0
    return compared


def measured(of, problem, trajectory, top, threads=1):
    module = registry.load("measure", "label_alignment", of.spec.kind)
    options = module.Spec(top=top)
    got = module.measure(problem, trajectory, of, options, threads)
    assert list(got) == module.columns(options)
    return got


@settings(deadline=None, max_examples=50)
@given(case=cases(), data=st.data())
def test_shares_are_those_of_the_jacobian(case, data):
    of, problem, trajectory = case
    x, y = problem.x_train[0], problem.y_train[0]
    top = data.draw(st.lists(st.integers(1, len(x)), min_size=1, max_size=3, unique=True))
    got = measured(of, problem, trajectory, top)
    for at, theta in snapshots_of(trajectory):
        phi = oracles.mlp_jacobian(theta, x, of.shapes)
        residual = oracles.mlp_features(theta, x, of.shapes, len(of.shapes))[:, 0] - y
        check(got, at, phi, {"label": y, "residual": residual}, top)


@pytest.mark.parametrize(("experiment", "run"), REFERENCES)
def test_along_published_runs(experiment, run):
    of, problem, trajectory, _ = reference_case(experiment, run)
    x, y = problem.x_train[0], problem.y_train[0]
    got, compared = measured(of, problem, trajectory, [1, 3, 6]), 0
    for at, theta in snapshots_of(trajectory):
        phi = oracles.mlp_jacobian(theta, x, of.shapes)
        residual = oracles.mlp_features(theta, x, of.shapes, len(of.shapes))[:, 0] - y
        compared += check(got, at, phi, {"label": y, "residual": residual}, [1, 3, 6])
    assert compared > 6


def general_case(of, y, seed=0):
    rng = np.random.default_rng(seed)
    parameters = rng.normal(size=(2, 3, of.parameter_count))
    parameters[1, 2] = np.nan
    problem = Problem(
        x_train=rng.normal(size=(2, y.shape[1], 2)),
        y_train=y,
        x_test=rng.normal(size=(2, 3, 2)),
        y_test=np.zeros((2, 3)),
        theta0=parameters[:, 0],
        order=np.zeros((2, 3), np.int32),
        spec={},
        truth={},
    )
    return problem, Trajectory(np.arange(3), parameters, np.ones((2, 3)), np.array([-1, 2]), {})


@pytest.mark.parametrize("loss", ["squared", "logistic", "cross_entropy"])
def test_a_row_a_sample_and_output(loss):
    of, rng = network("tanh", loss), np.random.default_rng(1)
    y = np.stack([labels(loss, 5, rng) for _ in range(2)])
    problem, trajectory = general_case(of, y)
    top = [1, 2, 5 * of.sizes[-1]]
    got, compared = measured(of, problem, trajectory, top), 0
    for at, theta in snapshots_of(trajectory):
        x, y = problem.x_train[at[0]], problem.y_train[at[0]]
        module = plain_module(of, theta)
        outputs = module(torch.tensor(x))
        phi = np.stack(
            [
                torch.nn.utils.parameters_to_vector(
                    torch.autograd.grad(h, list(module.parameters()), retain_graph=True)
                ).numpy()
                for h in outputs.flatten()
            ]
        )
        h = outputs.detach().numpy()
        if loss == "cross_entropy":
            label = np.array([float(k == of_sample) for of_sample in y for k in range(3)])
            residual = (np.exp(h) / np.exp(h).sum(axis=1, keepdims=True)).ravel() - label
        else:
            label = y
            residual = h[:, 0] - y if loss == "squared" else -y / (1 + np.exp(y * h[:, 0]))
        compared += check(got, at, phi, {"label": label, "residual": residual}, top)
    assert compared >= 25
    assert all(np.isnan(values[1, 2]) for values in got.values())


@pytest.mark.parametrize(("loss", "outputs"), [("logistic", 1), ("cross_entropy", 2)])
def test_two_classes_may_be_written_in_two_ways(loss, outputs):
    block = {"kind": "general_mlp", "widths": [4], "biases": [True, True], "loss": loss}
    of = models.from_spec(block | {"weight_scales": [1.0, 1.0], "outputs": outputs}, 2)
    signs = np.array([[-1.0, 1.0, 1.0, -1.0]] * 2)
    one, other = (
        measured(of, *general_case(of, y), [1, 2]) for y in (signs, np.maximum(signs, 0.0))
    )
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name])
    assert 0.1 < one["label_nuisance@1"][0, 0] < 1


def diagonal_case(x, y, theta):
    of = models.from_spec({"kind": "diagonal", "u": 0.1, "v": 0.0}, x.shape[1])
    problem, trajectory = make_case_of(x, y, np.asarray(theta)[None, None])
    return of, problem, trajectory


def make_case_of(x, y, parameters):
    problem = Problem(
        x_train=x[None],
        y_train=y[None],
        x_test=x[None],
        y_test=y[None],
        theta0=parameters[:, 0],
        order=np.zeros((1, 1), np.int32),
        spec={},
        truth={},
    )
    return problem, Trajectory(np.arange(1), parameters, np.ones((1, 1)), np.array([-1]), {})


def linear(singular_values, along):
    """A diagonal network of u = v = 1 whose kernel has known eigenvectors, and labels along them.

    phi phi^T = 2 X X^T, X = U diag(s) V^T.
    """
    rng, n = np.random.default_rng(3), len(singular_values)
    left, right = (np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(2))
    x = left @ np.diag(singular_values) @ right.T
    return diagonal_case(x, left @ np.array(along), np.ones(2 * n))


def test_a_linear_problem_with_a_known_spectrum():
    case = linear([4.0, 2.0, 1.0, 0.5], [1.0, -2.0, 3.0, 4.0])
    got = {name: values[0, 0] for name, values in measured(*case, [1, 2, 3, 4]).items()}
    for rank, outside in ((1, 29.0), (2, 25.0), (3, 16.0), (4, 0.0)):
        share = np.sqrt(outside / 30)
        assert got[f"label_nuisance@{rank}"] == pytest.approx(share, abs=1e-12)
        gap = 1.0 if rank == 4 else 0.75
        assert got[f"kernel_gap@{rank}"] == pytest.approx(gap, abs=1e-12)


def test_the_residual_is_that_of_the_network():
    of, problem, trajectory = linear([4.0, 2.0, 1.0], [1.0, 1.0, 1.0])
    # Of beta = 1: h = X 1.
    left = np.linalg.svd(problem.x_train[0])[0]
    along = (left.T @ (problem.x_train[0].sum(axis=1) - problem.y_train[0])) ** 2
    share = np.sqrt(along[1:].sum() / along.sum())
    got = measured(of, problem, trajectory, [1])["residual_nuisance@1"][0, 0]
    assert got == pytest.approx(share, abs=1e-12)


def test_a_diagonal_kernel_has_the_parameters_in_it():
    rng = np.random.default_rng(5)
    x, y, theta = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=6)
    of, problem, trajectory = diagonal_case(x, y, theta)
    phi = np.concatenate([x * theta[3:], x * theta[:3]], axis=1)
    vectors = {"label": y, "residual": x @ (theta[:3] * theta[3:]) - y}
    assert check(measured(of, problem, trajectory, [1, 2, 4]), (0, 0), phi, vectors, [1, 2, 4]) > 3
    # However far apart they are: of v nothing is left beside u.
    scales = np.repeat([1e200, 1e-200], 3)
    apart = dataclasses.replace(trajectory, parameters=trajectory.parameters * scales)
    got = measured(of, problem, apart, [2])
    assert check(got, (0, 0), x * theta[:3], vectors, [2]) == 2


def test_a_group_of_equal_eigenvalues_is_not_cut():
    case = linear([3.0, 1.0, 1.0, 0.5], [0.0, 3.0, 4.0, 5.0])
    got = {name: values[0, 0] for name, values in measured(*case, [1, 2, 3]).items()}
    assert got["label_nuisance@1"] == pytest.approx(1)
    assert got["label_nuisance@2"] == pytest.approx(np.sqrt(0.5))
    assert got["label_nuisance@3"] == pytest.approx(np.sqrt(0.5))
    assert got["kernel_gap@2"] == pytest.approx(0, abs=1e-12)
    assert got["kernel_gap@3"] == pytest.approx(0.75)


def test_eigenvalues_of_zero_are_in_the_nuisance_space():
    case = linear([2.0, 1.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0])
    got = {name: values[0, 0] for name, values in measured(*case, [2, 3, 4]).items()}
    for rank in (2, 3, 4):
        assert got[f"label_nuisance@{rank}"] == pytest.approx(np.sqrt(25 / 30))
    assert [got[f"kernel_gap@{rank}"] for rank in (2, 3, 4)] == [1, 0, 0]


def test_of_as_many_as_there_are_rows_nothing_is_left():
    rng = np.random.default_rng(0)
    of = make_network(2, [20], [True, True])
    problem, trajectory = make_case(
        of, rng.normal(size=(4, 2)), rng.normal(size=(1, 3, of.parameter_count))
    )
    got = measured(of, problem, trajectory, [4])
    assert (got["label_nuisance@4"] == 0).all()
    assert (got["residual_nuisance@4"] == 0).all()
    assert (got["kernel_gap@4"] == 1).all()


def test_a_network_without_a_gradient_has_all_in_its_nuisance_space():
    of = make_network(1, [2], [True, False])
    problem, trajectory = make_case(of, np.arange(3.0)[:, None], np.zeros((1, 1, 6)))
    got = measured(of, problem, trajectory, [1, 3])
    assert got["label_nuisance@1"] == got["label_nuisance@3"] == 1
    assert got["kernel_gap@1"] == 0
    # Of no labels, and no residual, there is no share.
    nothing = dataclasses.replace(problem, y_train=np.zeros((1, 3)))
    got = measured(of, nothing, trajectory, [1])
    assert np.isnan(got["label_nuisance@1"])
    assert np.isnan(got["residual_nuisance@1"])


@settings(deadline=None, max_examples=15)
@given(case=cases())
def test_diverged_snapshots_are_nan_and_threads_do_not_matter(case):
    of, problem, trajectory = case
    one, two = (measured(of, problem, trajectory, [1], threads) for threads in (1, 2))
    diverged = np.isnan(trajectory.parameters).any(axis=2)
    for name, values in one.items():
        assert values.tobytes() == two[name].tobytes()
        assert (np.isnan(values) == diverged).all()


def test_a_diverged_diagonal_network_measures_nothing():
    of, problem, trajectory = linear([2.0, 1.0], [1.0, 1.0])
    parameters = np.repeat(trajectory.parameters, 2, axis=1)
    parameters[0, 1, 0] = np.nan
    got = measured(of, problem, dataclasses.replace(trajectory, parameters=parameters), [1])
    assert all((np.isnan(values) == [[False, True]]).all() for values in got.values())


def test_replicates_have_data_of_their_own_and_chunks_do_not_matter(monkeypatch):
    rng = np.random.default_rng(0)
    of = make_network(2, [5], [True, False])
    theta = rng.normal(size=(3, 2, of.parameter_count))
    problem, trajectory = make_case(of, np.zeros((4, 2)), theta)
    x, y = rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 4))
    problem = dataclasses.replace(problem, x_train=x, y_train=y)
    together = measured(of, problem, trajectory, [1, 2])
    monkeypatch.setattr(snapshots, "_CHUNK_BYTES", 1)
    for row in range(3):
        own = dataclasses.replace(problem, x_train=x[row : row + 1], y_train=y[row : row + 1])
        alone = dataclasses.replace(trajectory, parameters=theta[row : row + 1])
        for name, values in measured(of, own, alone, [1, 2]).items():
            np.testing.assert_allclose(values[0], together[name][row], rtol=1e-9)


def test_huge_parameters_are_measured_or_nan():
    of = make_network(2, [4, 4, 4], [True] * 4)
    theta = np.random.default_rng(0).standard_normal((1, 1, of.parameter_count))
    scales = 10.0 ** np.arange(0, 300, 2)[None, :, None]
    problem, trajectory = make_case(of, np.eye(2), theta * scales)
    largest = np.abs(trajectory.parameters).max(axis=2)
    for values in measured(of, problem, trajectory, [1]).values():
        np.testing.assert_array_equal(np.isnan(values), largest > 1e60**0.25)


@pytest.mark.parametrize("kind", ["mlp", "general_mlp", "diagonal"])
def test_a_rank_above_the_rows_is_refused(kind):
    block = {"kind": kind, "u": 0.1, "v": 0.1}
    if kind != "diagonal":
        block = {"kind": kind, "widths": [3], "biases": [True, True], "weight_scales": [1.0, 1.0]}
    of = models.from_spec(block, 2)
    count = getattr(of, "parameter_count", 4)
    problem, trajectory = make_case_of(np.eye(2), np.ones(2), np.ones((1, 1, count)))
    with pytest.raises(ValueError, match="top must be at most 2, the kernel's rows; got 3"):
        measured(of, problem, trajectory, [1, 3])


@pytest.mark.parametrize("top", [[], [0], [2, 2], [1.5], 3, [True]])
def test_ranks_are_different_and_positive(top):
    with pytest.raises(ValidationError, match="top"):
        Spec(top=top)


def test_columns_have_the_rank_in_their_names():
    names = [f"{name}_nuisance@{rank}" for name in ("label", "residual") for rank in (5, 10)]
    expected_names = [*names, "kernel_gap@5", "kernel_gap@10"]
    assert label_alignment.columns(Spec(top=[5, 10])) == expected_names
