"""Lyapunov times of what grows as it is known to; exact intervals against tables of them."""

import numpy as np
import pandas as pd
import pytest

from sparsestep.measures import separation, shares


def table(values, iterations=None):
    """Measurements of one run from losses, (R, S)."""
    values = np.asarray(values, dtype=float)
    iterations = np.arange(values.shape[1]) if iterations is None else iterations
    rows = [
        ("run", replicate, iteration, -1, loss)
        for replicate, losses in enumerate(values)
        for iteration, loss in zip(iterations, losses, strict=True)
    ]
    names = ["run", "replicate", "iteration", "diverged_at", "train_loss"]
    return pd.DataFrame(rows, columns=names)


def growing(time, copies=3, iterations=None, start=1e-14, level=0.3):
    """Losses whose logarithms part as start exp(t / time), each copy by another factor."""
    iterations = np.arange(1000) if iterations is None else iterations
    apart = np.minimum(start * np.exp(np.minimum(iterations / time, 100)), level)
    signs = np.array([0.0, *(0.5 + np.arange(copies)) * (-1.0) ** np.arange(copies)])
    # Their median is the middle copy's, 1.5 times as far.
    return table(np.exp(-3 + signs[:, None] * apart), iterations)


@pytest.mark.parametrize("time", [7.0, 23.0])
def test_the_time_of_an_exponential_is_its_own(time):
    found = separation.growth(separation.separations(growing(time)))
    assert found.time == pytest.approx(time, rel=1e-2)
    # Rounding of a loss of 0.05 is far below the window.
    assert found.level == pytest.approx(1.5e-14, rel=0.2)
    first, last = time * np.log(separation.LOW / 1.5e-14), time * np.log(1e-2 / 1.5e-14)
    assert (found.first, found.last) == (np.ceil(first), np.floor(last))
    assert found.at(found.last) == pytest.approx(1e-2, rel=0.3)


def test_the_time_does_not_depend_on_where_snapshots_lie():
    iterations = np.unique(np.concatenate([np.arange(40), np.arange(0, 1000, 25)]))
    apart = separation.separations(growing(20.0, iterations=iterations))
    assert separation.growth(apart).time == pytest.approx(20.0, rel=1e-2)


def test_a_chaotic_map_has_its_known_exponent():
    # x -> 4 x (1 - x): Lyapunov exponent ln 2, by a plain loop.
    rng = np.random.default_rng(0)
    x = np.append(0.3, 0.3 * (1 + 1e-15 * rng.standard_normal(400)))
    visited = []
    for _ in range(80):
        visited.append(x)
        x = 4 * x * (1 - x)
    found = separation.growth(separation.separations(table(np.transpose(visited))))
    assert found.time == pytest.approx(1 / np.log(2), rel=0.1)


def test_a_logarithm_is_compared_and_not_the_loss():
    values = table([[1.0, 1e-6], [np.e, 1e-6 / np.e]])
    assert separation.separations(values)[1].tolist() == [pytest.approx(1), pytest.approx(1)]


def test_what_diverged_is_left_out_of_the_median():
    gone = growing(20.0, copies=4)
    at = (gone["replicate"] == 4) & (gone["iteration"] >= 100)
    gone.loc[at, "train_loss"] = np.nan
    found = separation.separations(gone)
    assert found[4].isna().sum() == 900
    left = separation.separations(growing(20.0)).median(axis=1)
    assert found.median(axis=1).loc[200:].equals(left.loc[200:])


@pytest.mark.parametrize(
    "values",
    [
        growing(20.0, level=5e-3),  # never comes so far
        growing(0.15),  # too fast for as many snapshots
        growing(-20.0, start=1e-3),  # falls
        table(np.ones((3, 50))),  # the same
    ],
)
def test_no_time_where_nothing_grows_through_the_window(values):
    assert np.isnan(separation.growth(separation.separations(values)).time)


def test_what_falls_out_of_the_window_again_does_not_count():
    apart = np.full(300, 1e-14)
    # An excursion at the floor, before the growth.
    apart[10:20] = 1e-9
    apart[100:] = np.minimum(1e-13 * np.exp(np.arange(200) / 5), 0.5)
    losses = np.exp([np.zeros(300), apart])
    found = separation.growth(separation.separations(table(losses)))
    assert found.first > 100
    assert found.time == pytest.approx(5, rel=2e-2)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # Closed forms: 1 - 0.025^(1/n) with none, 0.025^(1/n) with all.
        (0, 16, 0.0, 1 - 0.025 ** (1 / 16)),
        (16, 16, 0.025 ** (1 / 16), 1.0),
        # Clopper and Pearson's table (1934; as in any textbook).
        (5, 10, 0.1871, 0.8129),
        (5, 128, 0.0128, 0.0888),
    ],
)
def test_intervals_are_clopper_and_pearsons(count, of, low, high):
    assert shares.exact_interval(count, of) == (
        pytest.approx(low, abs=1e-4),
        pytest.approx(high, abs=1e-4),
    )


def test_no_interval_of_nothing():
    assert np.isnan(shares.exact_interval(0, 0)).all()


def test_replicates_that_coincide_count_once():
    same = table(np.ones((4, 3)))
    assert shares.drawn_by_chance(same, False)["replicate"].unique().tolist() == [0]
    other = same.assign(
        train_loss=same["train_loss"].where(same["replicate"] != 2, 2.0),
    )
    assert shares.drawn_by_chance(other, False)["replicate"].unique().tolist() == [0, 2]
    # The same losses, another end.
    fate = same.assign(diverged_at=np.where(same["replicate"] == 3, 9, -1))
    assert shares.drawn_by_chance(fate, False)["replicate"].unique().tolist() == [0, 3]


def test_replicate_0_of_a_perturbed_run_does_not_count():
    values = table(np.arange(12.0).reshape(4, 3))
    assert shares.drawn_by_chance(values, True)["replicate"].unique().tolist() == [1, 2, 3]
    assert shares.drawn_by_chance(values, False)["replicate"].unique().tolist() == [0, 1, 2, 3]


def test_growth_is_that_of_the_median_copy():
    # One of three is a thousand times as far from replicate 0.
    apart = pd.DataFrame(1e-14 * np.exp(np.arange(200) / 5)[:, None] * [1, 2, 1000])
    found = separation.growth(apart)
    assert found.level == pytest.approx(2e-14, rel=1e-6)
    assert found.last == np.floor(5 * np.log(1e-2 / 2e-14))


def test_a_loss_of_zero_is_no_distance():
    found = separation.separations(table([[1.0, 1.0, 0.0], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]))
    np.testing.assert_allclose(found[1], [np.log(2), np.nan, np.nan])
    np.testing.assert_allclose(found[2], [np.log(2), np.log(2), np.nan])


@pytest.mark.parametrize(("inside", "grows"), [(5, True), (4, False)])
def test_five_snapshots_in_the_window_are_enough(inside, grows):
    apart = pd.DataFrame([1e-14, *10.0 ** np.linspace(-11, -3, inside), 0.1])
    found = separation.growth(apart)
    assert np.isfinite(found.time) == grows
    if grows:
        assert (found.first, found.last) == (1, 5)
