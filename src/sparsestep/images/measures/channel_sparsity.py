"""Sparsity of the features of large networks, whose units are too many to compare at once.

The closed form of `feature_sparsity`, in torch on any device and in blocks of units. Samples are
not normalised before correlating (paper: section 4; the small ReLU networks' are).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch

# A unit whose activations spread less than this, beside their length, is constant.
_CONSTANT = 1e-12


class Sparsity(NamedTuple):
    """Both coefficients lie in [0, 1]; NaN where an activation is not finite."""

    feature_sparsity: float
    raw_sparsity: float
    distinct_units: int


def choose_units(units: int, at_most: int, generator: torch.Generator) -> torch.Tensor:
    """Sorted indices, int64, of `at_most` different units at random, or of all if there are fewer.

    Paper: 1000. To be drawn once for each layer, so that all snapshots and runs show the same
    units. Sorted, because which one of a pair of duplicates is kept follows from the order.
    """
    if units <= at_most:
        return torch.arange(units)
    drawn = torch.randperm(units, generator=generator, device=generator.device)
    return drawn[:at_most].sort().values.cpu()


def units_of(features: torch.Tensor) -> torch.Tensor:
    """Features (n, ...) as (n, u): of images (n, C, H, W) each channel at each position."""
    return features.flatten(start_dim=1)


def sparsity(features: torch.Tensor, threshold: float = 0.95, block: int = 512) -> Sparsity:
    """`sparsities` at one threshold."""
    return sparsities(features, (threshold,), block)[0]


@torch.no_grad()
def sparsities(
    features: torch.Tensor, thresholds: Sequence[float], block: int = 512
) -> list[Sparsity]:
    """Feature sparsity, raw sparsity and the number of distinct units of features (n, u).

    One entry a threshold; the correlations, which cost the time, are computed once.

    raw = #{(i, j): f_ij != 0} / (n u); the feature sparsity counts distinct units j only, over the
    same n u. A unit is distinct unless it is zero on all n samples or its |Pearson correlation|
    with a later unit exceeds the threshold; a constant unit correlates with none. Computed in
    float64, with memory for 2 n block + block^2 of them beside the features (paper: section 4,
    feature sparsity coefficient; 0.95).

    Raises ValueError if the features are not a matrix with entries.
    """
    if features.ndim != 2 or 0 in features.shape:
        raise ValueError(f"features must be (samples, units), got {tuple(features.shape)}")
    parts = features.split(block, dim=1)
    if not all(bool(part.isfinite().all()) for part in parts):
        return [Sparsity(float("nan"), float("nan"), 0)] * len(thresholds)
    active = torch.cat([torch.count_nonzero(part, dim=0) for part in parts])
    closest = _closest_later(parts)
    pairs = features.numel()
    found = []
    for threshold in thresholds:
        distinct = (closest <= threshold) & (active > 0)
        found.append(
            Sparsity(
                feature_sparsity=(active * distinct).sum().item() / pairs,
                raw_sparsity=active.sum().item() / pairs,
                distinct_units=int(distinct.sum().item()),
            )
        )
    return found


def _closest_later(parts: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """Largest |correlation| of each unit with a later one, (u,), float64; 0 for the last."""
    closest = []
    for first, part in enumerate(parts):
        here = _standardised(part)
        largest = (here.T @ here).abs_().triu_(diagonal=1).amax(dim=1)
        for later in parts[first + 1 :]:
            correlation = (here.T @ _standardised(later)).abs_()
            largest = torch.maximum(largest, correlation.amax(dim=1))
        closest.append(largest)
    return torch.cat(closest)


def _standardised(part: torch.Tensor) -> torch.Tensor:
    """Columns with mean 0 and length 1, float64; 0 where a column is constant."""
    values = part.double()
    # By the largest first, so that no square overflows or underflows.
    values = _divided(values, values.abs().amax(dim=0))
    centred = values - values.mean(dim=0)
    spread = centred.norm(dim=0)
    constant = spread <= _CONSTANT * values.norm(dim=0)
    return _divided(centred, spread.masked_fill(constant, 0.0))


def _divided(values: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    """values / by, and 0 where `by` is 0."""
    return torch.where(by > 0, values / by, 0.0)
