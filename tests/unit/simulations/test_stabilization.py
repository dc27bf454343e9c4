"""Proposition 2.2: its simulation against a plain loop, its derivation against numbers."""

from fractions import Fraction

import numpy as np
import oracles
import pandas as pd
import pytest

from sparsestep.simulations import simulate, summarise
from sparsestep.simulations import stabilization as s
from sparsestep.simulations.inputs import Inputs
from sparsestep.simulations.stabilization_clauses import WORDS, clauses
from sparsestep.simulations.stabilization_kernel import iterate

UNIFORM = {"name": "uniform", "distribution": "uniform", "low": 0.95, "high": 1.0}
CONSTANT = {"name": "constant", "distribution": "constant", "low": 2.0, "high": 2.0}
TWO = {"name": "two", "distribution": "two_point", "low": 0.95, "high": 1.0, "share": 0.2}
SPEC = {
    "kind": "stabilization",
    "inputs": [UNIFORM, CONSTANT],
    "theta_stars": [0.5, 3.0],
    "gamma_max": {"low": 0.9, "high": 1.4, "points": 6},
    "beside_ends": [0.01],
    "replicates": 7,
    "steps": 600,
    "seed": 3,
}


def f(z, gamma):
    return z + gamma * z * (1 - z * z)


@pytest.mark.parametrize("gamma", [0.97, 1.01, 1.2, 1.24, 1.26, 1.39, 1.7, 2.2])
@pytest.mark.parametrize("steps", [2, 63, 129, 200])
def test_the_kernel_is_the_plain_loop_bit_by_bit(gamma, steps):
    rng = np.random.default_rng(0)
    theta_star = 1.7
    x = rng.uniform(0.95, 1.0, (steps, 13))
    start = theta_star * rng.uniform(0.001, 1, 13)
    bands = tuple(theta_star * end for end in s.bands(gamma * 0.95**2))
    eta = gamma / theta_star**2
    with np.errstate(all="ignore"):
        gaps, since, last = iterate(start, x, eta, theta_star, bands)
        for r in range(13):
            try:
                expected = oracles.stabilization(start[r], x[:, r], eta, theta_star, bands)
            except OverflowError:
                expected = None
            if expected is None or not np.isfinite(expected["last"]).all():
                assert not np.isfinite(last[:, r]).all()
                continue
            assert gaps[:, r].tolist() == expected["gaps"]
            assert since[0, r] == expected["since_bands"]
            assert since[1, r] == expected["since_sides"]
            assert last[:, r].tolist() == expected["last"]


def test_columns_follow_from_the_iterates():
    table = simulate(SPEC)
    spec = s.Spec(**SPEC)
    row = table.query("inputs == 'uniform' and theta_star == 3.0 and gamma_max > 1.39").iloc[4]
    z0 = s.start(spec)[4]
    eta = row["gamma_max"] / 9.0
    x = s.draw(spec, 0)[:, 4]
    bands = tuple(3.0 * end for end in s.bands(row["gamma_min"]))
    expected = oracles.stabilization(3.0 * z0, x, eta, 3.0, bands)
    assert (row["step_size"], row["start"], row["replicate"]) == (eta, z0, 4)
    assert row["gamma_min"] == pytest.approx(row["gamma_max"] * 0.95**2)
    assert row["since_sides"] == expected["since_sides"]
    assert row["last"] == pytest.approx(expected["last"][1] / 3.0, rel=1e-15)
    # F = E (y - x theta^2)^2 / 4, in units of E[x^2] theta*^4.
    assert row["largest_always"] == pytest.approx((expected["gaps"][1] / 9.0) ** 2 / 4, rel=1e-14)
    assert row["scale"] == pytest.approx((0.95**2 + 0.95 + 1) / 3 * 9.0)


def test_starts_and_inputs_have_streams_of_their_own():
    spec = s.Spec(**{**SPEC, "inputs": [UNIFORM, {**UNIFORM, "name": "again"}]})
    quantiles = [(s.draw(spec, index) - 0.95) / 0.05 for index in (0, 1)]
    uniform = [np.random.default_rng([3, stream]).random((600, 7)) for stream in (1, 2)]
    np.testing.assert_allclose(quantiles, uniform, rtol=0, atol=1e-12)
    start = np.random.default_rng([3, 0]).uniform(1e-9, 1, 7)
    np.testing.assert_array_equal(s.start(spec), start)
    assert not np.isclose(quantiles, start, rtol=0, atol=1e-6).any()


def test_threads_do_not_matter():
    pd.testing.assert_frame_equal(simulate(SPEC, 1), simulate(SPEC, 2), check_exact=True)


def test_divergence_is_a_result():
    spec = {**SPEC, "gamma_max": {"low": 2.5, "high": 3.0, "points": 2}, "beside_ends": []}
    table = simulate(spec)
    assert not np.isfinite(table["last"]).any()
    assert table[["smallest", "largest"]].isna().all().all()
    assert not clauses(table).any().any()
    assert summarise(spec, table)["runs"].sum() == len(table)


def test_step_sizes_lie_beside_both_ends():
    spec = s.Spec(**SPEC)
    gammas = spec.gammas(spec.inputs[0])
    assert len(gammas) == 10
    for end in (1 / 0.95**2, 1.25):
        for beside in (0.99 * end, 1.01 * end):
            assert np.isclose(gammas, beside, rtol=1e-12, atol=0).sum() == 1
    # At each distance that is asked for.
    both = s.Spec(**{**SPEC, "beside_ends": [0.01, 0.03]}).gammas(spec.inputs[0])
    assert len(both) == 14
    assert np.isclose(both, 1.03 * 1.25, rtol=1e-12, atol=0).sum() == 1
    # A wide distribution has no window.
    wide = Inputs(name="wide", distribution="uniform", low=0.5, high=1.0)
    assert len(spec.gammas(wide)) == 6


@pytest.mark.parametrize("block", [UNIFORM, CONSTANT, TWO])
def test_distributions(block):
    inputs = Inputs(**block)
    x = inputs.at(np.random.default_rng(0).random(1_000_000))
    assert inputs.low <= x.min() <= x.max() <= inputs.high
    assert np.mean(x**2) == pytest.approx(inputs.mean_square(), rel=1e-3)
    slope = np.log(np.abs(1 - 2 * 1.2 * (x / inputs.high) ** 2))
    assert inputs.lyapunov(1.2) == pytest.approx(np.mean(slope), abs=2e-3)


# The derivation in the module's docstring, on grids. f is monotone in gamma on each side of 1.

DELTAS = np.concatenate([[1e-6, 1e-4], np.linspace(0.001, 0.2499, 300)])


def test_step_1_sides_change():
    gammas = np.linspace(1, 1.25, 251)
    z = np.linspace(0.65, 1, 2001)[1:-1]
    up = f(z[:, None], gammas)
    assert (up[:, 1:] > 1).all()
    assert up.max() < 1.162
    down = f(np.linspace(1, 1.162, 2001)[1:, None], gammas)
    assert 0.653 < down.min() <= down.max() < 1
    low = np.linspace(1e-6, 0.65, 2001)
    assert (f(low[:, None], gammas) > 1.5 * low[:, None]).all()


def test_steps_2_and_3_bands_and_loss():
    for delta in DELTAS:
        _check_bands(delta)


def _check_bands(delta):
    eps = s.eps0(1 + delta)
    gammas = np.linspace(1 + delta, 1.25, 50)
    growth = 1 + delta - delta**2
    e = eps * np.linspace(1e-3, 1, 50)[:, None]
    slack = 1 + 1e-9
    assert ((f(1 - e, gammas) - 1) * slack >= growth * e).all()
    assert ((1 - f(1 + e, gammas)) * slack >= (1 + 2 * delta) * e).all()
    z = np.linspace(0.65, 1 - eps, 500)[:, None]
    assert (f(z, gammas) >= 1 + growth * eps / slack).all()
    z = np.linspace(1 + growth * eps, 1.162, 500)[:, None]
    furthest = f(z, gammas).max()
    assert furthest < 1 - eps
    # In the long run z is below `furthest` or above 1 + growth eps.
    assert (1 - furthest**2) ** 2 / 4 > eps**2
    assert (1 - (1 + growth * eps) ** 2) ** 2 / 4 > eps**2


def test_step_4_ends():
    def largest(gamma):
        return f(np.sqrt((1 + gamma) / (3 * gamma)), gamma)

    def to_one(gamma):
        z = (np.sqrt(1 + 4 / gamma) - 1) / 2
        assert f(z, gamma) == pytest.approx(1)
        return z

    for gamma, smallest in ((s.BOUNCES, 1.0), (s.BOUNCES_CONSTANT, s.BOUNCES_CONSTANT)):
        assert f(largest(gamma), gamma) > to_one(smallest)
        beyond = gamma + 2e-5
        assert f(largest(beyond), beyond) < to_one(min(smallest, 1.0) if smallest == 1 else beyond)
    assert largest(1.2503) < 1.162 < largest(1.2504)


def test_an_iterate_may_be_the_minimum():
    z, gamma = Fraction(3, 5), Fraction(25, 24)
    assert f(z, gamma) == 1
    assert f(Fraction(1), gamma) == 1


# What the simulation says.


@pytest.fixture(scope="module")
def window():
    spec = {
        **SPEC,
        "inputs": [UNIFORM, CONSTANT, TWO],
        "theta_stars": [0.1, 1.0, 10.0],
        "gamma_max": {"low": 1.001, "high": 1.249, "points": 60},
        "replicates": 20,
        "steps": 1500,
    }
    table = simulate(spec)
    inside = (table["gamma_min"] > 1) & (table["gamma_max"] < 1.25)
    return spec, table[inside]


def test_corrected_clauses_hold_in_the_window(window):
    held = clauses(window[1])
    assert held[["corrected", "bands", "sides"]].all().all()
    assert not held["converged"].any()


def test_stated_clauses_on_the_loss_fail_in_the_window(window):
    table = window[1]
    held = clauses(table).groupby([table["inputs"], table["theta_star"]]).mean()
    for case in (("uniform", 0.1), ("uniform", 10.0), ("constant", 10.0), ("two", 0.1)):
        assert held.loc[case, "stated"] < 0.5
    # With x and theta* close to 1 the unit does not matter, the start does.
    assert held.loc[("uniform", 1.0), "stated"] == 1
    assert 0.3 < held.loc[("uniform", 1.0), "stated_always"] < 0.8
    assert (held["linear"] < 0.5).all()


def test_two_cycle_of_small_delta():
    # z alternates between 1 -+ sqrt(delta) / 2, to first order.
    delta = 1e-3
    spec = {
        **SPEC,
        "inputs": [CONSTANT],
        "gamma_max": {"low": 1 + delta, "high": 1.2, "points": 2},
        "beside_ends": [],
        "steps": 40_000,
    }
    table = simulate(spec).query("gamma_max < 1.1")
    ends = np.sort(table[["before", "last"]].to_numpy(), axis=1)
    assert np.allclose(ends - 1, np.sqrt(delta) / 2 * np.array([-1, 1]), rtol=0.05)
    assert table["smallest"].to_numpy() == pytest.approx(delta / 4, rel=0.1)


def test_some_time_is_half_of_the_steps():
    inside = simulate(SPEC).query("gamma_min > 1 and gamma_max < 1.25").iloc[[0, 0, 0]]
    for column, clause in (("since_bands", "bands"), ("since_sides", "sides")):
        held = clauses(inside.assign(**{column: [299, 300, 302]}))[clause]
        assert held.tolist() == [True, True, False]


def test_each_clause_has_its_bound_of_the_loss():
    # In units in which both bounds are of the same number: 0.0834 and 0.17.
    inside = simulate(SPEC).query("gamma_min > 1 and gamma_max < 1.25").iloc[[0, 0, 0]]
    losses = {"smallest": 0.08, "smallest_always": 0.08, "largest": [0.082, 0.085, 0.18]}
    held = clauses(inside.assign(scale=1.0, largest_always=0.1, gamma_min=1.1, **losses))
    for clause, expected in (("linear", 1), ("corrected", 1), ("stated", 2)):
        assert held[clause].tolist() == [True] * expected + [False] * (3 - expected), clause


def test_converged_are_both_of_the_last_iterates():
    # One of them may pass theta* closely.
    inside = simulate(SPEC).query("gamma_min > 1 and gamma_max < 1.25").iloc[[0, 0, 0]]
    inside = inside.assign(before=[1 - 1e-9, 0.8, 1 + 1e-9], last=[1.1, 1 + 1e-9, 1 - 1e-9])
    assert clauses(inside)["converged"].tolist() == [False, False, True]


def test_short_table_counts_every_run_once():
    table = simulate(SPEC)
    short = summarise(SPEC, table)
    assert short["runs"].sum() == len(table)
    assert (short[list(WORDS.values())].le(short["runs"], axis=0)).all().all()
    assert set(short["x"]) == {"uniform", "constant"}
    window = short[short["step sizes"] == "window"]
    assert set(window["θ*"]) == {"0.5", "3"}
    assert (window[WORDS["corrected"]] == window["runs"]).all()
    outside = short[short["step sizes"].str.startswith("γ_min ≤ 1, E log |1-2γ| <")]
    assert (outside[WORDS["converged"]] > 0.9 * outside["runs"]).all()


def clauses_of(row):
    """Which clauses a run satisfies, by the words of the short table, from the proposition."""
    if abs(row["before"] - 1) < 1e-6 and abs(row["last"] - 1) < 1e-6:
        return {"θ converges to θ*"}
    eps0 = min(max((row["gamma_min"] - 1) / 3, 0), 0.02)
    bound, half = (1 - 0.65**2) ** 2 / 4, row["steps"] // 2
    low, high, unit = row["smallest"], row["largest"], row["scale"]
    always = row["smallest_always"] * unit, row["largest_always"] * unit
    found = {
        "F in (ε₀², 0.17) θ*², all t": eps0**2 < always[0] and always[1] < 0.17,
        "F in (ε₀², 0.17) θ*²": eps0**2 < low * unit and high * unit < 0.17,
        "F in (ε₀, 0.0834) E[x²] θ*⁴": eps0 < low and high < bound,
        "F in (ε₀², 0.0834) E[x²] θ*⁴": eps0**2 < low and high < bound,
        "θ alternates between the bands": row["since_bands"] <= half,
        "θ changes sides in every step": row["since_sides"] <= half,
    }
    return {words for words, holds in found.items() if holds}


def range_of(row):
    """The range of step sizes that a run belongs to, in words."""
    if row["gamma_min"] <= 1:
        block = {"uniform": UNIFORM, "constant": CONSTANT}[row["inputs"]]
        x = np.linspace(block["low"], block["high"], 100_001) / block["high"]
        attracts = np.mean(np.log(np.abs(1 - 2 * row["gamma_max"] * x**2))) < 0
        return f"γ_min ≤ 1, E log |1-2γ| {'<' if attracts else '≥'} 0"
    if row["gamma_max"] < 1.25:
        return "window"
    return "1.25 ≤ γ_max < 1.277" if row["gamma_max"] < 1.27693 else "above"


def test_cells_of_the_short_table():
    table = simulate(SPEC)
    rows = [{**row, "range": range_of(row)} for row in table.to_dict("records")]
    short = summarise(SPEC, table).to_dict("records")
    assert {row["step sizes"] for row in short} == {row["range"] for row in rows}
    assert len({row["step sizes"] for row in short}) == 5
    for line in short:
        of_line = [
            row
            for row in rows
            if (row["inputs"], row["range"]) == (line["x"], line["step sizes"])
            and line["θ*"] in ("all", f"{row['theta_star']:g}")
        ]
        assert (line["θ*"] == "all") == (line["step sizes"] != "window")
        assert line["runs"] == len(of_line)
        gammas = [row["gamma_max"] for row in of_line]
        assert line["γ_max"] == f"{min(gammas):.4f} to {max(gammas):.4f}"
        held = [clauses_of(row) for row in of_line]
        for words in WORDS.values():
            assert line[words] == sum(words in found for found in held), (line, words)
        alternates = "θ alternates between the bands"
        since = [row["since_bands"] for row in of_line if alternates in clauses_of(row)]
        assert line["alternates from t ="] == (str(max(since)) if since else "-")
