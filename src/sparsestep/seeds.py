"""Seeds of the replicates: replicate 0 uses the published seeds, the others documented ones.

All random streams, by the last word that NumPy's `SeedSequence` is given:

    0  data                  `replicate_seed`, replicates r > 0
    1  init                  the same
    2  order                 the same
    3  noise on the labels   `algorithms/label_noise.py`, [seed of the order, 3]
    4  epochs of images      `images/training/epochs.py`, [seed of the order, epoch, 4]
    5  perturbed starts      `training/starts.py`, [init_seed, r, 5], replicates r > 0
    6  points for Jacobians  `measures/mlp_jacobian.py`, [seed of the initial parameters, 6]
    7  samples of batches    `training/batches.py`, [seed of the order, b, 7], samples b >= 1
    8  epochs                the same, [seed of the order, 0, 8]
    9  noise on the labels   the same, [seed of the order, b, 9]
    10 noise of a problem    `problems/noisy_labels.py`, [seed of the data, 10]
    11 wrong labels          `problems/tabular/split.py`, [seed of the data, 11]

So streams of one seed are told apart, but for two cases. Replicate 0 of two streams starts alike
where config.yaml gives them the same seed. `SeedSequence` fills up with zeros, so that the noise
has the words of replicate 3's data, [seed, 3, 0], if order and data have the same seed; its
generator is another one (SFC64, not a Mersenne twister) and draws other numbers. In the same way
10 and 11 have the words of the data of replicates 10 and 11, which take one word of them as a seed;
these take all of a twister's state.
"""

from typing import Literal, get_args

import numpy as np
from pydantic import Field, field_validator

from sparsestep.fields import Closed, Seed

Stream = Literal["data", "init", "order"]
_STREAMS = get_args(Stream)


class Seeds(Closed):
    """What every problem says about its randomness, all of which it holds."""

    data_seed: Seed = Field(description="seed of the data of replicate 0")
    init_seed: Seed = Field(
        default=0, description="seed of the initial parameters of replicate 0, if they are random"
    )
    order_seed: Seed = Field(description="seed of the sampling order of replicate 0")
    vary: list[Stream] = Field(default=["order"], description="what differs between the replicates")

    def of(self, stream: Stream, replicates: range) -> list[int]:
        """Seeds of a random stream: one a replicate, or a single one if the stream is shared."""
        seed = getattr(self, f"{stream}_seed")
        if stream not in self.vary:
            return [seed]
        return [replicate_seed(seed, stream, replicate) for replicate in replicates]

    @field_validator("vary")
    @classmethod
    def _sorted(cls, vary: list[Stream]) -> list[Stream]:
        # So that the order in which they are written does not matter.
        return sorted(set(vary))


def replicate_seed(seed: int, stream: Stream, replicate: int) -> int:
    """Seed of a replicate, an integer in [0, 2^32).

    Replicate 0 uses `seed` itself, as published. Replicate r > 0 uses the first 32-bit word
    that `numpy.random.SeedSequence([seed, r, s])` generates, s = 0 for data, 1 for init, 2 for
    order, which NumPy keeps stable across versions.
    """
    if replicate == 0:
        return seed
    return int(
        np.random.SeedSequence([seed, replicate, _STREAMS.index(stream)]).generate_state(1)[0]
    )
