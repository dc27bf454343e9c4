"""Gradient descent on quadratic losses: runs and thresholds against autograd and eigenvalues."""

import numpy as np
import oracles
import pandas as pd
import pytest

from sparsestep.simulations import quadratic_losses as q
from sparsestep.simulations import simulate, summarise
from sparsestep.simulations.quadratic import Spec
from sparsestep.simulations.quadratic_kernel import grows, threshold

SPEC = {
    "kind": "quadratic",
    "shapes": [[8, 4], [4, 8]],
    "noise": 0.1,
    "replicates": 3,
    "normalisations": ["sum", "half", "mean"],
    "steps": 2000,
    "tolerance": 1e-5,
    "seed": 1,
}
PATHS = {
    "kind": "quadratic_paths",
    "shapes": [[8, 4]],
    "noise": 0.1,
    "normalisation": "sum",
    "of_threshold": [0.9, 1.0, 1.1],
    "steps": 400,
    "seed": 1,
}


@pytest.mark.parametrize("fraction", [0.9, 0.999, 1.001, 1.1])
@pytest.mark.parametrize("name", q.FACTORS)
def test_growth_of_the_gradient(fraction, name):
    x, y, start = Spec(**SPEC).draw(0, 0)
    factor = q.FACTORS[name](len(x))
    eta = fraction * 2 / q.largest_curvature(x, factor)
    norms = oracles.gradient_norms(x, y, start, eta, factor, 600)
    assert grows(x, y, start, eta, factor, 600) == (norms[-1] > norms[300]) == (fraction > 1)


def test_curvature_is_that_of_the_hessian():
    import torch

    x, y, start = Spec(**SPEC).draw(0, 0)
    for factor in (1.0, 0.5, 1 / 16):
        hessian = torch.autograd.functional.hessian(
            lambda beta, c=factor: c * ((torch.tensor(x) @ beta - torch.tensor(y)) ** 2).sum(),
            torch.tensor(start),
        )
        expected = float(torch.linalg.eigvalsh(hessian)[-1])
        assert q.largest_curvature(x, factor) == pytest.approx(expected, rel=1e-12)


def test_measured_thresholds_are_the_exact_ones():
    table = simulate(SPEC)
    assert len(table) == 18
    assert (abs(table["measured"] / table["exact"] - 1) < 1e-5).all()
    # 2 / lambda_max(X^T X) is right for the loss with 1/2 only.
    ratio = table["measured"] / table["of_gram"]
    for name, expected in (("sum", 0.5), ("half", 1.0)):
        assert ratio[table["normalisation"] == name].to_numpy() == pytest.approx(expected, rel=1e-5)
    mean = table["normalisation"] == "mean"
    assert ratio[mean].to_numpy() == pytest.approx(table["n"][mean].to_numpy(), rel=1e-5)
    pd.testing.assert_frame_equal(table, simulate(SPEC, 2), check_exact=True)


def test_cells_of_the_short_table():
    # Coarse, so that errors differ.
    spec = {**SPEC, "tolerance": 0.1}
    table = simulate(spec)
    short = summarise(spec, table).to_dict("records")
    assert len(short) == 6
    losses = {"‖Xβ − y‖²": "sum", "‖Xβ − y‖² / 2": "half", "‖Xβ − y‖² / 2n": "mean"}
    shown = set()
    for line in short:
        n, d, name = line["n"], line["d"], losses[line["loss"]]
        factor = {"sum": 1, "half": 1 / 2, "mean": 1 / (2 * n)}[name]
        is_here = (table["n"] == n) & (table["d"] == d) & (table["normalisation"] == name)
        of_line = table[is_here]
        assert line["draws of X"] == len(of_line) == 3
        errors = {"Hessian": [], "XᵀX": []}
        for replicate, measured in zip(of_line["replicate"], of_line["measured"], strict=True):
            x, _, _ = Spec(**spec).draw(SPEC["shapes"].index([n, d]), replicate)
            largest = np.linalg.eigvalsh(x.T @ x)[-1]
            errors["Hessian"].append(abs(measured * 2 * factor * largest / 2 - 1))
            errors["XᵀX"].append(abs(measured * largest / 2 - 1))
        for of, found in errors.items():
            assert line[f"error of 2 / λ_max({of})"] == f"{max(found):.1e}"
        shown.add((n, d, name))
    assert len(shown) == 6


def test_every_draw_is_another():
    spec = Spec(**{**SPEC, "shapes": [[8, 4], [8, 4]]})
    drawn = [spec.draw(shape, replicate)[0] for shape in (0, 1) for replicate in (0, 1)]
    drawn.append(Spec(**{**SPEC, "seed": 2}).draw(0, 0)[0])
    assert len({x.tobytes() for x in drawn}) == 5
    np.testing.assert_array_equal(spec.draw(1, 1)[0], drawn[3])


@pytest.mark.parametrize("noise", [0.1, 3.0])
def test_noise_is_a_standard_deviation(noise):
    n, d = 20_000, 2
    x, y, start = Spec(**{**SPEC, "shapes": [[n, d]], "noise": noise}).draw(0, 0)
    assert (x.shape, y.shape, start.shape) == ((n, d), (n,), (d,))
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    deviation = np.sqrt(left @ left / (n - d))
    assert deviation == pytest.approx(noise, rel=4 / np.sqrt(2 * n))


def test_extremes_of_what_may_be_asked():
    table = simulate({**SPEC, "noise": 1e6, "tolerance": 1e-12, "replicates": 1})
    assert (abs(table["measured"] / table["exact"] - 1) < 1e-2).all()


def test_bisection_ends():
    x, y, start = Spec(**SPEC).draw(0, 0)
    exact = 2 / q.largest_curvature(x, 1.0)
    # No two numbers differ by so little.
    assert threshold(x, y, start, 1.0, 2000, 1e-17) == pytest.approx(exact, rel=1e-2)
    # Without a gradient, no step size makes it shrink; too large a one has no finite square.
    assert np.isnan(threshold(0 * x, 0 * y, start, 1.0, 100, 0.01))
    assert np.isnan(threshold(x, 1e200 * y, start, 1.0, 100, 0.01))


def test_below_at_and_above_the_threshold():
    table = simulate(PATHS).set_index(["of_threshold", "step"])
    below, at, above = (table.loc[fraction] for fraction in (0.9, 1.0, 1.1))
    assert below["excess"].iloc[-1] < 1e-10 * below["excess"].iloc[0]
    assert above["excess"].iloc[-1] > 1e20 * above["excess"].iloc[0]
    # A cycle of two in the top direction; every other dies out.
    start = at["top"].iloc[0]
    signs = np.where(np.arange(401) % 2 == 0, 1, -1)
    assert at["top"].to_numpy() == pytest.approx(start * signs, rel=1e-9)
    assert abs(at["second"].iloc[-1]) < 1e-9
    x, _, _ = q.Problems(**{k: PATHS[k] for k in ("shapes", "noise", "seed")}).draw(0, 0)
    limit = q.largest_curvature(x, 1.0) * start**2 / 2
    assert at["excess"].iloc[-1] == pytest.approx(limit, rel=1e-9)


def test_coordinates_are_positive_at_the_start():
    for seed in range(4):
        table = simulate({**PATHS, "seed": seed, "steps": 2}).query("step == 0")
        assert (table[["top", "second"]] > 0).all().all()
        # Those of the start, along eigenvectors of X^T X.
        spec = {k: PATHS[k] for k in ("shapes", "noise")}
        x, y, beta = q.Problems(**spec, seed=seed).draw(0, 0)
        away = beta - np.linalg.lstsq(x, y, rcond=None)[0]
        along = np.abs(np.linalg.eigh(x.T @ x)[1].T @ away)[::-1]
        for name, expected in zip(("top", "second"), along, strict=False):
            assert table[name].to_numpy() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", q.FACTORS)
def test_first_steps_are_gradient_steps(name):
    table = simulate({**PATHS, "normalisation": name, "of_threshold": [0.7], "steps": 3})
    x, y, beta = q.Problems(**{k: PATHS[k] for k in ("shapes", "noise", "seed")}).draw(0, 0)
    factor = {"sum": 1.0, "half": 0.5, "mean": 1 / 16}[name]
    eta = 0.7 * 2 / np.linalg.eigvalsh(2 * factor * x.T @ x)[-1]
    least = np.sum((x @ np.linalg.lstsq(x, y, rcond=None)[0] - y) ** 2)
    for excess in table["excess"]:
        expected = factor * (np.sum((x @ beta - y) ** 2) - least)
        assert excess == pytest.approx(expected, rel=1e-9)
        beta = beta - eta * 2 * factor * x.T @ (x @ beta - y)
