"""Crops and flips of a batch against one image after the other."""

import pytest
import torch
from image_oracles import cropped

from sparsestep.images.training.augmentation import Draws, augment, crop_and_flip, draw


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.uint8])
@pytest.mark.parametrize(
    ("shape", "padding"), [((30, 3, 8, 8), 4), ((17, 1, 5, 9), 2), ((4, 2, 3, 3), 0)]
)
def test_one_by_one(shape, padding, dtype):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(1, 256, shape, generator=generator).to(dtype)
    before = generator.get_state()
    got = augment(images, generator, padding)
    generator.set_state(before)
    draws = draw(len(images), padding, generator)
    assert got.dtype == dtype
    one_by_one = [cropped(*of_one, padding) for of_one in zip(images, *draws, strict=True)]
    assert torch.equal(got, torch.stack(one_by_one))


def test_crops_of_known_offsets():
    image = torch.arange(1.0, 5.0).view(1, 1, 2, 2).expand(4, -1, -1, -1)
    draws = Draws(
        top=torch.tensor([1, 0, 2, 1]),
        left=torch.tensor([1, 0, 1, 1]),
        flipped=torch.tensor([False, False, False, True]),
    )
    expected = [[[1, 2], [3, 4]], [[0, 0], [0, 1]], [[3, 4], [0, 0]], [[2, 1], [4, 3]]]
    got = crop_and_flip(image, draws, padding=1)
    assert torch.equal(got[:, 0], torch.tensor(expected, dtype=torch.float32))


def test_draws_are_uniform_and_repeat():
    draws = draw(90_000, 4, torch.Generator().manual_seed(0))
    for offsets in draws[:2]:
        counts = torch.bincount(offsets, minlength=9)
        assert len(counts) == 9
        # Five standard deviations of a binomial count.
        assert (counts - 10_000).abs().max() < 5 * (90_000 * 8 / 81) ** 0.5
    assert abs(draws.flipped.double().mean() - 0.5) < 5 * 0.5 / 300
    # Independent of each other: correlations of the order of 1 / 300.
    correlation = torch.corrcoef(torch.stack(draws).double())
    assert correlation.triu(diagonal=1).abs().max() < 5 / 300
    again = draw(90_000, 4, torch.Generator().manual_seed(0))
    assert all(torch.equal(a, b) for a, b in zip(draws, again, strict=True))


def test_the_global_generator_is_left_alone():
    state = torch.get_rng_state()
    augment(torch.zeros(3, 1, 4, 4), torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), state)
