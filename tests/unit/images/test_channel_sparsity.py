"""Sparsity in blocks of units, against all at once, one by one, and the small networks' form."""

import numpy as np
import oracles
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsestep.images.measures import channel_sparsity
from sparsestep.images.measures.channel_sparsity import (
    Sparsity,
    choose_units,
    sparsities,
    sparsity,
    units_of,
)
from sparsestep.measures import feature_sparsity


def features_of(seed, samples, units, dtype=torch.float64):
    """Rectified, with duplicates up to a factor and a little noise, dead and constant units."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    sources = normal(samples, max(1, units // 2))
    chosen = torch.randint(sources.shape[1], (units,), generator=generator)
    factors = normal(units).exp()
    values = (factors * (sources[:, chosen] + 0.1 * normal(samples, units))).relu()
    kind = torch.randint(8, (units,), generator=generator)
    values[:, kind == 0] = 0.0
    values[:, kind == 1] = 0.7
    return values.to(dtype)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**31),
    samples=st.integers(3, 40),
    units=st.integers(1, 30),
    block=st.integers(1, 40),
    threshold=st.sampled_from([0.53, 0.91, 0.95, 0.999]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_blocks_and_all_at_once(seed, samples, units, block, threshold, dtype):
    features = features_of(seed, samples, units, dtype)
    got = sparsity(features, threshold, block)
    assert got == sparsity(features, threshold, block=units)
    active = features.numpy() != 0
    kept = active.any(axis=0)
    changing = np.flatnonzero(np.ptp(features.numpy(), axis=0) > 0)
    if len(changing) > 1:
        correlation = np.abs(np.corrcoef(features[:, changing].double().numpy().T))
        kept[changing] &= ~(np.triu(correlation, k=1) > threshold).any(axis=1)
    assert got == Sparsity((active & kept).mean(), active.mean(), kept.sum())


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**31), samples=st.integers(3, 20), units=st.integers(1, 15))
def test_the_form_of_small_networks_on_normalised_samples(seed, samples, units):
    features = features_of(seed, samples, units)
    norms = features.norm(dim=1, keepdim=True)
    features = torch.where(norms > 0, features / norms, 0.0)
    got = sparsity(features, 0.91, block=4)
    expected, raw, distinct = feature_sparsity._of_layer(features[None].numpy(), np.array([0.91]))[
        0
    ]
    assert got == pytest.approx((expected, raw, distinct), rel=1e-14)
    expected, distinct = oracles.feature_sparsity(features.numpy(), 0.91)
    assert (got.feature_sparsity, got.distinct_units) == (pytest.approx(expected), distinct)


def test_by_hand():
    x = torch.tensor([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
    units = [x.relu(), (-x).relu(), 2 * x.relu(), 0 * x, torch.ones(6), x.clamp(min=2.0) - 2.0]
    got = sparsity(torch.stack(units, dim=1), 0.95)
    # relu(x) goes, 2 relu(x) stays; (x - 2)+ is active once and correlates with neither above 0.95.
    assert got == Sparsity((3 + 3 + 6 + 1) / 36, (3 + 3 + 3 + 6 + 1) / 36, 4)


def test_several_thresholds():
    features = features_of(1, 12, 20)
    thresholds = (0.95, 0.5, 0.999)
    got = sparsities(features, thresholds, block=7)
    assert got == [sparsity(features, threshold) for threshold in thresholds]
    assert len(set(got)) == 3
    assert np.isnan(sparsities(features / 0, thresholds)).all(axis=0).tolist() == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_scale_does_not_matter(scale):
    features = features_of(0, 20, 15, torch.float32)
    assert sparsity(scale * features) == sparsity(features)


def test_images_and_chosen_units():
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(6, 3, 2, 4, generator=generator).relu()
    units = units_of(images)
    assert units.shape == (6, 24)
    assert torch.equal(units[:, 1 * 8 + 1 * 4 + 2], images[:, 1, 1, 2])
    assert torch.equal(choose_units(24, 1000, generator), torch.arange(24))
    chosen = choose_units(50_000, 1000, generator)
    assert (chosen.shape, chosen.dtype) == ((1000,), torch.int64)
    assert (chosen.diff() > 0).all()
    assert 0 <= chosen.min() < 500
    assert 49_500 < chosen.max() < 50_000
    same = choose_units(50_000, 1000, torch.Generator().manual_seed(1))
    assert torch.equal(same, choose_units(50_000, 1000, torch.Generator().manual_seed(1)))


def test_what_is_not_finite_or_not_a_matrix():
    features = torch.ones(3, 2)
    features[1, 1] = float("inf")
    assert np.isnan(sparsity(features)[:2]).all()
    for shape in [(3, 2, 2), (0, 4), (3, 0)]:
        with pytest.raises(ValueError, match=r"must be \(samples, units\), got"):
            channel_sparsity.sparsity(torch.zeros(shape))
