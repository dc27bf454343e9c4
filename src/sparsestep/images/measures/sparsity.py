"""Sparsity and redundancy of the features of a network on images, block by block."""

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field, field_validator

from sparsestep.artifacts.arrays import Trajectory
from sparsestep.fields import Closed, Fraction, PositiveInt, Seed, Thresholds
from sparsestep.measures.columns import at_threshold

if TYPE_CHECKING:
    import torch

    from sparsestep.images.networks.layers import ImageNetwork
    from sparsestep.images.replicate import Images


class Spec(Closed):
    """Which blocks, on which images and units, and when two units count as the same."""

    blocks: Annotated[list[str], Field(min_length=1)] = Field(
        default=["last"], description="block1, block2, ... or last, what is averaged at the end"
    )
    correlation_threshold: Fraction = Field(
        default=0.95,
        description="on |Pearson correlation|, above which units are duplicates; column "
        "feature_sparsity_<block>. Paper: 0.95",
    )
    further_thresholds: Thresholds = Field(
        default=[], description="more columns, feature_sparsity_<block>@<threshold>"
    )
    units: PositiveInt = Field(
        default=1000, description="units, drawn at random, of a block that has more. Paper: 1000"
    )
    images: PositiveInt = Field(
        default=10000, description="the first so many training images, or all. Paper: about 10000"
    )
    seed: Seed = Field(default=0, description="seed of the draw of units")

    @field_validator("blocks")
    @classmethod
    def _each_once(cls, blocks: list[str]) -> list[str]:
        for block in blocks:
            if blocks.count(block) > 1:
                raise ValueError(f"{block!r} is there more than once")
        return blocks


def columns(options: Spec) -> list[str]:
    """What `measure` returns, block by block."""
    names = []
    for block in options.blocks:
        sparsity = f"feature_sparsity_{block}"
        further = [at_threshold(sparsity, t) for t in options.further_thresholds]
        names += [sparsity, *further, f"raw_sparsity_{block}"]
    return names


def mistakes(options: Spec, problem: Closed, model: Closed) -> dict[tuple, str]:
    """Blocks that the network does not have; of the Specs of problem and model."""
    valid = ", ".join(model.block_names)
    return {
        ("measure", "channel_sparsity", "blocks", index): f"got {block!r}; must be one of {valid}"
        for index, block in enumerate(options.blocks)
        if block not in model.block_names
    }


def measure(
    images: "Images",
    trajectory: Trajectory,
    network: "ImageNetwork",
    options: Spec,
    threads: int,
) -> dict[str, np.ndarray]:
    """For each block, `raw_sparsity_<block>` and `feature_sparsity_<block>`, each (1, S), float64.

    A unit is a channel at a position. `raw_sparsity`: share of the pairs (image, unit) with a
    non-zero activation, in [0, 1]. `feature_sparsity`: the same numerator over *distinct* units
    only, the same denominator (paper: section 4, feature sparsity coefficient). A unit is distinct
    unless it is zero on every image or its |Pearson correlation| with a later unit exceeds the
    threshold (`channel_sparsity.sparsities`, float64). Activations are float32, behind the ReLU, of
    the first training images, not augmented, with the running statistics of batch norm (eval mode).
    NaN where one of them is not finite.

    Where a block has more than `units`, all snapshots of all runs show the same ones: they depend
    on `seed` and on how many there are. So two names of one block give the same numbers. `threads`
    is not used: one snapshot follows the other.

    Raises ValueError if the network has no such block.
    """
    import torch

    from sparsestep.images.measures.channel_sparsity import sparsities, units_of
    from sparsestep.images.measures.snapshots import batched, measure_each

    x = images.x_train[: options.images]
    chosen = _chosen_units(images, network, options)
    thresholds = [options.correlation_threshold, *options.further_thresholds]

    def of_network(network: "ImageNetwork") -> dict[str, float]:
        def shown(batch: "torch.Tensor") -> "torch.Tensor":
            features = network.features(batch)
            return torch.cat([units_of(features[b])[:, u] for b, u in chosen.items()], dim=1)

        blocks = batched(images, x, shown).split([len(u) for u in chosen.values()], dim=1)
        values = []
        for features in blocks:
            found = sparsities(features, thresholds)
            values += [*(one.feature_sparsity for one in found), found[0].raw_sparsity]
        return dict(zip(columns(options), values, strict=True))

    return measure_each(trajectory, network, columns(options), of_network)


def _chosen_units(
    images: "Images", network: "ImageNetwork", options: Spec
) -> dict[str, "torch.Tensor"]:
    """Indices of the units that are shown of each block, on the images' device."""
    import torch

    from sparsestep.images.measures.channel_sparsity import choose_units, units_of

    with torch.no_grad():
        # One image tells how many units there are.
        features = network.eval().features(images.standardised(images.x_train[:1]))
    chosen = {}
    for block in options.blocks:
        if block not in features:
            raise ValueError(f"blocks must be among {', '.join(features)}, got {block!r}")
        generator = torch.Generator().manual_seed(options.seed)
        units = choose_units(units_of(features[block]).shape[1], options.units, generator)
        chosen[block] = units.to(images.x_train.device)
    return chosen
