"""A curve with noise: documented draws, a test grid without noise, and what is refused."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from sparsestep.problems import noisy_curve

BLOCK = {"kind": "noisy_curve", "n_train": 12, "n_test": 41, "n_fresh": 7, "half_width": 1.5}
BLOCK |= {"amplitude": -2.0, "frequency": 3.0, "noise": 0.5, "data_seed": 4, "order_seed": 6}


def made(replicates=3, **changes):
    spec = noisy_curve.Spec(**{**BLOCK, **changes})
    return noisy_curve.generate(spec, 5, range(replicates))


def curve(x):
    return [-2.0 * math.sin(3.0 * value) for value in x]


def test_the_documented_draws():
    arrays = made()
    seeds = [4, *(np.random.SeedSequence([4, r, 0]).generate_state(1)[0] for r in (1, 2))]
    for row, seed in enumerate(seeds):
        stream = np.random.RandomState(seed)
        x = [1.5 * (2 * stream.random_sample() - 1) for _ in range(12)]
        fresh = [1.5 * (2 * stream.random_sample() - 1) for _ in range(7)]
        assert arrays["x_train"][row, :, 0].tolist() == x
        assert arrays["truth"]["x_fresh"][row, :, 0].tolist() == fresh
        bits = np.random.MT19937(np.random.SeedSequence([seed, 10]))
        noise = 0.5 * np.random.RandomState(bits).standard_normal(12)
        np.testing.assert_allclose(arrays["truth"]["curve"][row], curve(x), atol=1e-15)
        np.testing.assert_allclose(arrays["y_train"][row], curve(x) + noise, atol=1e-15)


def test_test_points_are_the_curve_itself_between_the_inputs():
    arrays = made()
    for x, points, labels in zip(
        *(arrays[n] for n in ("x_train", "x_test", "y_test")), strict=True
    ):
        assert (points[0, 0], points[-1, 0], len(points)) == (x.min(), x.max(), 41)
        np.testing.assert_allclose(np.diff(points[:, 0]), np.ptp(x) / 40, rtol=1e-12)
        np.testing.assert_allclose(labels, curve(points[:, 0]), atol=1e-15)


def test_noise_changes_the_training_labels_alone():
    loud, silent = made(), made(noise=0.0)
    np.testing.assert_array_equal(silent["y_train"], silent["truth"]["curve"])
    assert (loud.pop("y_train") != silent.pop("y_train")).all()
    for name in ("x_train", "x_test", "y_test", "order"):
        np.testing.assert_array_equal(loud[name], silent[name])


def test_by_default_all_streams_vary():
    arrays = made()
    assert len({x.tobytes() for x in arrays["x_train"]}) == 3
    assert len({order.tobytes() for order in arrays["order"]}) == 3
    shared = made(vary=["order"])
    assert [len(shared[name]) for name in ("x_train", "y_train", "x_test", "y_test")] == [1] * 4


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"n_test": 12}, "must be more than n_train, 12"),
        ({"half_width": 0}, "greater than 0"),
        ({"frequency": 1001}, "less than or equal to 1000"),
        ({"noise": -1}, "greater than or equal to 0"),
    ],
)
def test_what_is_refused(changes, text):
    with pytest.raises(ValidationError, match=text):
        noisy_curve.Spec(**{**BLOCK, **changes})
